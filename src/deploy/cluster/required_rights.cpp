#include "deploy/cluster/required_rights.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace mlopsctl::deploy {
namespace {

void need(std::vector<Right>& rights, const char* resource,
          std::initializer_list<std::string_view> verbs) {
  for (const auto verb : verbs) rights.push_back({.verb = std::string{verb}, .resource = resource});
}

const char* traffic_resource(RouterKind router) {
  switch (router) {
    case RouterKind::gateway_api:
      return "httproutes.gateway.networking.k8s.io";
    case RouterKind::istio:
      return "virtualservices.networking.istio.io";
    case RouterKind::nginx:
      return "ingresses.networking.k8s.io";
    case RouterKind::replicas:
      break;
  }
  return nullptr;
}

bool is_reached_by_port_forward(const DeployPlan& plan) {
  return !plan.smoke.empty() && plan.smoke_url.empty();
}

}  // namespace

std::vector<Right> required_rights(const DeployPlan& plan, bool with_secrets) {
  std::vector<Right> rights;
  need(rights, "leases.coordination.k8s.io", {"get", "create", "patch"});
  need(rights, "configmaps", {"get", "list", "create", "patch", "delete"});
  if (with_secrets) need(rights, "secrets", {"get", "list", "create", "delete"});
  need(rights, "deployments.apps", {"get", "list", "patch"});
  need(rights, "replicasets.apps", {"list"});
  need(rights, "pods", {"list"});
  need(rights, "pods/log", {"get"});
  need(rights, "services", {"get", "patch"});
  need(rights, "endpointslices.discovery.k8s.io", {"list"});
  if (plan.strategy != StrategyKind::rolling) need(rights, "deployments.apps", {"create"});
  if (is_reached_by_port_forward(plan)) {
    need(rights, "pods", {"get"});
    need(rights, "pods/portforward", {"create"});
  }
  const char* route = traffic_resource(plan.canary.traffic.router);
  if (plan.strategy == StrategyKind::canary) {
    need(rights, "deployments.apps", {"delete"});  // of a canary whose selector has to change
    need(rights, "horizontalpodautoscalers.autoscaling", {"list"});
  }
  if (plan.strategy == StrategyKind::canary && route != nullptr) {
    need(rights, "services", {"create", "delete"});
    need(rights, route, {"get", "patch"});
    if (plan.canary.traffic.router == RouterKind::nginx)
      need(rights, route, {"list", "create", "delete"});
  }
  return rights;
}

std::optional<ObjectRef> traffic_object(const DeployPlan& plan) {
  const char* resource = traffic_resource(plan.canary.traffic.router);
  if (plan.strategy != StrategyKind::canary || resource == nullptr) return std::nullopt;
  const auto& name = plan.canary.traffic.object;
  return ObjectRef{.kind = resource, .name = name.empty() ? plan.app : name, .selector = {}};
}

std::vector<std::string> role_lines(const std::vector<Right>& missing,
                                    const std::string& name_space) {
  // One role can only give the same verbs for all of its resources.
  std::vector<std::pair<std::string, std::string>> verbs;  // of a resource, in order
  for (const auto& right : missing) {
    auto same = verbs.begin();
    while (same != verbs.end() && same->first != right.resource) ++same;
    if (same == verbs.end()) {
      verbs.emplace_back(right.resource, right.verb);
    } else {
      same->second += "," + right.verb;
    }
  }
  std::map<std::string, std::string> resources;  // of a set of verbs
  for (const auto& [resource, set] : verbs)
    resources[set] += (resources[set].empty() ? "" : ",") + resource;
  std::vector<std::string> lines;
  for (const auto& [set, list] : resources) {
    const std::string role = fmt::format("mlopsctl-{}", lines.size() / 2 + 1);
    lines.push_back(fmt::format("kubectl create role {} -n {} --verb={} --resource={}", role,
                                name_space, set, list));
    lines.push_back(fmt::format("kubectl create rolebinding {0} -n {1} --role={0} --user=USER",
                                role, name_space));
  }
  return lines;
}

}  // namespace mlopsctl::deploy
