// What the status of one pod says about its containers.
#pragma once

#include "mlopsctl/deploy/health.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mlopsctl::rollout {

struct PodFinding {
  PodTrouble trouble;
  std::string sentence;  // the same for people
  bool fatal = false;    // waiting will not help, or the grace is over
};

struct PodReport {
  std::string name;
  bool ready = false;  // condition Ready, and not terminating
  bool ended = false;  // phase Failed: evicted, node lost, …
  std::vector<PodFinding> findings;
  std::vector<std::string> warnings;
};

// How long ago the rollout began and what time it is; a pod's own age is bounded by the former, so
// that a clock that is ahead of the cluster's shortens no grace.
struct Moment {
  Milliseconds age{0};
  Timestamp now;
};

PodReport examine_pod(const Json& pod, const Budgets& budgets, const Moment& moment);

// status.conditions[type]; an empty object if there is none.
Json condition_of(const Json& object, const std::string& type);
std::string text_at(const Json& object, const std::string& key);
int number_at(const Json& object, const std::string& key);

}  // namespace mlopsctl::rollout
