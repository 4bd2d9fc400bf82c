// Scheduler and kubelet: pods get a node, their containers live, and they end.
#include "support/cluster/containers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::testing {

namespace {

const Json empty_list = Json::array();

const Json& list_at(const Json& object, std::initializer_list<std::string_view> path) {
  const Json& found = at(object, path);
  return found.is_array() ? found : empty_list;
}

// "secret \"x\" not found" of the first ConfigMap or Secret that is not there and not optional.
class References {
 public:
  References(const ControlPlane& plane, const Json& pod)
      : plane_(plane), name_space_(namespace_of(pod)) {}

  std::string missing_of(const Json& container) const {
    for (const auto& source : list_at(container, {"envFrom"}))
      for (const auto& [field, kind] :
           {std::pair("configMapRef", "configmap"), {"secretRef", "secret"}})
        if (auto text = missing(source, field, "name", kind); !text.empty()) return text;
    for (const auto& variable : list_at(container, {"env"}))
      for (const auto& [field, kind] :
           {std::pair("configMapKeyRef", "configmap"), {"secretKeyRef", "secret"}})
        if (auto text = missing(at(variable, {"valueFrom"}), field, "name", kind); !text.empty())
          return text;
    return {};
  }
  std::string missing_volume(const Json& pod) const {
    for (const auto& volume : list_at(pod, {"spec", "volumes"}))
      for (const auto& [field, member, kind] :
           {std::tuple("configMap", "name", "configmap"), {"secret", "secretName", "secret"}})
        if (auto text = missing(volume, field, member, kind); !text.empty())
          return fmt::format("MountVolume.SetUp failed for volume \"{}\" : {}",
                             volume.value("name", ""), text);
    return {};
  }

 private:
  std::string missing(const Json& source, const char* field, const char* member,
                      const std::string& kind) const {
    const Json& reference = at(source, {field});
    if (!reference.is_object() || reference.value("optional", false)) return {};
    const auto name = reference.value(member, "");
    const auto found = plane_.store.find(type(kind + "s"), name_space_, name);
    if (!found) return fmt::format("{} \"{}\" not found", kind, name);
    const auto key = reference.value("key", "");
    if (!key.empty() && at(*found, {"data", key}).is_null())
      return fmt::format("couldn't find key {} in {} {}/{}", key,
                         kind == "secret" ? "Secret" : "ConfigMap", name_space_, name);
    return {};
  }
  const ControlPlane& plane_;
  std::string name_space_;
};

Json condition(const std::string& type, bool holds, const std::string& reason = {},
               const std::string& message = {}) {
  Json made{{"type", type}, {"status", holds ? "True" : "False"}, {"lastProbeTime", nullptr}};
  if (!reason.empty()) made["reason"] = reason;
  if (!message.empty()) made["message"] = message;
  return made;
}

bool unschedulable(const Json& pod) {
  return std::any_of(list_at(pod, {"spec", "containers"}).begin(),
                     list_at(pod, {"spec", "containers"}).end(), [](const Json& one) {
                       return image_behaviour(one.value("image", "")).fate == Fate::unschedulable;
                     });
}

// A sleep before SIGTERM, as a field or a command.
Milliseconds pre_stop(const Json& pod) {
  Milliseconds longest{0};
  for (const auto& container : list_at(pod, {"spec", "containers"})) {
    int seconds = number_at(container, {"lifecycle", "preStop", "sleep", "seconds"});
    std::string words;
    for (const auto& word : list_at(container, {"lifecycle", "preStop", "exec", "command"}))
      words += word.get<std::string>() + " ";
    if (const auto sleep = words.find("sleep "); sleep != std::string::npos)
      seconds = std::atoi(words.c_str() + sleep + 6);
    longest = std::max(longest, Milliseconds(seconds * 1000));
  }
  return std::min(
      longest, Milliseconds(number_at(pod, {"spec", "terminationGracePeriodSeconds"}, 30) * 1000));
}

class Kubelet {
 public:
  Kubelet(ControlPlane& plane, const Json& pod)
      : plane_(plane), pod_(pod), status_(pod.value("status", Json::object())) {}

  Json report() {
    const References references(plane_, pod_);
    const bool mounted = references.missing_volume(pod_).empty();
    bool initialized = true;
    Json init = Json::array(), statuses = Json::array();
    for (const auto& container : list_at(pod_, {"spec", "initContainers"})) {
      const auto life = one(container, references, mounted && initialized, true);
      initialized = initialized && life.completed;
      init.push_back(life.status);
    }
    bool all_started = true;
    std::string unready;
    for (const auto& container : list_at(pod_, {"spec", "containers"})) {
      auto life = one(container, references, mounted && initialized, false);
      if (!initialized) life.status["state"] = {{"waiting", {{"reason", "PodInitializing"}}}};
      all_started = all_started && life.started_once;
      if (!life.ready) unready += (unready.empty() ? "" : " ") + container.value("name", "");
      statuses.push_back(life.status);
    }
    status_["phase"] = all_started ? "Running" : "Pending";
    status_["containerStatuses"] = statuses;
    if (!init.empty()) status_["initContainerStatuses"] = init;
    conditions(initialized, unready);
    return status_;
  }

