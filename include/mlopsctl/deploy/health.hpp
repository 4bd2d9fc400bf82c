// How the pods of one ReplicaSet are, from what the cluster says: kubectl waits 600 s for a pod
// that crashes at once, we do not. Pure.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

enum class RolloutVerdict { ready, waiting, failed };

struct PodTrouble {
  std::string pod, container;
  std::string reason;   // "ImagePullBackOff", "CrashLoopBackOff", "OOMKilled", "Unschedulable", …
  std::string message;  // as Kubernetes gives it
  int exit_code = 0;
  bool had_run = false;  // there are logs of the container before
};

struct Rollout {
  RolloutVerdict verdict = RolloutVerdict::waiting;
  int wanted = 0, updated = 0, ready = 0, available = 0;
  std::vector<PodTrouble> troubles;   // worst first
  std::vector<std::string> warnings;  // Unschedulable, readiness gates that nobody sets, …
  std::string reason;                 // one sentence when failed
  std::string template_hash;          // pod-template-hash of the new ReplicaSet
  std::vector<std::string> pods;      // names of its pods that are not terminating
  std::vector<std::string> ready_pods;
};

// deployment, its ReplicaSets and its pods as read in one call. `age`: since the rollout began.
// The rules are the reference's: observedGeneration, updated == replicas == available, only pods of
// the newest ReplicaSet count, graces and restarts from the budgets. What an autoscaler asks for
// beyond `expected`, the replicas when the rollout began, need not be ready (0: spec.replicas all).
Rollout judge_rollout(const Json& deployment, const std::vector<Json>& replica_sets,
                      const std::vector<Json>& pods, const Budgets& budgets, Milliseconds age,
                      Timestamp now, int expected = 0);

struct WorkloadView {
  std::vector<Json> deployment;  // one, or none if it does not exist
  std::vector<Json> replica_sets, pods;
};
// One call.
WorkloadView read_workload(Cluster& cluster, const std::string& deployment,
                           const std::string& selector);

// Names of the pods that a Service sends traffic to: ready and not terminating, of its
// EndpointSlices.
std::vector<std::string> serving_pods(const std::vector<Json>& endpoint_slices);

}  // namespace mlopsctl
