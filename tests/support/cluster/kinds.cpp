#include "support/cluster/kinds.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>
#include <stdexcept>

namespace mlopsctl::testing {

std::string ResourceType::api_version() const {
  return group.empty() ? std::string(versions.front())
                       : std::string(group) + "/" + std::string(versions.front());
}

std::string ResourceType::qualified() const {
  return group.empty() ? std::string(plural) : std::string(plural) + "." + std::string(group);
}

const std::vector<ResourceType>& resource_types() {
  using Names = std::vector<std::string_view>;
  static const std::vector<ResourceType> types = {
      {.versions = {"v1"},
       .kind = "Namespace",
       .plural = "namespaces",
       .singular = "namespace",
       .short_names = Names{"ns"},
       .namespaced = false,
       .status = true},
      {.versions = {"v1"},
       .kind = "Pod",
       .plural = "pods",
       .singular = "pod",
       .short_names = Names{"po"},
       .status = true,
       .in_all = true},
      {.versions = {"v1"},
       .kind = "Service",
       .plural = "services",
       .singular = "service",
       .short_names = Names{"svc"},
       .status = true,
       .in_all = true},
      {.versions = {"v1"},
       .kind = "ConfigMap",
       .plural = "configmaps",
       .singular = "configmap",
       .short_names = Names{"cm"}},
      {.versions = {"v1"},
       .kind = "Secret",
       .plural = "secrets",
       .singular = "secret",
       .short_names = {}},
      {.versions = {"v1"},
       .kind = "Event",
       .plural = "events",
       .singular = "event",
       .short_names = Names{"ev"}},
      {.group = "apps",
       .versions = {"v1"},
       .kind = "Deployment",
       .plural = "deployments",
       .singular = "deployment",
       .short_names = Names{"deploy"},
       .status = true,
       .scale = true,
       .generation = true,
       .in_all = true},
      {.group = "apps",
       .versions = {"v1"},
       .kind = "ReplicaSet",
       .plural = "replicasets",
       .singular = "replicaset",
       .short_names = Names{"rs"},
       .status = true,
       .scale = true,
       .generation = true,
       .in_all = true},
      {.group = "autoscaling",
       .versions = {"v2"},
       .kind = "HorizontalPodAutoscaler",
       .plural = "horizontalpodautoscalers",
       .singular = "horizontalpodautoscaler",
       .short_names = Names{"hpa"},
       .status = true,
       .in_all = true},
      {.group = "policy",
       .versions = {"v1"},
       .kind = "PodDisruptionBudget",
       .plural = "poddisruptionbudgets",
       .singular = "poddisruptionbudget",
       .short_names = Names{"pdb"},
       .status = true,
       .generation = true},
      {.group = "coordination.k8s.io",
       .versions = {"v1"},
       .kind = "Lease",
       .plural = "leases",
       .singular = "lease",
       .short_names = {}},
      {.group = "discovery.k8s.io",
       .versions = {"v1"},
       .kind = "EndpointSlice",
       .plural = "endpointslices",
       .singular = "endpointslice",
       .short_names = {},
       .generation = true},
      {.group = "networking.k8s.io",
       .versions = {"v1"},
       .kind = "Ingress",
       .plural = "ingresses",
       .singular = "ingress",
       .short_names = Names{"ing"},
       .status = true,
       .generation = true},
      {.group = "gateway.networking.k8s.io",
       .versions = {"v1", "v1beta1"},
       .kind = "HTTPRoute",
       .plural = "httproutes",
       .singular = "httproute",
       .short_names = {},
       .custom = true,
       .status = true,
       .generation = true},
      {.group = "networking.istio.io",
       .versions = {"v1", "v1beta1"},
       .kind = "VirtualService",
       .plural = "virtualservices",
       .singular = "virtualservice",
       .short_names = Names{"vs"},
       .custom = true,
       .status = true,
       .generation = true},
      {.group = "networking.istio.io",
       .versions = {"v1", "v1beta1"},
       .kind = "DestinationRule",
       .plural = "destinationrules",
       .singular = "destinationrule",
       .short_names = Names{"dr"},
       .custom = true,
       .status = true,
       .generation = true},
  };
  return types;
}

const ResourceType* type_of_kind(std::string_view api_version, std::string_view kind) {
  const auto slash = api_version.find('/');
  const auto group = slash == std::string_view::npos ? "" : api_version.substr(0, slash);
  const auto version =
      slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
  for (const auto& type : resource_types())
    if (type.kind == kind && type.group == group &&
        std::find(type.versions.begin(), type.versions.end(), version) != type.versions.end())
      return &type;
  return nullptr;
}

const ResourceType* type_of_name(std::string_view name) {
  const auto word = to_lower(name.substr(0, name.find('.')));
  std::string_view group = name.size() > word.size() ? name.substr(word.size() + 1) : "";
  for (const auto& type : resource_types()) {
    const bool named =
        word == type.plural || word == type.singular || word == to_lower(type.kind) ||
        std::find(type.short_names.begin(), type.short_names.end(), word) != type.short_names.end();
    if (!named) continue;
    for (const auto version : type.versions)  // "deployments.v1.apps"
      if (group.starts_with(version) &&
          (group.size() == version.size() || group[version.size()] == '.'))
        group = group.size() == version.size() ? "" : group.substr(version.size() + 1);
    if (group.empty() || group == type.group) return &type;
  }
  return nullptr;
}

const ResourceType& type(std::string_view plural) {
  for (const auto& type : resource_types())
    if (type.plural == plural) return type;
  throw std::logic_error("no resource type " + std::string(plural));
}

}  // namespace mlopsctl::testing
