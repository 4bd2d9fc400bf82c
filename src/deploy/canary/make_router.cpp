#include "deploy/canary/routers.hpp"

namespace mlopsctl {

std::unique_ptr<TrafficRouter> make_router(const DeployPlan& plan) {
  switch (plan.canary.traffic.router) {
    case RouterKind::gateway_api:
      return canary::gateway_router(plan);
    case RouterKind::istio:
      return canary::istio_router(plan);
    case RouterKind::nginx:
      return canary::nginx_router(plan);
    case RouterKind::replicas:
      break;
  }
  return canary::replica_router(plan);
}

}  // namespace mlopsctl
