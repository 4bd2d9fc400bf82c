// Recognises commands that Python runs, and asks that Python for its packages.
#pragma once

#include "mlopsctl/platform/process.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// True for python, python3, python3.11 and pypy3, with or without a folder before it.
bool is_python_name(std::string_view program);

// The interpreter, if argv[0] is one or is a script whose #! line names one (torchrun, a script of
// one's own); a path as it was found, so that a virtual environment stays one.
std::optional<std::string> python_of(const std::vector<std::string>& argv);

// What the command is about: the script or module for Python, else argv[0].
std::string source_name(const std::vector<std::string>& argv);

struct PythonPackages {
  std::string version;             // "3.11.7"
  std::vector<std::string> names;  // "name==version", sorted
};
// Throws Error{unavailable} if the interpreter does not answer. Takes 0.1 s and up.
PythonPackages python_packages(const std::string& python);

}  // namespace mlopsctl
