// Names of artifacts inside a run.
#pragma once

#include <string>
#include <string_view>

namespace mlopsctl {

// "a//b/./c/" becomes "a/b/c". Throws Error{usage} for an absolute name, "..", control characters,
// bytes that are not UTF-8, and an empty name.
std::string clean_artifact_path(std::string_view path);

}  // namespace mlopsctl
