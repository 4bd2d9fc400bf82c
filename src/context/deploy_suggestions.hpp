// Names of deployments, for the shell: from deploy.yaml and the run store, never from a cluster.
#pragma once

#include "mlopsctl/context.hpp"

#include <filesystem>
#include <vector>

namespace mlopsctl {

class RunStore;

// `store` may be null.
std::vector<Suggestion> deploy_suggestions(Complete kind, const std::filesystem::path& here,
                                           const RunStore* store);

}  // namespace mlopsctl
