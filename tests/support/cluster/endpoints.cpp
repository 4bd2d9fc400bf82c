// EndpointSlices of Services, and the status that a Gateway gives an HTTPRoute.
#include "support/cluster/control_plane.hpp"
#include "support/cluster/selectors.hpp"

#include <fmt/format.h>

namespace mlopsctl::testing {

namespace {

bool is_ready(const Json& pod) {
  const auto* ready = find_condition(at(pod, {"status", "conditions"}), "Ready");
  return ready && ready->value("status", "") == "True";
}

Json endpoint_of(const Json& pod, bool publish_all) {
  const bool terminating = !at(pod, {"metadata", "deletionTimestamp"}).is_null();
  const bool serving = is_ready(pod);
  return {{"addresses", {text_at(pod, {"status", "podIP"})}},
          {"conditions",
           {{"ready", publish_all || (serving && !terminating)},
            {"serving", serving},
            {"terminating", terminating}}},
          {"nodeName", text_at(pod, {"spec", "nodeName"})},
          {"targetRef",
           {{"kind", "Pod"},
            {"namespace", namespace_of(pod)},
            {"name", name_of(pod)},
            {"uid", uid_of(pod)}}}};
}

// The number of a named port, from the pods.
Json target_port(const Json& port, const std::vector<Object>& pods) {
  const Json target = port.value("targetPort", port.value("port", Json()));
  if (!target.is_string()) return target;
  for (const auto& pod : pods)
    for (const auto& container : at(*pod, {"spec", "containers"}))
      for (const auto& known : container.value("ports", Json::array()))
        if (known.value("name", Json()) == target) return known.value("containerPort", Json());
  return nullptr;
}

void sync(ControlPlane& plane, const Json& service) {
  const Json selector = at(service, {"spec", "selector"});
  if (!selector.is_object() || selector.empty()) return;
  const auto takes = LabelSelector::from_map(selector);
  std::vector<Object> pods;
  for (const auto& pod : plane.store.list(type("pods"), namespace_of(service)))
    if (takes.takes(at(*pod, {"metadata", "labels"})) &&
        !text_at(*pod, {"status", "podIP"}).empty())
      pods.push_back(pod);

  const bool publish_all = at(service, {"spec"}).value("publishNotReadyAddresses", false);
  Json endpoints = Json::array(), ports = Json::array();
  for (const auto& pod : pods) endpoints.push_back(endpoint_of(*pod, publish_all));
  for (const auto& port : at(service, {"spec", "ports"})) {
    const Json number = target_port(port, pods);
    if (!number.is_null())
      ports.push_back({{"name", port.value("name", "")},
                       {"port", number},
                       {"protocol", port.value("protocol", "TCP")}});
  }
  const auto& slices = type("endpointslices");
  if (const auto known = plane.owned(slices, service); !known.empty()) {
    Json slice = *known.front();
    slice["endpoints"] = endpoints;
    slice["ports"] = ports;
    plane.write(slices, slice);
    return;
  }
  plane.create(slices,
               {{"apiVersion", "discovery.k8s.io/v1"},
                {"kind", "EndpointSlice"},
                {"metadata",
                 {{"name", name_of(service) + "-" + plane.random_suffix()},
                  {"generateName", name_of(service) + "-"},
                  {"namespace", namespace_of(service)},
                  {"labels",
                   {{"kubernetes.io/service-name", name_of(service)},
                    {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"}}},
                  {"ownerReferences",
                   {{{"apiVersion", "v1"},
                     {"kind", "Service"},
                     {"name", name_of(service)},
                     {"uid", uid_of(service)},
                     {"controller", true},
                     {"blockOwnerDeletion", true}}}}}},
                {"addressType", "IPv4"},
                {"endpoints", endpoints},
                {"ports", ports}});
}

Json accepted(const std::string& type, bool holds, const std::string& reason,
              const std::string& message, const Json& generation) {
  return {{"type", type},
          {"status", holds ? "True" : "False"},
          {"reason", reason},
          {"message", message},
          {"observedGeneration", generation}};
}

}  // namespace

void run_endpoints(ControlPlane& plane) {
  for (const auto& service : plane.store.list(type("services"))) sync(plane, *service);
}

void run_routes(ControlPlane& plane) {
  for (const auto& stored : plane.store.list(type("httproutes"))) {
    Json route = *stored;
    std::string missing;
    for (const auto& rule : at(route, {"spec", "rules"}))
      for (const auto& backend : rule.value("backendRefs", Json::array()))
        if (!plane.store.find(type("services"), backend.value("namespace", namespace_of(route)),
                              backend.value("name", "")))
          missing = backend.value("name", "");
    Json parents = Json::array();
    const Json generation = at(route, {"metadata", "generation"});
    std::size_t i = 0;
    for (const auto& parent : at(route, {"spec", "parentRefs"})) {
      const Json& before = at(route, {"status", "parents"});
      Json conditions = before.is_array() && i < before.size()
                            ? before[i].value("conditions", Json::array())
                            : Json::array();
      ++i;
      set_condition(conditions,
                    accepted("Accepted", true, "Accepted", "Route was valid", generation),
                    plane.time());
      set_condition(conditions,
                    missing.empty() ? accepted("ResolvedRefs", true, "ResolvedRefs",
                                               "All references resolved", generation)
                                    : accepted("ResolvedRefs", false, "BackendNotFound",
                                               fmt::format("service {}/{} not found",
                                                           namespace_of(route), missing),
                                               generation),
                    plane.time());
      parents.push_back({{"parentRef", parent},
                         {"controllerName", "mlopsctl.dev/simulated-gateway"},
                         {"conditions", conditions}});
    }
    route["status"]["parents"] = parents;
    plane.write(type("httproutes"), route);
  }
}

}  // namespace mlopsctl::testing
