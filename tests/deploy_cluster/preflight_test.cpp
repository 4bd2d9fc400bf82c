// What would stop a deployment half-way is found before it changes anything.
#include "mlopsctl/deploy/kube_events.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "deploy_cluster/cluster_world.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

DeployPlan plan() {
  DeployPlan made;
  made.app = "chat";
  return made;
}

// Everything but one verb of one kind.
std::vector<Rule> all_but(const std::string& verb, const std::string& resource) {
  std::vector<Rule> rules;
  for (const std::string kind :
       {"leases", "configmaps", "secrets", "deployments", "replicasets", "pods", "pods/log",
        "services", "endpointslices", "httproutes", "namespaces", "horizontalpodautoscalers"})
    for (const std::string one : {"get", "list", "create", "patch", "delete"})
      if (kind != resource || one != verb) rules.push_back({{one}, {"*"}, {kind}, {}});
  return rules;
}

struct World : ClusterWorld {
  SimulatedCluster ci{kubernetes, {.caller = {"ci"}}};
};

}  // namespace

TEST_CASE("a namespace must be there") {
  World world;
  CHECK_NOTHROW(preflight(world.cluster, plan()));
  Kubernetes empty{{.name_space = "other"}};
  empty.destroy("namespace", "other");
  SimulatedCluster cluster(empty);
  const auto error = error_of([&] { preflight(cluster, plan()); });
  CHECK((error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::conflict));
  CHECK(mentions(error, "namespace"));
}

TEST_CASE("who may not look at namespaces is not stopped by that") {
  World world;
  world.kubernetes.restrict_user("ci", all_but("get", "namespaces"));
  CHECK_NOTHROW(preflight(world.ci, plan()));
}

TEST_CASE("missing rights are told as lines for an administrator") {
  World world;
  world.kubernetes.restrict_user("ci", {{{"get", "list"}, {"*"}, {"*"}, {}}});
  const auto error = error_of([&] { preflight(world.ci, plan()); });
  CHECK(error.kind() == ErrorKind::config);
  CHECK(mentions(error, "patch services"));
  CHECK(mentions(error, " -n llm --verb=create,patch --resource=leases.coordination.k8s.io"));
  CHECK(mentions(error, " -n llm --verb=patch --resource=deployments.apps,services"));
  CHECK(mentions(error, "kubectl create rolebinding mlopsctl-1 -n llm --role=mlopsctl-1"));
}

TEST_CASE("Secrets are asked for only where pods use them") {
  World world;
  world.kubernetes.restrict_user("ci", all_but("create", "secrets"));
  CHECK_NOTHROW(preflight(world.ci, plan()));
  Json deployment = deployment_manifest("chat", "acme/chat:1", 1);
  deployment["spec"]["template"]["spec"]["volumes"] =
      Json::array({{{"name", "keys"}, {"secret", {{"secretName", "keys"}}}}});
  world.kubernetes.make(deployment);
  CHECK_ERROR(preflight(world.ci, plan()), ErrorKind::config, "create secrets");
}

TEST_CASE("a canary needs the rights and the kind of its route") {
  DeployPlan canary = plan();
  canary.strategy = StrategyKind::canary;
  canary.canary.traffic.router = RouterKind::gateway_api;
  World world;
  CHECK_NOTHROW(preflight(world.cluster, canary));
  world.kubernetes.restrict_user("ci", all_but("patch", "httproutes"));
  CHECK_ERROR(preflight(world.ci, canary), ErrorKind::config, "patch httproutes");
  Kubernetes plain{{.gateway_api = false}};
  SimulatedCluster cluster(plain);
  CHECK_ERROR(preflight(cluster, canary), ErrorKind::config, "the cluster has no httproutes");
}

TEST_CASE("what a deployment tells becomes Events of its Deployment") {
  ClusterWorld world;
  const Json deployment = world.kubernetes.make(deployment_manifest("chat", "acme/chat:1", 1));
  const auto tell = kube_event_sink(world.cluster, world.clock, "chat");
  const auto told = [&] {
    std::vector<Json> events;
    for (auto& one : world.kubernetes.objects("events"))
      if (one["source"]["component"] == "mlopsctl") events.push_back(one);
    return events;
  };
  DeployEvent event;
  event.severity = DeployEvent::Severity::warn;
  event.reason = "RolledBack";
  event.message = "p99 612 ms > 500 ms\xff";
  tell(event);
  REQUIRE(told().size() == 1);
  const Json stored = told()[0];
  CHECK(stored["involvedObject"]["uid"] == deployment["metadata"]["uid"]);
  CHECK(stored["involvedObject"]["kind"] == "Deployment");
  CHECK(stored["type"] == "Warning");
  CHECK(stored["reason"] == "RolledBack");
  CHECK(stored["message"] == "p99 612 ms > 500 ms\xEF\xBF\xBD");

  SUBCASE("a cluster that is away or refuses does not disturb it") {
    world.away = true;
    CHECK_NOTHROW(tell(event));
    world.away = false;
    tell(event);
    CHECK(told().size() == 2);
  }
}
