#include "cli/man.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/cli/config.hpp"

#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

// Text for roff: backslashes, leading dots and quotes, hyphens that must stay hyphens.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '`') {
      out += "\\(ga";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

std::string file_name(std::string_view path) {
  std::string name = path.empty() ? "mlopsctl" : "mlopsctl-" + std::string(path);
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string header(const std::string& name, const std::string& version) {
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return fmt::format(".TH \"{}\" 1 \"\" \"mlopsctl {}\" \"mlopsctl manual\"\n.nh\n.ad l\n",
                     roff(upper), version);
}

std::string paragraphs(std::string_view text) {
  std::string out;
  bool verbatim = false;
  for (const auto& line : split(text, '\n')) {
    if (line.empty()) {
      if (verbatim) out += ".EE\n";
      verbatim = false;
      out += ".PP\n";
    } else if (line.starts_with(' ')) {
      if (!verbatim) out += ".EX\n";
      verbatim = true;
      out += roff(line) + '\n';
    } else {
      out += roff(line) + '\n';
    }
  }
  return out + (verbatim ? ".EE\n" : "");
}

std::string tagged(std::string_view tag, std::string_view text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(tag), roff(text));
}

std::string options_section(std::string_view heading, const std::vector<OptionSpec>& options) {
  std::string out = fmt::format(".SH {}\n", heading);
  for (const auto& option : options) {
    std::string help = option.help;
    if (!option.choices.empty()) help += ": " + join(option.choices, ", ");
    if (!option.default_text.empty()) help += fmt::format(" (default {})", option.default_text);
    if (option.repeatable) help += "; may be repeated";
    out += tagged(option_heading(option), help + '.');
  }
  return out;
}

std::string command_page(const CommandSpec& spec, const std::string& version) {
  const std::string name = file_name(spec.path);
  std::string out = header(name, version);
  out += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(spec.summary));
  out += fmt::format(".SH SYNOPSIS\n.B {}\n", roff(usage_line(spec)));
  if (!spec.description.empty()) out += ".SH DESCRIPTION\n" + paragraphs(spec.description);
  if (!spec.positionals.empty()) {
    out += ".SH ARGUMENTS\n";
    for (const auto& positional : spec.positionals) {
      std::string help = positional.help;
      if (!positional.choices.empty()) help += ": " + join(positional.choices, ", ");
      out += tagged(positional.name + (positional.many ? "..." : ""), help + '.');
    }
  }
  if (!spec.options.empty()) out += options_section("OPTIONS", spec.options);
  out += options_section("\"OPTIONS OF EVERY COMMAND\"", global_options_beside(spec));
  out += ".SH EXAMPLES\n";
  for (const auto& example : spec.examples) {
    out +=
        fmt::format(".PP\n{}:\n.PP\n.EX\n    {}\n.EE\n", roff(example.what), roff(example.command));
  }
  out += ".SH \"EXIT STATUS\"\n";
  for (const auto& doc : exit_code_docs()) {
    if (std::ranges::find(spec.exit_codes, doc.code) == spec.exit_codes.end()) continue;
    out += tagged(std::to_string(static_cast<int>(doc.code)), std::string(doc.meaning) + '.');
  }
  out += ".SH \"SEE ALSO\"\n.BR mlopsctl (1)\n";
  return out;
}

std::string overview_page(const Registry& registry, const std::string& version) {
  std::string out = header("mlopsctl", version);
  out += ".SH NAME\nmlopsctl \\- takes a model from experiment to production and back\n";
  out += ".SH SYNOPSIS\n.B mlopsctl\n.I COMMAND\n[arguments] [options]\n";
  out += ".SH COMMANDS\n";
  for (const auto* command : registry.all()) {
    out += fmt::format(".TP\n.BR {} (1)\n{}.\n", roff(file_name(command->path)),
                       roff(command->summary));
  }
  out += options_section("\"OPTIONS OF EVERY COMMAND\"", global_options());
  out +=
      ".SH SETTINGS\nFlags win over the environment, the environment over the project file "
      "(.mlopsctl/config.yaml), the\nproject file over the user file "
      "($XDG_CONFIG_HOME/mlopsctl/config.yaml).\n";
  for (const auto& spec : setting_specs()) {
    out += tagged(spec.key, fmt::format("{}. Environment: {}. Default: {}.", spec.description,
                                        spec.environment,
                                        spec.default_value.empty() ? "none" : spec.default_value));
  }
  out += ".SH ENVIRONMENT\n";
  for (const auto& doc : environment_docs())
    out += tagged(doc.name, std::string(doc.meaning) + '.');
  out += ".SH FILES\n" + tagged(".mlopsctl/runs.db", "The run store, an SQLite database.") +
         tagged(".mlopsctl/artifacts/", "Files that belong to runs.") +
         tagged(".mlopsctl/config.yaml", "Settings of the project.");
  out += ".SH \"EXIT STATUS\"\n";
  for (const auto& doc : exit_code_docs()) {
    out += tagged(std::to_string(static_cast<int>(doc.code)), std::string(doc.meaning) + '.');
  }
  return out;
}

}  // namespace

std::vector<ManPage> man_pages(const Registry& registry, const std::string& version) {
  std::vector<ManPage> pages;
  pages.push_back({"mlopsctl.1", overview_page(registry, version)});
  for (const auto* command : registry.all()) {
    pages.push_back({file_name(command->path) + ".1", command_page(*command, version)});
  }
  return pages;
}

}  // namespace mlopsctl
