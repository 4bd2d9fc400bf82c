// Objects as kubectl 1.32 prints them, as short as a test can have them.
#pragma once

#include "mlopsctl/deploy/health.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace mlopsctl::testing {

// A Deployment "chat" of three replicas in the middle of a rollout to its second revision, one of
// whose new pods has come up.
struct Scene {
  Json deployment = Json::parse(R"({
    "kind": "Deployment",
    "metadata": {"name": "chat", "uid": "d-1", "generation": 2,
                 "annotations": {"deployment.kubernetes.io/revision": "2"}},
    "spec": {"replicas": 3},
    "status": {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 1, "readyReplicas": 3,
               "availableReplicas": 3,
               "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]}
  })");
  std::vector<Json> replica_sets{replica_set("chat-old", "rs-1", "1"),
                                 replica_set("chat-new", "rs-2", "2")};
  std::vector<Json> pods{pod("chat-old-a", "rs-1"), pod("chat-new-a", "rs-2")};
  Budgets budgets;
  Milliseconds age{5'000};
  int expected = 0;
  Timestamp now{1'800'000'000'000};

  static Json replica_set(const std::string& name, const std::string& uid,
                          const std::string& revision) {
    return {{"kind", "ReplicaSet"},
            {"metadata",
             {{"name", name},
              {"uid", uid},
              {"labels", {{"pod-template-hash", name.substr(5)}}},
              {"annotations", {{"deployment.kubernetes.io/revision", revision}}},
              {"ownerReferences", {{{"kind", "Deployment"}, {"uid", "d-1"}}}}}}};
  }

  // A ready pod with one container "server".
  static Json pod(const std::string& name, const std::string& set) {
    Json result = Json::parse(R"({
      "kind": "Pod", "metadata": {}, "spec": {},
      "status": {"phase": "Running",
        "conditions": [{"type": "PodScheduled", "status": "True"},
                       {"type": "ContainersReady", "status": "True"},
                       {"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "server", "image": "ghcr.io/acme/chat:1.5", "ready": true,
                               "restartCount": 0, "state": {"running": {}}}]}
    })");
    result["metadata"]["name"] = name;
    result["metadata"]["ownerReferences"] = {{{"kind", "ReplicaSet"}, {"uid", set}}};
    return result;
  }

  Json& newest() { return pods.back(); }
  Json& container() { return newest()["status"]["containerStatuses"][0]; }

  void not_ready() {
    container()["ready"] = false;
    newest()["status"]["conditions"][1]["status"] = "False";
    newest()["status"]["conditions"][2]["status"] = "False";
  }
  void waits(const std::string& reason, const std::string& message = "") {
    not_ready();
    container()["state"] = {{"waiting", {{"reason", reason}, {"message", message}}}};
  }
  void ended(const std::string& reason, int exit_code, int restarts) {
    not_ready();
    container()["restartCount"] = restarts;
    container()["lastState"] = {{"terminated", {{"reason", reason}, {"exitCode", exit_code}}}};
  }
  void numbers(int replicas, int updated, int available) {
    deployment["status"]["replicas"] = replicas;
    deployment["status"]["updatedReplicas"] = updated;
    deployment["status"]["availableReplicas"] = available;
  }
  // All pods are new and ready.
  void complete(int replicas = 3) {
    numbers(replicas, replicas, replicas);
    pods.clear();
    for (int i = 0; i < replicas; ++i) pods.push_back(pod("chat-new-" + std::to_string(i), "rs-2"));
  }

  Rollout judged() const {
    return judge_rollout(deployment, replica_sets, pods, budgets, age, now, expected);
  }
};

}  // namespace mlopsctl::testing
