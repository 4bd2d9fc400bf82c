// After pkg/controller/deployment/progress.go and sync.go of Kubernetes 1.32.
#include "support/cluster/deployments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::testing {

namespace {

// Zeros are left out, as Go's omitempty does.
void count(Json& status, const std::string& name, int value) {
  if (value != 0)
    status[name] = value;
  else
    status.erase(name);
}

Json counted(const Json& deployment, const std::vector<Json>& sets, const Json* newest) {
  Json status = deployment.value("status", Json::object());
  int spec = 0, replicas = 0, ready = 0, available = 0;
  for (const auto& set : sets) {
    spec += replicas_of(set);
    replicas += number_at(set, {"status", "replicas"});
    ready += number_at(set, {"status", "readyReplicas"});
    available += available_of(set);
  }
  count(status, "replicas", replicas);
  count(status, "updatedReplicas", newest ? number_at(*newest, {"status", "replicas"}) : 0);
  count(status, "readyReplicas", ready);
  count(status, "availableReplicas", available);
  count(status, "unavailableReplicas", std::max(0, spec - available));
  status["observedGeneration"] = number_at(deployment, {"metadata", "generation"});
  return status;
}

class Progress {
 public:
  Progress(ControlPlane& plane, const Json& deployment, Json& status, const Json* newest)
      : plane_(plane), deployment_(deployment), status_(status), newest_(newest) {}

  void tell() {
    auto& conditions = status_["conditions"];
    const auto* current = find_condition(conditions, "Progressing");
    const std::string reason = current ? current->value("reason", "") : "";
    if (deployment_.at("spec").value("paused", false)) {
      if (reason != "DeploymentPaused") set("Unknown", "DeploymentPaused", "Deployment is paused");
      return;
    }
    if (reason == "DeploymentPaused") set("Unknown", "DeploymentResumed", "Deployment is resumed");
    const bool done =
        reason == "NewReplicaSetAvailable" && number("replicas") == number("updatedReplicas");
    if (done) return;
    if (complete())
      set("True", "NewReplicaSetAvailable",
          fmt::format("ReplicaSet \"{}\" has successfully progressed.", name()));
    else if (moved())
      set("True", "ReplicaSetUpdated", fmt::format("ReplicaSet \"{}\" is progressing.", name()));
    else if (timed_out())
      set("False", "ProgressDeadlineExceeded",
          fmt::format("ReplicaSet \"{}\" has timed out progressing.", name()));
  }

 private:
  std::string name() const { return newest_ ? name_of(*newest_) : name_of(deployment_); }
  int number(std::string_view field) const { return number_at(status_, {field}); }
  int before(std::string_view field) const { return number_at(deployment_, {"status", field}); }

  bool complete() const {
    const int wanted = replicas_of(deployment_);
    return number("updatedReplicas") == wanted && number("replicas") == wanted &&
           number("availableReplicas") == wanted;
  }
  bool moved() const {
    return number("updatedReplicas") > before("updatedReplicas") ||
           number("readyReplicas") > before("readyReplicas") ||
           number("availableReplicas") > before("availableReplicas") ||
           number("replicas") - number("updatedReplicas") <
               before("replicas") - before("updatedReplicas");
  }
  bool timed_out() {
    const auto* current = find_condition(status_["conditions"], "Progressing");
    if (!current || current->value("reason", "") == "NewReplicaSetAvailable") return false;
    if (current->value("reason", "") == "ProgressDeadlineExceeded") return true;
    const auto since = parse_time(current->value("lastUpdateTime", plane_.time()), plane_.now);
    const auto end =
        since +
        Milliseconds(1000LL * number_at(deployment_, {"spec", "progressDeadlineSeconds"}, 600));
    plane_.wake_at(end + Milliseconds(1000));
    return end < plane_.now;
  }
  void set(const std::string& status, const std::string& reason, const std::string& message) {
    const auto* current = find_condition(status_["conditions"], "Progressing");
    if (current && current->value("reason", "") == reason &&
        current->value("message", "") == message && reason == "ProgressDeadlineExceeded")
      return;
    set_condition(status_["conditions"],
                  {{"type", "Progressing"},
                   {"status", status},
                   {"reason", reason},
                   {"message", message},
                   {"lastUpdateTime", plane_.time()}},
                  plane_.time());
    if (status == "True")
      plane_.wake_at(
          plane_.now +
          Milliseconds(1000LL * number_at(deployment_, {"spec", "progressDeadlineSeconds"}, 600) +
                       1000));
  }

  ControlPlane& plane_;
  const Json& deployment_;
  Json& status_;
  const Json* newest_;
};

void tell_available(ControlPlane& plane, const Json& deployment, Json& status) {
  const int least = replicas_of(deployment) - rolling_limits(deployment).unavailable;
  const bool enough = number_at(status, {"availableReplicas"}) >= least;
  const auto* current = find_condition(status["conditions"], "Available");
  if (current && (current->value("status", "") == "True") == enough) return;
  set_condition(status["conditions"],
                {{"type", "Available"},
                 {"status", enough ? "True" : "False"},
                 {"reason", enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable"},
                 {"message", enough ? "Deployment has minimum availability."
                                    : "Deployment does not have minimum availability."},
                 {"lastUpdateTime", plane.time()}},
                plane.time());
}

// The newest ReplicaSet that cannot make pods says so for the Deployment.
void tell_failures(ControlPlane& plane, const std::vector<Json>& sets, const Json* newest,
                   Json& status) {
  const Json* failure = nullptr;
  const auto look = [&](const Json& set) {
    if (const auto* found = find_condition(at(set, {"status", "conditions"}), "ReplicaFailure"))
      failure = found;
  };
  if (newest) look(*newest);
  for (const auto& set : sets)
    if (!failure) look(set);
  auto& conditions = status["conditions"];
  if (!failure) {
    Json kept = Json::array();
    for (const auto& condition : conditions)
      if (condition["type"] != "ReplicaFailure") kept.push_back(condition);
    conditions = kept;
    return;
  }
  const auto* current = find_condition(conditions, "ReplicaFailure");
  if (current && current->value("message", "") == failure->value("message", "")) return;
  set_condition(conditions,
                {{"type", "ReplicaFailure"},
                 {"status", failure->at("status")},
                 {"reason", failure->at("reason")},
                 {"message", failure->at("message")},
                 {"lastUpdateTime", plane.time()}},
                plane.time());
}

}  // namespace

void tell_deployment_status(ControlPlane& plane, Json& deployment, const std::vector<Json>& sets,
                            const Json* newest) {
  Json status = counted(deployment, sets, newest);
  if (!status.contains("conditions") || !status["conditions"].is_array())
    status["conditions"] = Json::array();
  Progress(plane, deployment, status, newest).tell();
  tell_available(plane, deployment, status);
  tell_failures(plane, sets, newest, status);
  deployment["status"] = status;
}

}  // namespace mlopsctl::testing
