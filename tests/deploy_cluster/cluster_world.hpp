// A simulated cluster with what tests of lock, state and history need: changes whose answers get
// lost, and others who come in between.
#pragma once

#include "mlopsctl/deploy/session.hpp"

#include "support/cluster/kubernetes.hpp"
#include "support/cluster/manifests.hpp"
#include "support/cluster/simulated_cluster.hpp"
#include "support/cluster/virtual_clock.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::testing {

struct ClusterWorld {
  Kubernetes kubernetes{{.name_space = "llm"}};
  SimulatedCluster cluster{kubernetes};
  SimulatedCluster others{kubernetes};  // another process
  VirtualClock clock{kubernetes};

  std::function<void()> before_change;      // once, before the next change is looked at
  std::function<Fault(const Call&)> fault;  // of a change
  bool away = false;                        // nothing answers

  ClusterWorld() {
    cluster.on_call([this](const Call& call) {
      if (away) return Fault::unreachable;
      if (!call.changes) return Fault::none;
      if (before_change) std::exchange(before_change, nullptr)();
      return fault ? fault(call) : Fault::none;
    });
  }
  ClusterWorld(const ClusterWorld&) = delete;
  ClusterWorld& operator=(const ClusterWorld&) = delete;

  void lose_next(Fault kind) {
    fault = [this, kind](const Call&) {
      fault = nullptr;
      return kind;
    };
  }
  Json object(const std::string& kind, const std::string& name) {
    return kubernetes.object(kind, name);
  }
  std::vector<std::string> names(const std::string& kind) {
    std::vector<std::string> result;
    for (const auto& one : kubernetes.objects(kind)) result.push_back(one["metadata"]["name"]);
    return result;
  }
  void edit(const std::string& kind, const std::string& name, const Json& merge_patch) {
    kubernetes.edit(kind, name, merge_patch);
  }
};

inline Json selecting(const char* colour) {
  return {{"spec", {{"selector", {{"version", colour}}}}}};
}

// The Service chat, which sends all traffic to the blue pods.
inline const ObjectRef chat_service{.kind = "service", .name = "chat", .selector = {}};
inline void make_blue_service(ClusterWorld& world) {
  world.kubernetes.make(service_manifest("chat", {{"app", "chat"}, {"version", "blue"}}));
}
inline std::string colour_of(ClusterWorld& world) {
  return world.object("service", "chat")["spec"]["selector"]["version"];
}
inline Json to_green() {
  return Json::array({{{"op", "test"}, {"path", "/spec/selector/version"}, {"value", "blue"}},
                      {{"op", "replace"}, {"path", "/spec/selector/version"}, {"value", "green"}}});
}
inline bool is_green(const Json& object) {
  return object["spec"]["selector"]["version"] == "green";
}

}  // namespace mlopsctl::testing
