#include "cli/help.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

constexpr std::size_t left_margin = 2;
constexpr std::size_t column_gap = 2;
constexpr std::size_t widest_left_column = 26;

struct Row {
  std::string left;
  std::string right;
};

class HelpWriter {
 public:
  explicit HelpWriter(const Terminal& terminal)
      : color_(terminal.color_out),
        width_(static_cast<std::size_t>(std::clamp(terminal.width, 40, 100))) {}

  void line(std::string_view text) { out_ += std::string(text) + '\n'; }
  void heading(std::string_view text) { out_ += '\n' + styled(text, Style::bold, color_) + '\n'; }
  void paragraphs(std::string_view text) { out_ += wrapped(text, 0, width_); }

  // Two columns; a long left side gets a line of its own.
  void rows(const std::vector<Row>& rows) {
    std::size_t widest = 0;
    for (const auto& row : rows) {
      if (row.left.size() <= widest_left_column) widest = std::max(widest, row.left.size());
    }
    const std::size_t indent = left_margin + widest + column_gap;
    for (const auto& row : rows) {
      out_.append(left_margin, ' ');
      out_ += styled(row.left, Style::cyan, color_);
      const std::string right = wrapped(row.right, indent, width_);
      if (row.left.size() > widest) {
        out_ += '\n' + right;
      } else {
        out_.append(indent - left_margin - row.left.size(), ' ');
        out_ += right.empty() ? "\n" : right.substr(indent);
      }
    }
  }

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  bool color_;
  std::size_t width_;
};

std::string option_help(const OptionSpec& option) {
  std::string help = option.help;
  if (!option.choices.empty()) help += ": " + join(option.choices, ", ");
  if (!option.default_text.empty()) help += fmt::format(" (default {})", option.default_text);
  if (option.repeatable) help += "; may be repeated";
  return help;
}

std::vector<Row> option_rows(const std::vector<OptionSpec>& options) {
  std::vector<Row> rows;
  for (const auto& option : options) rows.push_back({option_heading(option), option_help(option)});
  return rows;
}

constexpr std::array environment{
    EnvironmentDoc{"MLOPSCTL_HOME", "The .mlopsctl folder to use, instead of looking upwards"},
    EnvironmentDoc{"MLOPSCTL_RUN_ID", "The run that 'run log', 'run finish' and others mean"},
    EnvironmentDoc{"NO_COLOR", "Never use colours; FORCE_COLOR=1 uses them also in a pipe"},
};

}  // namespace

std::span<const EnvironmentDoc> environment_docs() { return environment; }

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  const std::size_t room = width > indent + 20 ? width - indent : 20;
  for (const auto& line : split(text, '\n')) {
    // Lines that start with a space are examples or tables: they keep their shape.
    if (line.starts_with(' ')) {
      out += std::string(indent, ' ') + line + '\n';
      continue;
    }
    std::string current;
    std::size_t columns = 0;
    for (const auto& word : split(line, ' ')) {
      const auto size = static_cast<std::size_t>(display_width(word));
      if (!current.empty() && columns + 1 + size > room) {
        out += std::string(indent, ' ') + current + '\n';
        current.clear();
        columns = 0;
      }
      if (!current.empty()) {
        current += ' ';
        ++columns;
      }
      current += word;
      columns += size;
    }
    out += current.empty() ? "\n" : std::string(indent, ' ') + current + '\n';
  }
  return out;
}

std::string option_heading(const OptionSpec& option) {
  std::string text = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "";
  text += "--" + option.name;
  if (!option.value.empty()) text += ' ' + option.value;
  return text;
}

std::string usage_line(const CommandSpec& spec) {
  std::string usage = "mlopsctl " + spec.path;
  if (!spec.options.empty()) usage += " [options]";
  for (const auto& positional : spec.positionals) {
    const std::string name = positional.name + (positional.many ? "..." : "");
    if (spec.takes_command && &positional == &spec.positionals.back()) usage += " --";
    usage += positional.least == 0 ? fmt::format(" [{}]", name) : ' ' + name;
  }
  return usage;
}

