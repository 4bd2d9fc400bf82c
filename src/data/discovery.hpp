// Finding .dvc and dvc.yaml files.
#pragma once

#include "mlopsctl/data/workspace.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::data {

// Sorted by path. Skips what .dvcignore or git ignores, other repositories below this one, and what
// is inside a tracked output.
std::vector<TrackedOutput> discover(Repository& repository);

// Every dvc.yaml that discover() reads, sorted.
std::vector<std::string> pipeline_files(Repository& repository);

// The outputs of one .dvc file. file: relative to the root. Throws Error{config} that names it.
std::vector<TrackedOutput> dvc_file_outputs(std::string_view text, const std::string& file);

// True for names such as "data.dvc" and "Dvcfile"; not for ".dvc".
bool is_dvc_file(std::string_view path);

}  // namespace mlopsctl::data
