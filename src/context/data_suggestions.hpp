// Names that a DVC repository has, for the shell.
#pragma once

#include "mlopsctl/context.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace mlopsctl {

// Stages, revisions, remotes, targets and plot templates as seen from `here`; empty where there is
// no repository.
std::vector<Suggestion> data_suggestions(Complete kind, const std::filesystem::path& here,
                                         std::string_view prefix);

}  // namespace mlopsctl
