// The rights that a deployment needs, with those of its rollback.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include <string>
#include <vector>

namespace mlopsctl::deploy {

// `with_secrets`: the pods refer to Secrets, so copies of them are made.
std::vector<Right> required_rights(const DeployPlan& plan, bool with_secrets);

// The object that shares the traffic of a canary; nothing where Services and replicas do.
std::optional<ObjectRef> traffic_object(const DeployPlan& plan);

// Lines that an administrator can paste: `kubectl create role …`, one for each set of verbs, and
// their bindings.
std::vector<std::string> role_lines(const std::vector<Right>& missing,
                                    const std::string& name_space);

}  // namespace mlopsctl::deploy