std::string command_help(const CommandSpec& spec, const Terminal& terminal) {
  HelpWriter help(terminal);
  help.line(spec.summary);
  help.heading("Usage");
  help.line("  " + usage_line(spec));
  if (!spec.aliases.empty()) help.line("  also: mlopsctl " + join(spec.aliases, ", mlopsctl "));
  if (!spec.description.empty()) {
    help.line("");
    help.paragraphs(spec.description);
  }
  if (!spec.examples.empty()) {
    help.heading("Examples");
    for (const auto& example : spec.examples) {
      help.line("  # " + example.what);
      help.line("  " + example.command);
    }
  }
  if (!spec.positionals.empty()) {
    help.heading("Arguments");
    std::vector<Row> rows;
    for (const auto& positional : spec.positionals) {
      std::string text = positional.help;
      if (!positional.choices.empty()) text += ": " + join(positional.choices, ", ");
      rows.push_back({positional.name + (positional.many ? "..." : ""), text});
    }
    help.rows(rows);
  }
  if (!spec.options.empty()) {
    help.heading("Options");
    help.rows(option_rows(spec.options));
  }
  help.heading("Options of every command");
  help.rows(option_rows(global_options_beside(spec)));
  help.heading("Environment");
  std::vector<Row> variables;
  for (const auto& doc : environment_docs()) {
    variables.push_back({std::string(doc.name), std::string(doc.meaning)});
  }
  help.rows(variables);
  help.heading("Exit status");
  std::vector<Row> codes;
  for (const auto& doc : exit_code_docs()) {
    if (std::ranges::find(spec.exit_codes, doc.code) == spec.exit_codes.end()) continue;
    codes.push_back({std::to_string(static_cast<int>(doc.code)), std::string(doc.meaning)});
  }
  help.rows(codes);
  return help.take();
}

std::string noun_help(const Registry& registry, const std::string& words,
                      const Terminal& terminal) {
  HelpWriter help(terminal);
  for (const auto& group : registry.groups) {
    if (group.noun == words) help.line(group.summary);
  }
  help.heading("Usage");
  help.line(fmt::format("  mlopsctl {} COMMAND [arguments] [options]", words));
  help.heading("Commands");
  std::vector<Row> rows;
  for (const auto* command : registry.under(words)) {
    rows.push_back({command->path.substr(words.size() + 1), command->summary});
  }
  help.rows(rows);
  help.line(
      fmt::format("\n'mlopsctl {} COMMAND --help' has arguments, options and examples.", words));
  return help.take();
}

std::string overview_help(const Registry& registry, const Terminal& terminal) {
  HelpWriter help(terminal);
  help.line("mlopsctl takes a model from experiment to production and back.");
  help.heading("Usage");
  help.line("  mlopsctl COMMAND [arguments] [options]");
  std::string title;
  std::vector<Row> rows;
  const auto flush = [&] {
    if (!rows.empty()) {
      help.heading(title);
      help.rows(rows);
    }
    rows.clear();
  };
  for (const auto& group : registry.groups) {
    if (group.title != title) flush();
    title = group.title;
    for (const auto& command : group.commands) rows.push_back({command.path, command.summary});
  }
  flush();
  help.heading("Examples");
  help.line("  mlopsctl run exec -- python train.py");
  help.line("  mlopsctl run list 'metrics.loss < 0.5' --sort metrics.loss");
  help.line("  mlopsctl run compare @last @last~1");
  help.heading("Options of every command");
  help.rows(option_rows(global_options()));
  help.line(
      "\n'mlopsctl COMMAND --help' has examples. 'mlopsctl help exit-codes' explains the codes.");
  return help.take();
}

}  // namespace mlopsctl
