// argv → which command, with which arguments. parse.cpp is the only file that includes CLI11.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/cli/dispatch.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

struct ParsedLine {
  Globals globals;
  bool help = false;
  bool version = false;
  const CommandSpec* command = nullptr;  // null: the words name no command yet
  std::string words;                     // what was named: "run", "" or a full path
  Arguments arguments;
};

// argv without the program's name. Throws Error{usage} with a suggestion for a mistyped word.
// With --help anywhere before "--", nothing but the command's name is checked.
ParsedLine parse_line(const std::vector<std::string>& argv, const Registry& registry);

// Where the command's words end: the words that name it, and the arguments that are left, global
// options included. Also what completion needs.
struct Located {
  const CommandSpec* command = nullptr;
  std::string words;
  std::vector<std::string> rest;
};
Located locate_command(const std::vector<std::string>& argv, const Registry& registry);

}  // namespace mlopsctl
