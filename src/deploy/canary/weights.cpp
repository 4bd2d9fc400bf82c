#include "deploy/canary/weights.hpp"

#include "mlopsctl/base/error.hpp"

#include "deploy/canary/routers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::canary {
namespace {

ReplicaSplit split_at(int stable, int weight, bool autoscaled) {
  return autoscaled ? pods_beside(stable, weight) : split_replicas(stable, weight, 1);
}

}  // namespace

std::vector<int> weights_of(const CanaryPlan& plan) {
  if (!plan.step_weights.empty()) return plan.step_weights;
  std::vector<int> weights;
  const int most = std::clamp(plan.max_weight, 1, 100);
  for (int weight = plan.step_weight; weight < most && plan.step_weight > 0;
       weight += plan.step_weight) {
    weights.push_back(weight);
  }
  weights.push_back(most);
  return weights;
}

int last_weight(const CanaryPlan& plan) { return weights_of(plan).back(); }

int next_weight(const CanaryPlan& plan, int weight) {
  const auto weights = weights_of(plan);
  const auto next = std::ranges::find_if(weights, [&](int one) { return one > weight; });
  return next == weights.end() ? weight : *next;
}

int pods_at_start(const DeployPlan& plan, int stable_replicas, bool autoscaled) {
  const int stable = std::max(1, stable_replicas);
  if (plan.canary.iterations > 0) return stable;
  if (plan.canary.traffic.router == RouterKind::replicas) {
    return std::max(1, split_at(stable, next_weight(plan.canary, 0), autoscaled).canary);
  }
  const double most = stable * last_weight(plan.canary) / 100.0;
  return std::max(1, static_cast<int>(std::ceil(most)));
}

std::vector<std::string> check_shares(const DeployPlan& plan, int stable_replicas,
                                      bool autoscaled) {
  std::vector<std::string> told;
  if (plan.canary.traffic.router != RouterKind::replicas || plan.canary.iterations > 0) return told;
  for (const int weight : weights_of(plan.canary)) {
    const ReplicaSplit split = split_at(std::max(1, stable_replicas), weight, autoscaled);
    const double actual = 100.0 * split.canary / (split.canary + split.stable);
    if (std::abs(actual - weight) < 0.5) continue;
    const std::string text = fmt::format("a weight of {} % is {:.0f} % in reality: {} of {} pods",
                                         weight, actual, split.canary, split.canary + split.stable);
    if (std::abs(actual - weight) > 100 * plan.canary.largest_share_error + 1e-9) {
      throw Error(ErrorKind::config,
                  fmt::format("replica ratios are too coarse: {}, and {:.0f} points are allowed",
                              text, 100 * plan.canary.largest_share_error),
                  "more replicas, other steps, a router with weights (traffic.router), or "
                  "a greater traffic.largestShareError if that share is meant");
    }
    told.push_back(text);
  }
  return told;
}

}  // namespace mlopsctl::canary
