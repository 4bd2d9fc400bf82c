// Files that neither git nor a pointer file knows.
#pragma once

#include "mlopsctl/data/workspace.hpp"

#include <string>
#include <vector>

namespace mlopsctl::data {

// Relative to the root, sorted; folders are entered, what git ignores is left out.
std::vector<std::string> untracked_files(Repository& repository);

}  // namespace mlopsctl::data
