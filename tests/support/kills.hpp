// kill -9 at a moment, and what must hold afterwards.
#pragma once

#include "support/sandbox.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlopsctl::testing {

// Starts mlopsctl in the sandbox without output, and kills it after so many microseconds.
void run_and_kill(const Sandbox& box, const std::vector<std::string>& arguments, int delay_us);

// Objects of a cache or a remote ("…/files/md5") that are not what their names say, and ".dir"
// objects with a member that is not there; temporary names do not count.
std::vector<std::string> wrong_objects(const std::filesystem::path& folder, bool complete_folders);

}  // namespace mlopsctl::testing
