// The pods that `deploy render` writes.
#pragma once

#include "mlopsctl/deploy/plan.hpp"

namespace mlopsctl {

// spec.template of a Deployment, with the labels of its pods.
Json render_pod_template(const DeployPlan& plan, const Json& labels);

}  // namespace mlopsctl
