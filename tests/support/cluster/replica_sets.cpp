#include "support/cluster/control_plane.hpp"
#include "support/cluster/images.hpp"
#include "support/cluster/selectors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::testing {

namespace {

bool is_ready(const Json& pod) {
  const auto* ready = find_condition(at(pod, {"status", "conditions"}), "Ready");
  return ready && ready->value("status", "") == "True";
}

bool is_active(const Json& pod) {
  const auto phase = text_at(pod, {"status", "phase"});
  return at(pod, {"metadata", "deletionTimestamp"}).is_null() && phase != "Failed" &&
         phase != "Succeeded";
}

class ReplicaSetSync {
 public:
  ReplicaSetSync(ControlPlane& plane, const Json& set) : plane_(plane), set_(set) {
    for (const auto& pod : plane.owned(type("pods"), set))
      if (is_active(*pod)) pods_.push_back(pod);
  }

  void run() {
    const int wanted = number_at(set_, {"spec", "replicas"}, 1);
    const int missing = wanted - static_cast<int>(pods_.size());
    std::string failure;
    if (missing > 0) failure = make_pods(missing);
    if (missing < 0) end_pods(-missing);
    tell_status(failure);
    plane_.write(type("replicasets"), set_);
  }

 private:
  std::string make_pods(int count) {
    for (int i = 0; i < count; ++i) {
      if (auto why = refused(); !why.empty()) {
        plane_.event(set_, "ReplicaSet", true, "FailedCreate", "Error creating: " + why,
                     "replicaset-controller");
        return why;
      }
      Json pod{{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"metadata", set_["spec"]["template"].value("metadata", Json::object())},
               {"spec", set_["spec"]["template"]["spec"]},
               {"status", {{"phase", "Pending"}}}};
      pod["metadata"].erase("creationTimestamp");
      pod["metadata"]["name"] = name_of(set_) + "-" + plane_.random_suffix();
      pod["metadata"]["generateName"] = name_of(set_) + "-";
      pod["metadata"]["namespace"] = namespace_of(set_);
      pod["metadata"]["ownerReferences"] = {{{"apiVersion", "apps/v1"},
                                             {"kind", "ReplicaSet"},
                                             {"name", name_of(set_)},
                                             {"uid", uid_of(set_)},
                                             {"controller", true},
                                             {"blockOwnerDeletion", true}}};
      pods_.push_back(plane_.create(type("pods"), pod));
    }
    return {};
  }

  std::string refused() const {
    for (const auto& container : at(set_, {"spec", "template", "spec", "containers"}))
      if (image_behaviour(container.value("image", "")).fate == Fate::quota)
        return fmt::format(
            "pods \"{}-{}\" is forbidden: exceeded quota: gpus, requested: "
            "requests.nvidia.com/gpu=1, "
            "used: requests.nvidia.com/gpu=4, limited: requests.nvidia.com/gpu=4",
            name_of(set_), "x7k2q");
    return {};
  }

  // Those without a node, then pending, then not ready, then the youngest.
  void end_pods(int count) {
    std::stable_sort(pods_.begin(), pods_.end(), [&](const Object& a, const Object& b) {
      const auto rank = [&](const Json& pod) {
        return std::tuple(!text_at(pod, {"spec", "nodeName"}).empty(),
                          text_at(pod, {"status", "phase"}) == "Running", is_ready(pod),
                          -plane_.born[uid_of(pod)].ms);
      };
      return rank(*a) < rank(*b);
    });
    for (int i = 0; i < count; ++i) plane_.remove(type("pods"), pods_[static_cast<std::size_t>(i)]);
    pods_.erase(pods_.begin(), pods_.begin() + count);
  }

  bool is_available(const Json& pod) {
    if (!is_ready(pod)) return false;
    const int seconds = number_at(set_, {"spec", "minReadySeconds"});
    if (seconds == 0) return true;
    const auto* ready = find_condition(at(pod, {"status", "conditions"}), "Ready");
    const auto since = parse_time(ready->value("lastTransitionTime", ""), plane_.now) +
                       Milliseconds(1000LL * seconds);
    plane_.wake_at(since);
    return since <= plane_.now;
  }

  void tell_status(const std::string& failure) {
    const Json labels = at(set_, {"spec", "template", "metadata", "labels"});
    int ready = 0, available = 0;
    for (const auto& pod : pods_) {
      ready += is_ready(*pod) ? 1 : 0;
      available += is_available(*pod) ? 1 : 0;
    }
    Json status{{"replicas", pods_.size()},
                {"observedGeneration", number_at(set_, {"metadata", "generation"}, 1)}};
    if (!pods_.empty()) status["fullyLabeledReplicas"] = pods_.size();
    if (ready > 0) status["readyReplicas"] = ready;
    if (available > 0) status["availableReplicas"] = available;
    if (!failure.empty()) {
      status["conditions"] = at(set_, {"status", "conditions"});
      set_condition(status["conditions"],
                    {{"type", "ReplicaFailure"},
                     {"status", "True"},
                     {"reason", "FailedCreate"},
                     {"message", failure}},
                    plane_.time());
    }
    set_["status"] = status;
  }

  ControlPlane& plane_;
  Json set_;
  std::vector<Object> pods_;
};

}  // namespace

void run_replica_sets(ControlPlane& plane) {
  for (const auto& set : plane.store.list(type("replicasets"))) ReplicaSetSync(plane, *set).run();
}

}  // namespace mlopsctl::testing
