#include "cli/parse.hpp"

#include "mlopsctl/base/text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace mlopsctl {

namespace {

const OptionSpec* find_global(std::string_view argument) {
  for (const auto& option : global_options()) {
    const bool letter = option.letter != 0 && argument == fmt::format("-{}", option.letter);
    if (argument == "--" + option.name || letter) return &option;
  }
  return nullptr;
}

std::vector<std::string> option_names(const CommandSpec& spec) {
  std::vector<std::string> names;
  for (const auto& option : spec.options) names.push_back("--" + option.name);
  for (const auto& option : global_options()) names.push_back("--" + option.name);
  return names;
}

Error unknown_word(const std::string& word, const std::string& before,
                   const std::vector<std::string>& known) {
  const auto near = closest(word, known);
  const std::string hint = near ? fmt::format("did you mean '{}{}'?", before, *near)
                                : fmt::format("'mlopsctl {}--help' lists what there is", before);
  return Error(ErrorKind::usage, fmt::format("there is no command {}", quote(before + word)), hint);
}

// The error of a line that CLI11 did not accept, in our words.
Error unexpected(const CommandSpec& spec, const std::string& argument) {
  const std::string help = fmt::format("'mlopsctl {} --help' shows what it takes", spec.path);
  if (!argument.starts_with("-") || argument == "-") {
    return Error(ErrorKind::usage, fmt::format("unexpected argument {}", quote(argument)), help);
  }
  const std::string name = argument.substr(0, argument.find('='));
  const auto near = closest(name, option_names(spec));
  return Error(ErrorKind::usage, fmt::format("{} has no option {}", spec.path, quote(name)),
               near ? fmt::format("did you mean '{}'?", *near) : help);
}

void add_option(CLI::App& app, const OptionSpec& option, std::vector<std::string>& values) {
  std::string names = "--" + option.name;
  if (option.letter != 0) names += fmt::format(",-{}", option.letter);
  if (option.value.empty()) {
    app.add_flag_callback(names, [&values] { values.emplace_back("true"); });
    return;
  }
  auto* made = app.add_option(names, values);
  made->type_size(1)->expected(option.repeatable ? -1 : 1)->allow_extra_args(false);
  if (!option.repeatable) made->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void check_choices(const CommandSpec& spec, const Arguments& arguments) {
  const auto check = [](std::string_view what, const std::string& value,
                        const std::vector<std::string>& choices) {
    if (choices.empty() || std::ranges::find(choices, value) != choices.end()) return;
    const auto near = closest(value, choices);
    throw Error(ErrorKind::usage, fmt::format("{} cannot be {}", what, quote(value)),
                near ? fmt::format("did you mean '{}'?", *near)
                     : fmt::format("it is one of: {}", join(choices, ", ")));
  };
  for (const auto& option : spec.options) {
    for (const auto& value : arguments.list(option.name)) {
      check("--" + option.name, value, option.choices);
    }
  }
  for (std::size_t i = 0; i < arguments.positionals().size(); ++i) {
    if (spec.positionals.empty()) break;
    const auto& positional = spec.positionals[std::min(i, spec.positionals.size() - 1)];
    check(positional.name, arguments.positionals()[i], positional.choices);
  }
}

void check_positionals(const CommandSpec& spec, const Arguments& arguments) {
  std::size_t least = 0, most = 0;
  for (const auto& positional : spec.positionals) {
    least += positional.least;
    most = positional.many ? std::string::npos : most + (most == std::string::npos ? 0 : 1);
  }
  const auto& given = arguments.positionals();
  if (given.size() > most) throw unexpected(spec, given[most]);
  if (given.size() >= least) return;
  std::size_t covered = 0;
  for (const auto& positional : spec.positionals) {
    covered += positional.least;
    if (given.size() >= covered) continue;
    throw Error(ErrorKind::usage,
                fmt::format("{} needs {}: {}", spec.path, positional.name, positional.help),
                fmt::format("'mlopsctl {} --help' has examples", spec.path));
  }
}

Arguments parse_arguments(const CommandSpec& spec, const std::vector<std::string>& rest) {
  Arguments arguments;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.prefix_command(spec.takes_command);
  for (const auto& option : spec.options) add_option(app, option, arguments.options_[option.name]);
  for (const auto& option : global_options_beside(spec)) {
    add_option(app, option, arguments.options_[option.name]);
  }
  // What follows "--" is nobody's option.
  const auto dashes = std::ranges::find(rest, "--");
  std::vector<std::string> before(rest.begin(), dashes);
  std::ranges::reverse(before);  // CLI11 takes its arguments from the back
  try {
    app.parse(before);
  } catch (const CLI::ArgumentMismatch& mismatch) {
    const std::string name = mismatch.what();
    throw Error(ErrorKind::usage, name.substr(0, name.find(':')) + " needs a value",
                fmt::format("'mlopsctl {} --help' shows what it takes", spec.path));
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage, error.what(),
                fmt::format("'mlopsctl {} --help' shows what it takes", spec.path));
  }
  bool in_command = false;
  for (const auto& extra : app.remaining()) {
    if (!in_command && extra.starts_with("-") && extra != "-") throw unexpected(spec, extra);
    in_command = spec.takes_command;
    arguments.positionals_.push_back(extra);
  }
  if (dashes != rest.end()) {
    // Inside a program's own arguments a later "--" is the program's.
    const auto first = in_command ? dashes : dashes + 1;
    arguments.positionals_.insert(arguments.positionals_.end(), first, rest.end());
  }
  check_positionals(spec, arguments);
  check_choices(spec, arguments);
  return arguments;
}

bool asks_for(const std::vector<std::string>& rest, std::string_view name, char letter) {
  for (const auto& argument : rest) {
    if (argument == "--") return false;
    if (argument == fmt::format("--{}", name)) return true;
    if (letter != 0 && argument == fmt::format("-{}", letter)) return true;
  }
  return false;
}

// For run exec only what stands before the program is ours: `run exec python --help` is not a
// question to us.
std::vector<std::string> own_part(const CommandSpec* command,
                                  const std::vector<std::string>& rest) {
  if (command == nullptr || !command->takes_command) return rest;
  std::vector<std::string> own;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (!rest[i].starts_with("-") || rest[i] == "--") break;
    own.push_back(rest[i]);
    for (const auto* options : {&command->options, &global_options()}) {
      for (const auto& option : *options) {
        if (rest[i] == "--" + option.name && !option.value.empty() && i + 1 < rest.size()) {
          own.push_back(rest[++i]);
        }
      }
    }
  }
  return own;
}

