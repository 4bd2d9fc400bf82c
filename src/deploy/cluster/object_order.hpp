// Objects in the order in which they were asked for, whatever order calls brought them in.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include <span>
#include <vector>

namespace mlopsctl::deploy {

// Is the object of the kind, as kubectl takes kinds: "deployment", "deployments.apps",
// "Deployment"?
bool is_of_kind(const Json& object, const std::string& kind);

std::vector<Json> in_order(std::vector<Json> objects, std::span<const ObjectRef> references);

}  // namespace mlopsctl::deploy
