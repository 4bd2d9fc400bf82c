// The routers by kind.
#pragma once

#include "mlopsctl/deploy/traffic.hpp"

namespace mlopsctl::canary {

// Canary pods that make a weight beside stable ones that stay as they are.
ReplicaSplit pods_beside(int stable, int weight);

std::unique_ptr<TrafficRouter> replica_router(const DeployPlan& plan);
std::unique_ptr<TrafficRouter> gateway_router(const DeployPlan& plan);
std::unique_ptr<TrafficRouter> istio_router(const DeployPlan& plan);
std::unique_ptr<TrafficRouter> nginx_router(const DeployPlan& plan);

}  // namespace mlopsctl::canary
