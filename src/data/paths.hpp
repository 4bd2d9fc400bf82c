// Small facts about the paths and files that are tracked.
#pragma once

#include <string>

namespace mlopsctl::data {

// Permission bits of a file that somebody may execute.
inline constexpr unsigned any_executes = 0111;

// A name in a folder; `folder` is empty for the root.
inline std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

}  // namespace mlopsctl::data
