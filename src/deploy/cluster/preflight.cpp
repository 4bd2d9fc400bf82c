// What would stop a deployment half-way is found before it changes anything.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "deploy/cluster/config_references.hpp"
#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/required_rights.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace mlopsctl {
namespace {

ObjectRef named(const char* kind, std::string name) {
  return {.kind = kind, .name = std::move(name), .selector = {}};
}

// Deployments that may be there already, under the names that the strategy uses.
std::vector<ObjectRef> carriers(const DeployPlan& plan) {
  constexpr const char* kind = "deployment.apps";
  switch (plan.strategy) {
    case StrategyKind::blue_green:
      return {named(kind, plan.app + "-" + plan.blue_green.blue),
              named(kind, plan.app + "-" + plan.blue_green.green)};
    case StrategyKind::canary:
      return {named(kind, plan.app), named(kind, plan.app + "-canary")};
    case StrategyKind::rolling:
      break;
  }
  return {named(kind, plan.app)};
}

// All that a deployment begins with, in one call (ReadOnce keeps it for the strategy). The lock
// comes first: whoever takes it as it was then knows that no other deployment changed the rest.
std::vector<ObjectRef> all_at_first(const DeployPlan& plan) {
  std::vector<ObjectRef> references{named("lease.coordination.k8s.io", "mlopsctl-" + plan.app)};
  for (auto& carrier : carriers(plan)) references.push_back(std::move(carrier));
  if (plan.strategy != StrategyKind::rolling)
    references.push_back(named("service", plan.service.empty() ? plan.app : plan.service));
  references.push_back(named("configmap", "mlopsctl-history-" + plan.app));
  return references;
}

// Nothing: it may not be read.
std::optional<std::vector<Json>> get_if_allowed(Cluster& cluster,
                                                std::span<const ObjectRef> references) {
  try {
    return cluster.get(references);
  } catch (const ClusterError& error) {
    if (error.failure() != ClusterFailure::forbidden) throw;
    return std::nullopt;
  }
}

bool refers_to_secrets(Json& deployment) {
  bool secrets = false;
  const Json::json_pointer pod_template{"/spec/template"};
  if (deployment.contains(pod_template))
    deploy::each_config(deployment.at(pod_template), [&](const deploy::ConfigReference& reference) {
      secrets = secrets || std::strcmp(reference.kind, "secret") == 0;
    });
  return secrets;
}

void check_namespace(const Json* name_space, const std::string& name) {
  if (name_space == nullptr)
    throw Error{ErrorKind::not_found, fmt::format("there is no namespace '{}'", name),
                fmt::format("kubectl create namespace {}", name)};
  if (deploy::text_at(*name_space, "/status/phase") == "Terminating")
    throw Error{ErrorKind::conflict, fmt::format("the namespace '{}' is being deleted", name),
                "choose another one, or wait until it is gone and create it anew"};
}

// Reads namespace and Deployments; returns whether Secrets are needed.
bool look_around(Cluster& cluster, const DeployPlan& plan) {
  auto references = all_at_first(plan);
  references.push_back(named("namespace", cluster.name_space()));
  auto found = get_if_allowed(cluster, references);
  const bool namespace_told = found.has_value();
  if (!found) {  // who may only work inside of a namespace cannot look at it
    references.pop_back();
    found = get_if_allowed(cluster, references);
  }
  if (!found) found = cluster.get(carriers(plan));  // check_rights will say what is missing
  const Json* name_space = nullptr;
  bool secrets = false;
  for (auto& object : *found) {
    if (deploy::text_at(object, "/kind") == "Namespace") {
      name_space = &object;
    } else {
      secrets = refers_to_secrets(object) || secrets;
    }
  }
  if (namespace_told) check_namespace(name_space, cluster.name_space());
  return secrets;
}

void check_rights(Cluster& cluster, const std::vector<Right>& rights) {
  const auto missing = cluster.missing_rights(rights);
  if (missing.empty()) return;
  std::vector<std::string> names;
  for (const auto& right : missing)
    names.push_back(fmt::format("{} {}", right.verb, right.resource));
  throw Error{ErrorKind::config,
              fmt::format("rights are missing in {}: {}", cluster.describe(), join(names, ", ")),
              join(deploy::role_lines(missing, cluster.name_space()), "\n")};
}

void check_kind(Cluster& cluster, const ObjectRef& route) {
  try {
    get_one(cluster, route);
  } catch (const ClusterError& error) {
    if (error.failure() != ClusterFailure::no_such_kind) throw;
    throw Error{
        ErrorKind::config,
        fmt::format("the cluster has no {}, which the traffic of the canary needs", route.kind),
        "install it, or choose another traffic.router in deploy.yaml"};
  }
}

}  // namespace

void preflight(Cluster& cluster, const DeployPlan& plan) {
  const bool with_secrets = look_around(cluster, plan);
  check_rights(cluster, deploy::required_rights(plan, with_secrets));
  if (const auto route = deploy::traffic_object(plan)) check_kind(cluster, *route);
}

}  // namespace mlopsctl
