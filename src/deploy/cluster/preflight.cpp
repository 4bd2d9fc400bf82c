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

namespace mlopsctl {
namespace {

// Deployments that may be there already, under the names that the strategies use.
std::vector<ObjectRef> carriers(const DeployPlan& plan) {
  std::vector<ObjectRef> references;
  for (const std::string& name :
       {plan.app, plan.app + "-" + plan.blue_green.blue, plan.app + "-" + plan.blue_green.green})
    references.push_back({.kind = "deployment.apps", .name = name, .selector = {}});
  return references;
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
  auto references = carriers(plan);
  references.push_back({.kind = "namespace", .name = cluster.name_space(), .selector = {}});
  std::vector<Json> found;
  bool namespace_told = true;
  try {
    found = cluster.get(references);
  } catch (const ClusterError& error) {
    if (error.failure() != ClusterFailure::forbidden) throw;
    namespace_told = false;  // who may only work inside of a namespace cannot look at it
    references.pop_back();
    found = cluster.get(references);
  }
  const Json* name_space = nullptr;
  bool secrets = false;
  for (auto& object : found) {
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
