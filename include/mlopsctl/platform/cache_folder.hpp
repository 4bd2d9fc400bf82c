// Where this program may keep what can be had again.
#pragma once

#include <filesystem>
#include <optional>

namespace mlopsctl {

// $XDG_CACHE_HOME/mlopsctl or ~/.cache/mlopsctl, whether it is there or not; nothing where neither
// variable names a folder.
std::optional<std::filesystem::path> user_cache_folder();

}  // namespace mlopsctl
