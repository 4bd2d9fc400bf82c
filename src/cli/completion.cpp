#include "cli/completion.hpp"

#include "mlopsctl/base/text.hpp"

#include "cli/parse.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

void add_matching(Completion& completion, const std::string& prefix, std::string value,
                  std::string description) {
  if (!value.starts_with(prefix)) return;
  const auto same = [&](const CompletionItem& item) { return item.value == value; };
  if (std::ranges::any_of(completion.items, same)) return;
  completion.items.push_back({std::move(value), std::move(description)});
}

Completion complete_value(Complete kind, const std::vector<std::string>& choices,
                          const std::string& prefix, const ValueSource& values) {
  Completion completion;
  for (const auto& choice : choices) add_matching(completion, prefix, choice, "");
  switch (kind) {
    case Complete::none:
      break;
    case Complete::file:
      completion.kind = "files";
      break;
    case Complete::directory:
      completion.kind = "directories";
      break;
    case Complete::program:
      completion.kind = "programs";
      break;
    default:
      for (auto& item : values(kind, prefix)) completion.items.push_back(std::move(item));
      // Inside a tracked folder the working tree knows more names; a baseline may be any file.
      const bool or_file = kind == Complete::data_target || kind == Complete::baseline;
      if (or_file && completion.items.empty()) completion.kind = "files";
  }
  return completion;
}

// The option that waits for its value just before the word being typed, or null.
const OptionSpec* pending_option(const CommandSpec* command, const std::string& previous) {
  const auto search = [&](const std::vector<OptionSpec>& options) -> const OptionSpec* {
    for (const auto& option : options) {
      const bool letter = option.letter != 0 && previous == fmt::format("-{}", option.letter);
      if (!option.value.empty() && (previous == "--" + option.name || letter)) return &option;
    }
    return nullptr;
  };
  if (command != nullptr) {
    if (const auto* option = search(command->options)) return option;
  }
  return search(global_options());
}

void add_words(Completion& completion, const Located& located, const Registry& registry,
               const std::string& prefix) {
  if (located.words.empty()) {
    for (const auto& group : registry.groups) {
      if (!group.noun.empty()) {
        add_matching(completion, prefix, group.noun, group.summary);
        continue;
      }
      for (const auto& command : group.commands) {
        add_matching(completion, prefix, split(command.path, ' ').front(), command.summary);
      }
    }
    return;
  }
  for (const auto* command : registry.under(located.words)) {
    const auto words = split(command->path.substr(located.words.size() + 1), ' ');
    add_matching(completion, prefix, words.front(), words.size() == 1 ? command->summary : "");
  }
}

// How many positionals were given before the word being typed.
std::size_t positionals_before(const Located& located) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < located.rest.size(); ++i) {
    const std::string& word = located.rest[i];
    if (word.starts_with("-") && word != "-") {
      if (pending_option(located.command, word) != nullptr) ++i;
    } else {
      ++count;
    }
  }
  return count;
}

}  // namespace

Completion complete(const std::vector<std::string>& words, std::size_t index,
                    const Registry& registry, const ValueSource& values) {
  const std::size_t typed = std::min(index, words.size());
  const std::vector<std::string> before(words.begin(),
                                        words.begin() + static_cast<std::ptrdiff_t>(typed));
  const std::string prefix = index < words.size() ? words[index] : "";
  const Located located = locate_command(before, registry);
  const bool after_dashes = std::ranges::find(before, "--") != before.end();
  const std::size_t given = positionals_before(located);

  if (located.command != nullptr && located.command->takes_command && (after_dashes || given > 0)) {
    Completion completion;
    completion.kind = after_dashes && before.back() == "--" ? "programs" : "files";
    return completion;
  }
  if (!after_dashes && !before.empty()) {
    if (const auto* option = pending_option(located.command, before.back())) {
      return complete_value(option->complete, option->choices, prefix, values);
    }
  }
  if (!after_dashes && prefix.starts_with("-")) {
    Completion completion;
    if (located.command != nullptr) {
      for (const auto& option : located.command->options) {
        add_matching(completion, prefix, "--" + option.name, option.help);
      }
    }
    for (const auto& option : global_options()) {
      add_matching(completion, prefix, "--" + option.name, option.help);
    }
    return completion;
  }
  if (located.command == nullptr) {
    Completion completion;
    add_words(completion, located, registry, prefix);
    return completion;
  }
  const auto& positionals = located.command->positionals;
  if (positionals.empty() || (given >= positionals.size() && !positionals.back().many)) return {};
  const auto& positional = positionals[std::min(given, positionals.size() - 1)];
  return complete_value(positional.complete, positional.choices, prefix, values);
}

std::string to_reply(const Completion& completion) {
  std::string reply = completion.kind + '\n';
  for (const auto& item : completion.items) {
    reply += fmt::format("{}\t{}\n", printable(item.value), printable(item.description));
  }
  return reply;
}

}  // namespace mlopsctl
