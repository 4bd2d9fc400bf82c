// --help in all its sizes. Pure: spec in, text out.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/platform/terminal.hpp"

#include <span>
#include <string>
#include <string_view>

namespace mlopsctl {

std::string overview_help(const Registry& registry, const Terminal& terminal);
// The commands that start with `words`, a noun such as "run" or "run artifact".
std::string noun_help(const Registry& registry, const std::string& words, const Terminal& terminal);
std::string command_help(const CommandSpec& spec, const Terminal& terminal);

// "mlopsctl run log [RUN] KEY=VALUE... [options]"
std::string usage_line(const CommandSpec& spec);

// "-n, --limit N"
std::string option_heading(const OptionSpec& option);

// Breaks paragraphs at word boundaries; every line starts with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

// Environment variables that any command looks at, with what they do.
struct EnvironmentDoc {
  std::string_view name;
  std::string_view meaning;
};
std::span<const EnvironmentDoc> environment_docs();

}  // namespace mlopsctl
