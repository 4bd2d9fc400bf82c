// Manifests in the place of a cluster, for rehearsals where none can be asked: in the review of a
// change, or on a laptop.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mlopsctl {

// The objects of the manifests as if they had been applied, and nothing that a controller would
// make of them: no pods, no status, no endpoints. Every right is there; every change throws
// ClusterError. source: for messages. An empty namespace is that of the manifests, else "default".
std::unique_ptr<Cluster> manifest_cluster(std::vector<Json> manifests, std::string name_space,
                                          std::string source);

}  // namespace mlopsctl
