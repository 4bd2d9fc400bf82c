// Autoscalers hold their bounds (there are no metrics), disruption budgets count.
#include "support/cluster/deployments.hpp"
#include "support/cluster/selectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::testing {

namespace {

Json active(bool holds, const std::string& reason, const std::string& message) {
  return {{"type", "ScalingActive"},
          {"status", holds ? "True" : "False"},
          {"reason", reason},
          {"message", message}};
}

void sync(ControlPlane& plane, Json scaler) {
  const Json& spec = scaler.at("spec");
  const auto kind = text_at(spec, {"scaleTargetRef", "kind"}),
             name = text_at(spec, {"scaleTargetRef", "name"});
  auto& status = scaler["status"];
  const auto* target_type = type_of_kind(text_at(spec, {"scaleTargetRef", "apiVersion"}), kind);
  const auto target =
      target_type ? plane.store.find(*target_type, namespace_of(scaler), name) : nullptr;
  if (!target) {
    set_condition(status["conditions"],
                  {{"type", "AbleToScale"},
                   {"status", "False"},
                   {"reason", "FailedGetScale"},
                   {"message", fmt::format("the HPA controller was unable to get the target's "
                                           "current scale: {} \"{}\" not found",
                                           kind, name)}},
                  plane.time());
    plane.write(type("horizontalpodautoscalers"), scaler);
    return;
  }
  const int replicas = replicas_of(*target);
  const int low = number_at(spec, {"minReplicas"}, 1), high = number_at(spec, {"maxReplicas"}, 1);
  status["currentReplicas"] = number_at(*target, {"status", "replicas"});
  status["desiredReplicas"] = replicas == 0 ? 0 : std::clamp(replicas, low, high);
  if (replicas == 0) {
    set_condition(status["conditions"],
                  active(false, "ScalingDisabled",
                         "scaling is disabled since the replica count of the target is zero"),
                  plane.time());
  } else {
    set_condition(
        status["conditions"],
        active(
            false, "FailedGetResourceMetric",
            "the HPA was unable to compute the replica count: no metrics in a simulated cluster"),
        plane.time());
    if (const int bounded = std::clamp(replicas, low, high); bounded != replicas) {
      Json scaled = *target;
      scaled["spec"]["replicas"] = bounded;
      plane.write(*target_type, scaled);
    }
  }
  plane.write(type("horizontalpodautoscalers"), scaler);
}

}  // namespace

void run_autoscalers(ControlPlane& plane) {
  for (const auto& scaler : plane.store.list(type("horizontalpodautoscalers")))
    sync(plane, *scaler);
}

void run_disruption_budgets(ControlPlane& plane) {
  for (const auto& stored : plane.store.list(type("poddisruptionbudgets"))) {
    Json budget = *stored;
    const auto takes =
        LabelSelector::from_spec(at(budget, {"spec"}).value("selector", Json::object()));
    int expected = 0, healthy = 0;
    for (const auto& pod : plane.store.list(type("pods"), namespace_of(budget))) {
      if (!takes.takes(at(*pod, {"metadata", "labels"})) ||
          !at(*pod, {"metadata", "deletionTimestamp"}).is_null())
        continue;
      ++expected;
      const auto* ready = find_condition(at(*pod, {"status", "conditions"}), "Ready");
      healthy += ready && ready->value("status", "") == "True" ? 1 : 0;
    }
    const auto amount = [&](const Json& value) {
      if (value.is_number()) return value.get<int>();
      return static_cast<int>(
          std::ceil(std::atoi(value.get<std::string>().c_str()) * expected / 100.0));
    };
    const Json& least = at(budget, {"spec", "minAvailable"});
    const Json& most = at(budget, {"spec", "maxUnavailable"});
    const int desired = !least.is_null()  ? amount(least)
                        : !most.is_null() ? std::max(0, expected - amount(most))
                                          : 0;
    budget["status"] = {{"currentHealthy", healthy},
                        {"desiredHealthy", desired},
                        {"expectedPods", expected},
                        {"disruptionsAllowed", std::max(0, healthy - desired)},
                        {"observedGeneration", number_at(budget, {"metadata", "generation"}, 1)}};
    plane.write(type("poddisruptionbudgets"), budget);
  }
}

// What has lost its owner goes, and so does what is in a namespace that ends.
void run_garbage_collection(ControlPlane& plane) {
  std::set<std::string> alive;
  for (const auto& kind : resource_types())
    for (const auto& object : plane.store.list(kind)) alive.insert(uid_of(*object));
  std::set<std::string> ending;
  for (const auto& space : plane.store.list(type("namespaces")))
    if (at(*space, {"status", "phase"}) == "Terminating") ending.insert(name_of(*space));
  std::set<std::string> filled;
  for (const auto& kind : resource_types()) {
    if (!kind.namespaced) continue;
    for (const auto& object : plane.store.list(kind)) {
      const auto owner = controller_of(*object);
      if (ending.contains(namespace_of(*object)) || (!owner.empty() && !alive.contains(owner)))
        plane.remove(kind, object);
      if (ending.contains(namespace_of(*object))) filled.insert(namespace_of(*object));
    }
  }
  for (const auto& space : ending)
    if (!filled.contains(space)) plane.store.erase(type("namespaces"), {}, space);
}

}  // namespace mlopsctl::testing
