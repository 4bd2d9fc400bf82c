// Which weights a canary takes, and how many pods it needs for them. Pure.
#pragma once

#include "mlopsctl/deploy/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::canary {

// All weights in order. Flagger lets 20 of 50 become 20, 40, 60; here maxWeight is a limit: 20, 40,
// 50, in as many steps. stepWeights are taken as they are.
std::vector<int> weights_of(const CanaryPlan& plan);
int last_weight(const CanaryPlan& plan);
int next_weight(const CanaryPlan& plan, int weight);  // the same if it is the last

// Pods that the canary starts with: of replica ratios those of the first weight, else as many as
// the largest one needs.
int pods_at_start(const DeployPlan& plan, int stable_replicas, bool autoscaled);

// Of replica ratios: throws Error{config} when a weight can only be had with a share that is
// further off than the plan allows. Else a sentence for each weight whose real share is another.
std::vector<std::string> check_shares(const DeployPlan& plan, int stable_replicas, bool autoscaled);

}  // namespace mlopsctl::canary
