#include "support/cluster/defaults.hpp"

#include "support/cluster/store.hpp"

namespace mlopsctl::testing {

namespace {

void set(Json& object, const std::string& key, Json value) {
  if (!object.contains(key) || object[key].is_null()) object[key] = std::move(value);
}

void probe_defaults(Json& container) {
  for (const auto* name : {"readinessProbe", "livenessProbe", "startupProbe"}) {
    if (!container.contains(name)) continue;
    auto& probe = container[name];
    set(probe, "timeoutSeconds", 1);
    set(probe, "periodSeconds", 10);
    set(probe, "successThreshold", 1);
    set(probe, "failureThreshold", 3);
    if (probe.contains("httpGet")) {
      set(probe["httpGet"], "scheme", "HTTP");
      set(probe["httpGet"], "path", "/");
    }
  }
}

void container_defaults(Json& container) {
  const auto image = container.value("image", "");
  const auto slash = image.rfind('/');
  const auto name = slash == std::string::npos ? image : image.substr(slash + 1);
  const bool latest = name.find('@') == std::string::npos &&
                      (name.find(':') == std::string::npos || name.ends_with(":latest"));
  set(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
  set(container, "resources", Json::object());
  set(container, "terminationMessagePath", "/dev/termination-log");
  set(container, "terminationMessagePolicy", "File");
  if (container.contains("ports"))
    for (auto& port : container["ports"]) set(port, "protocol", "TCP");
  if (container.contains("env"))
    for (auto& variable : container["env"])
      if (variable.contains("valueFrom") && variable["valueFrom"].contains("fieldRef"))
        set(variable["valueFrom"]["fieldRef"], "apiVersion", "v1");
  // Requests that are left open are the limits.
  const Json limits = at(container, {"resources", "limits"});
  if (limits.is_object())
    for (const auto& [resource, amount] : limits.items())
      set(container["resources"]["requests"], resource, amount);
  probe_defaults(container);
}

void pod_defaults(Json& spec) {
  set(spec, "restartPolicy", "Always");
  set(spec, "terminationGracePeriodSeconds", 30);
  set(spec, "dnsPolicy", "ClusterFirst");
  set(spec, "securityContext", Json::object());
  set(spec, "schedulerName", "default-scheduler");
  for (const auto* list : {"containers", "initContainers"})
    if (spec.contains(list) && spec[list].is_array())
      for (auto& container : spec[list]) container_defaults(container);
  if (spec.contains("volumes"))
    for (auto& volume : spec["volumes"])
      for (const auto* source : {"configMap", "secret", "projected", "downwardAPI"})
        if (volume.contains(source)) set(volume[source], "defaultMode", 420);
}

void template_defaults(Json& spec) {
  auto& made = spec["template"];
  if (!made.is_object()) return;
  if (!made["metadata"].contains("creationTimestamp"))
    made["metadata"]["creationTimestamp"] = nullptr;
  if (made.contains("spec")) pod_defaults(made["spec"]);
}

void deployment_defaults(Json& spec) {
  set(spec, "replicas", 1);
  set(spec, "revisionHistoryLimit", 10);
  set(spec, "progressDeadlineSeconds", 600);
  set(spec, "strategy", Json::object());
  auto& strategy = spec["strategy"];
  set(strategy, "type", "RollingUpdate");
  if (strategy["type"] == "RollingUpdate") {
    set(strategy, "rollingUpdate", Json::object());
    set(strategy["rollingUpdate"], "maxUnavailable", "25%");
    set(strategy["rollingUpdate"], "maxSurge", "25%");
  }
}

void service_defaults(Json& spec) {
  set(spec, "type", "ClusterIP");
  set(spec, "sessionAffinity", "None");
  set(spec, "internalTrafficPolicy", "Cluster");
  set(spec, "ipFamilies", {"IPv4"});
  set(spec, "ipFamilyPolicy", "SingleStack");
  if (spec.contains("ports"))
    for (auto& port : spec["ports"]) {
      set(port, "protocol", "TCP");
      if (port.contains("port")) set(port, "targetPort", port["port"]);
    }
}

void scale_rules(Json& rules, const Json& policies, int window) {
  set(rules, "selectPolicy", "Max");
  set(rules, "policies", policies);
  set(rules, "stabilizationWindowSeconds", window);
}

void autoscaler_defaults(Json& spec) {
  set(spec, "minReplicas", 1);
  if (!spec.contains("metrics"))
    spec["metrics"] = {
        {{"type", "Resource"},
         {"resource",
          {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 80}}}}}}};
  if (!spec.contains("behavior")) return;
  const Json up = Json::array({{{"type", "Pods"}, {"value", 4}, {"periodSeconds", 15}},
                               {{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}}});
  const Json down = Json::array({{{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}}});
  scale_rules(spec["behavior"]["scaleUp"], up, 0);
  auto& slow = spec["behavior"]["scaleDown"];
  set(slow, "selectPolicy", "Max");
  set(slow, "policies", down);
}

void route_defaults(Json& spec) {
  if (spec.contains("parentRefs"))
    for (auto& parent : spec["parentRefs"]) {
      set(parent, "group", "gateway.networking.k8s.io");
      set(parent, "kind", "Gateway");
    }
  if (!spec.contains("rules")) spec["rules"] = Json::array({Json::object()});
  for (auto& rule : spec["rules"]) {
    set(rule, "matches", Json::array({{{"path", {{"type", "PathPrefix"}, {"value", "/"}}}}}));
    if (!rule.contains("backendRefs")) continue;
    for (auto& backend : rule["backendRefs"]) {
      set(backend, "group", "");
      set(backend, "kind", "Service");
      set(backend, "weight", 1);
    }
  }
}

}  // namespace

void set_defaults(const ResourceType& type, Json& object) {
  if (type.kind == "Secret") return set(object, "type", "Opaque");
  if (type.kind == "Namespace") return set(object["spec"], "finalizers", {"kubernetes"});
  if (!object.contains("spec") || !object["spec"].is_object()) return;
  auto& spec = object["spec"];
  if (type.kind == "Pod") pod_defaults(spec);
  if (type.kind == "Deployment") deployment_defaults(spec);
  if (type.kind == "ReplicaSet") set(spec, "replicas", 1);
  if (type.kind == "Deployment" || type.kind == "ReplicaSet") template_defaults(spec);
  if (type.kind == "Service") service_defaults(spec);
  if (type.kind == "HorizontalPodAutoscaler") autoscaler_defaults(spec);
  if (type.kind == "HTTPRoute") route_defaults(spec);
}

}  // namespace mlopsctl::testing
