// The lines that keep tracked data out of git.
#pragma once

#include "mlopsctl/data/workspace.hpp"

#include <string>
#include <string_view>

namespace mlopsctl::data {

// "/name" with git's special characters escaped, as DVC writes it.
std::string gitignore_entry(std::string_view name);

// `text` of a .gitignore with the entry appended; unchanged if it has the line.
std::string gitignore_with(std::string_view text, std::string_view entry);
// `text` without every line that is one of the two spellings (DVC removes the unescaped one).
std::string gitignore_without(std::string_view text, std::string_view name);

// Makes git ignore an output: writes the .gitignore of its folder unless git ignores the path
// already. Returns the .gitignore, relative to the root, if it was changed; else "". Throws
// Error{conflict} if git tracks the output.
std::string ignore_in_git(Repository& repository, const std::string& output);
// The same for an output that is no longer tracked: removes the line, and the file if it is empty.
std::string unignore_in_git(Repository& repository, const std::string& output);

}  // namespace mlopsctl::data
