// A Deployment with its ReplicaSets, as the deployment controller of Kubernetes sees them.
#pragma once

#include "support/cluster/control_plane.hpp"

namespace mlopsctl::testing {

inline constexpr auto revision_annotation = "deployment.kubernetes.io/revision";
inline constexpr auto desired_annotation = "deployment.kubernetes.io/desired-replicas";
inline constexpr auto max_annotation = "deployment.kubernetes.io/max-replicas";

// maxSurge is rounded up, maxUnavailable down; both 0 would never get on.
struct RollingLimits {
  int surge = 0, unavailable = 0;
};
RollingLimits rolling_limits(const Json& deployment);

int replicas_of(const Json& object);   // spec
int available_of(const Json& object);  // status
int revision_of(const Json& object);   // 0: none
std::string annotation(const Json& object, const std::string& name);

// Conditions and counts of the status after this pass.
void tell_deployment_status(ControlPlane& plane, Json& deployment, const std::vector<Json>& sets,
                            const Json* newest);

}  // namespace mlopsctl::testing
