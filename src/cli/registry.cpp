#include "mlopsctl/cli/command.hpp"

#include <algorithm>

namespace mlopsctl {

const CommandSpec* Registry::find(std::string_view path) const {
  for (const auto& group : groups) {
    for (const auto& command : group.commands) {
      if (command.path == path ||
          std::ranges::find(command.aliases, path) != command.aliases.end()) {
        return &command;
      }
    }
  }
  return nullptr;
}

std::vector<const CommandSpec*> Registry::under(std::string_view words) const {
  std::vector<const CommandSpec*> commands;
  for (const auto* command : all()) {
    const std::string_view path = command->path;
    if (path.size() > words.size() && path.starts_with(words) && path[words.size()] == ' ') {
      commands.push_back(command);
    }
  }
  return commands;
}

std::vector<const CommandSpec*> Registry::all() const {
  std::vector<const CommandSpec*> commands;
  for (const auto& group : groups) {
    for (const auto& command : group.commands) commands.push_back(&command);
  }
  return commands;
}

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> options{
      {.name = "json", .help = "Print one JSON document instead of text"},
      {.name = "quiet", .help = "Print results only, no notes and no progress", .letter = 'q'},
      {.name = "verbose", .help = "Say more about what is done", .letter = 'v'},
      {.name = "no-color", .help = "Never use colours (also: NO_COLOR)"},
      {.name = "project",
       .value = "DIR",
       .help = "Use the project of this folder instead of the current one",
       .complete = Complete::directory},
      {.name = "yes", .help = "Do not ask before removing anything", .letter = 'y'},
      {.name = "dry-run", .help = "Show what would change and change nothing", .letter = 'n'},
      {.name = "help", .help = "Show this help", .letter = 'h'},
      {.name = "version", .help = "Show the version"},
  };
  return options;
}

std::vector<OptionSpec> global_options_beside(const CommandSpec& command) {
  std::vector<OptionSpec> options = global_options();
  for (auto& option : options) {
    const auto taken = [&](const OptionSpec& own) { return own.letter == option.letter; };
    if (std::ranges::any_of(command.options, taken)) option.letter = 0;
  }
  return options;
}

}  // namespace mlopsctl