Globals globals_of(const Arguments& arguments) {
  return {.json = arguments.flag("json"),
          .quiet = arguments.flag("quiet"),
          .verbose = arguments.flag("verbose"),
          .no_color = arguments.flag("no-color"),
          .yes = arguments.flag("yes"),
          .dry_run = arguments.flag("dry-run"),
          .project = arguments.text_or("project", "")};
}

}  // namespace

Located locate_command(const std::vector<std::string>& argv, const Registry& registry) {
  Located located;
  std::size_t i = 0;
  for (; i < argv.size(); ++i) {
    const std::string& argument = argv[i];
    if (argument.starts_with("-")) {
      if (argument == "--") break;
      const OptionSpec* global = find_global(argument);
      located.rest.push_back(argument);
      if (global != nullptr && !global->value.empty() && i + 1 < argv.size()) {
        located.rest.push_back(argv[++i]);
      }
      continue;
    }
    const std::string path = located.words.empty() ? argument : located.words + " " + argument;
    const CommandSpec* command = registry.find(path);
    const bool longer = !registry.under(path).empty();
    if (command == nullptr && !longer) break;
    located.words = path;
    located.command = command;
    if (!longer) {
      ++i;
      break;
    }
  }
  located.rest.insert(located.rest.end(), argv.begin() + static_cast<std::ptrdiff_t>(i),
                      argv.end());
  return located;
}

ParsedLine parse_line(const std::vector<std::string>& argv, const Registry& registry) {
  const Located located = locate_command(argv, registry);
  ParsedLine line;
  line.words = located.words;
  line.command = located.command;
  const auto own = own_part(located.command, located.rest);
  line.help = asks_for(own, "help", 'h');
  line.version = located.words.empty() && asks_for(own, "version", 0);
  if (located.command == nullptr) {
    // A word that names nothing: mistyped noun or verb. Options before it were collected in `rest`.
    const auto word = std::ranges::find_if(
        located.rest, [](const std::string& argument) { return !argument.starts_with("-"); });
    const bool value_of_project =
        word != located.rest.end() && word != located.rest.begin() && *(word - 1) == "--project";
    if (word != located.rest.end() && !value_of_project) {
      std::vector<std::string> known;
      const std::size_t skip = located.words.empty() ? 0 : located.words.size() + 1;
      for (const auto* command :
           located.words.empty() ? registry.all() : registry.under(located.words)) {
        known.push_back(split(command->path.substr(skip), ' ').front());
      }
      throw unknown_word(*word, located.words.empty() ? "" : located.words + " ", known);
    }
    for (const auto& argument : located.rest) {
      if (!value_of_project && argument.starts_with("-") && find_global(argument) == nullptr) {
        throw Error(ErrorKind::usage, fmt::format("there is no option {}", quote(argument)),
                    "'mlopsctl --help' lists what there is");
      }
    }
    line.globals.json = asks_for(located.rest, "json", 0);
    line.globals.no_color = asks_for(located.rest, "no-color", 0);
    return line;
  }
  if (line.help) {
    line.globals.no_color = asks_for(own, "no-color", 0);
    return line;
  }
  line.arguments = parse_arguments(*located.command, located.rest);
  line.globals = globals_of(line.arguments);
  return line;
}

}  // namespace mlopsctl