 private:
  // The life of a container begins when the pod has its volumes and its init containers are done.
  ContainerLife one(const Json& container, const References& references, bool begins, bool init) {
    const auto uid = uid_of(pod_);
    auto& start = plane_.born[uid + "/" + container.value("name", "")];
    if (start.ms == 0 || !begins) start = plane_.now;
    const auto missing = references.missing_of(container);
    const auto life = container_life(
        {pod_, container, start, plane_.now - start, missing, init, plane_.sick.contains(uid)},
        plane_.timings);
    if (life.next && begins) plane_.wake_at(start + *life.next);
    // A Secret that comes late finds the image pulled.
    if (!missing.empty()) start = std::max(start, plane_.now - plane_.timings.pull);
    return life;
  }

  void conditions(bool initialized, const std::string& unready) {
    auto& all = status_["conditions"];
    const auto time = plane_.time();
    set_condition(
        all, condition("Initialized", initialized, initialized ? "" : "ContainersNotInitialized"),
        time);
    const auto message = "containers with unready status: [" + unready + "]";
    const bool containers = unready.empty();
    set_condition(all,
                  containers ? condition("ContainersReady", true)
                             : condition("ContainersReady", false, "ContainersNotReady", message),
                  time);
    std::string gate;
    for (const auto& wanted : list_at(pod_, {"spec", "readinessGates"})) {
      const auto* found = find_condition(all, wanted.value("conditionType", ""));
      if (!found || found->value("status", "") != "True")
        gate = "corresponding condition of pod readiness gate \"" +
               wanted.value("conditionType", "") + "\" does not exist.";
    }
    if (!containers)
      set_condition(all, condition("Ready", false, "ContainersNotReady", message), time);
    else if (!gate.empty())
      set_condition(all, condition("Ready", false, "ReadinessGatesNotReady", gate), time);
    else
      set_condition(all, condition("Ready", true), time);
    set_condition(all, condition("PodScheduled", true), time);
  }

  ControlPlane& plane_;
  const Json& pod_;
  Json status_;
};

void schedule(ControlPlane& plane, Json& pod) {
  if (unschedulable(pod)) {
    pod["status"]["phase"] = "Pending";
    const std::string why =
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are "
        "available: "
        "3 No preemption victims found for incoming pod.";
    set_condition(pod["status"]["conditions"],
                  condition("PodScheduled", false, "Unschedulable", why), plane.time());
    const bool known =
        find_condition(at(*plane.store.find(type("pods"), namespace_of(pod), name_of(pod)),
                          {"status", "conditions"}),
                       "PodScheduled") != nullptr;
    plane.write(type("pods"), pod);
    if (!known) plane.event(pod, "Pod", true, "FailedScheduling", why, "default-scheduler");
    return;
  }
  pod["spec"]["nodeName"] = fmt::format("node-{}", plane.random() % 3 + 1);
  const auto address = plane.addresses++;
  const auto ip = fmt::format("10.244.{}.{}", address / 250 % 250, address % 250 + 1);
  auto& status = pod["status"];
  status["podIP"] = ip;
  status["podIPs"] = {{{"ip", ip}}};
  status["hostIP"] = "192.168.0.10";
  status["startTime"] = plane.time();
  status["qosClass"] = "Burstable";
  plane.event(pod, "Pod", false, "Scheduled",
              fmt::format("Successfully assigned {}/{} to {}", namespace_of(pod), name_of(pod),
                          text_at(pod, {"spec", "nodeName"})),
              "default-scheduler");
}

// What `kubectl describe` and failure reports show of a container that does not start.
void tell_troubles(ControlPlane& plane, const Json& before, const Json& pod) {
  for (const auto& status : list_at(pod, {"status", "containerStatuses"})) {
    const auto reason = text_at(status, {"state", "waiting", "reason"});
    if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") continue;
    bool known = false;
    for (const auto& old : list_at(before, {"status", "containerStatuses"}))
      known = known || (old.value("name", "") == status.value("name", "") &&
                        text_at(old, {"state", "waiting", "reason"}) == reason);
    if (known) continue;
    const bool back_off = reason.ends_with("BackOff");
    plane.event(pod, "Pod", true, back_off ? "BackOff" : "Failed",
                reason == "CrashLoopBackOff"
                    ? "Back-off restarting failed container " + status.value("name", "") +
                          " in pod " + name_of(pod)
                : back_off ? "Back-off pulling image \"" + status.value("image", "") + "\""
                           : "Error: " + text_at(status, {"state", "waiting", "message"}),
                "kubelet");
  }
}

}  // namespace

void run_pods(ControlPlane& plane) {
  for (const auto& stored : plane.store.list(type("pods"))) {
    const auto uid = uid_of(*stored);
    if (const auto ending = plane.dying.find(uid); ending != plane.dying.end()) {
      const auto end = ending->second + pre_stop(*stored) + plane.timings.terminate;
      plane.wake_at(end);
      if (plane.now >= end)
        plane.store.erase(type("pods"), namespace_of(*stored), name_of(*stored));
      continue;
    }
    Json pod = *stored;
    if (text_at(pod, {"spec", "nodeName"}).empty()) schedule(plane, pod);
    if (text_at(pod, {"spec", "nodeName"}).empty()) continue;
    pod["status"] = Kubelet(plane, pod).report();
    plane.write(type("pods"), pod);
    tell_troubles(plane, *stored, pod);
  }
}

}  // namespace mlopsctl::testing
