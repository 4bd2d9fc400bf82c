// What the controllers of the simulated cluster share: the objects, the time, names and timers.
#pragma once

#include "mlopsctl/base/time.hpp"

#include "support/cluster/store.hpp"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace mlopsctl::testing {

struct Timings {
  Milliseconds controller{100};  // from a change to what the controllers make of it
  Milliseconds pull{500};        // of an image
  Milliseconds boot{1500};       // from the start of a container to its readiness
  Milliseconds crash{500};       // containers that crash run so long
  Milliseconds terminate{1000};  // a pod needs to end, beside its preStop sleep
};

struct ControlPlane {
  Store store;
  Timings timings;
  Timestamp now{};
  std::optional<Timestamp> wake;          // the next timer
  std::map<std::string, Timestamp> born;  // by uid, in milliseconds; Kubernetes writes seconds
  std::map<std::string, Timestamp> dying;
  std::set<std::string> sick;  // uids of pods whose readiness probe fails because a test says so
  std::mt19937_64 random{20261123};
  std::uint64_t addresses = 10;

  void wake_at(Timestamp time);
  std::string time() const;  // "2026-11-23T07:33:52Z"

  // Adds an object with uid, creationTimestamp, generation and status as new ones have them.
  Object create(const ResourceType& type, Json object);
  // Stores it if it differs from what is stored; a changed spec raises the generation.
  Object write(const ResourceType& type, const Json& object);
  // Pods end gracefully, everything else is gone at once.
  void remove(const ResourceType& type, const Object& object);

  std::string random_suffix();  // "x7k2q"
  std::string random_uid();
  void event(const Json& about, const std::string& kind, bool warning, const std::string& reason,
             const std::string& message, const std::string& component);

  std::vector<Object> owned(const ResourceType& type, const Json& owner) const;
};

// Conditions of a status: sets the one of the type; lastTransitionTime changes with the status
// only.
void set_condition(Json& conditions, Json condition, const std::string& time);
const Json* find_condition(const Json& conditions, std::string_view type);

// One pass each; all are called after every change and when a timer is due.
void run_deployments(ControlPlane& plane);
void run_replica_sets(ControlPlane& plane);
void run_pods(ControlPlane& plane);
void run_endpoints(ControlPlane& plane);
void run_autoscalers(ControlPlane& plane);
void run_disruption_budgets(ControlPlane& plane);
void run_routes(ControlPlane& plane);
void run_garbage_collection(ControlPlane& plane);

// Text that the container wrote: of this run or the one before.
std::string container_log(const Json& pod, const Json& container, bool previous);

}  // namespace mlopsctl::testing
