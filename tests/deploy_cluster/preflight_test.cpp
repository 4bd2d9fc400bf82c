// What would stop a deployment half-way is found before it changes anything.
#include "mlopsctl/deploy/kube_events.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "deploy_cluster/memory_cluster.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using mlopsctl::testing::MemoryCluster;
using mlopsctl::testing::VirtualClock;

namespace {

DeployPlan plan() {
  DeployPlan made;
  made.app = "chat";
  return made;
}

void create_namespace(MemoryCluster& cluster, const char* phase) {
  cluster.create({{"apiVersion", "v1"},
                  {"kind", "Namespace"},
                  {"metadata", {{"name", "llm"}}},
                  {"status", {{"phase", phase}}}});
}

}  // namespace

TEST_CASE("a namespace must be there and stay") {
  MemoryCluster cluster;
  CHECK_ERROR(preflight(cluster, plan()), ErrorKind::not_found, "kubectl create namespace llm");
  create_namespace(cluster, "Active");
  CHECK_NOTHROW(preflight(cluster, plan()));
  cluster.object("namespace", "llm")["status"]["phase"] = "Terminating";
  CHECK_ERROR(preflight(cluster, plan()), ErrorKind::conflict, "is being deleted");
}

TEST_CASE("missing rights are told as lines for an administrator") {
  MemoryCluster cluster;
  create_namespace(cluster, "Active");
  cluster.refused_rights = {{.verb = "create", .resource = "leases.coordination.k8s.io"},
                            {.verb = "patch", .resource = "leases.coordination.k8s.io"},
                            {.verb = "patch", .resource = "services"}};
  CHECK_ERROR(preflight(cluster, plan()), ErrorKind::config, "patch services");
  CHECK_ERROR(preflight(cluster, plan()), ErrorKind::config,
              "kubectl create role mlopsctl-1 -n llm --verb=create,patch "
              "--resource=leases.coordination.k8s.io\n");
  CHECK_ERROR(preflight(cluster, plan()), ErrorKind::config,
              "kubectl create role mlopsctl-2 -n llm --verb=patch --resource=services\n");
}

TEST_CASE(
    "Secrets are asked for only where pods use them, routes only of canaries that need them") {
  MemoryCluster cluster;
  create_namespace(cluster, "Active");
  cluster.refused_rights = {{.verb = "get", .resource = "secrets"},
                            {.verb = "patch", .resource = "httproutes.gateway.networking.k8s.io"}};
  CHECK_NOTHROW(preflight(cluster, plan()));
  DeployPlan canary = plan();
  canary.strategy = StrategyKind::canary;
  CHECK_NOTHROW(preflight(cluster, canary));
  canary.canary.traffic.router = RouterKind::gateway_api;
  CHECK_ERROR(preflight(cluster, canary), ErrorKind::config, "httproutes");
  Json deployment{
      {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", "chat"}}}};
  deployment["spec"]["template"]["spec"]["volumes"] =
      Json::array({{{"name", "keys"}, {"secret", {{"secretName", "keys"}}}}});
  cluster.create(deployment);
  CHECK_ERROR(preflight(cluster, plan()), ErrorKind::config, "get secrets");
}

TEST_CASE("what a deployment tells becomes Events of its Deployment") {
  MemoryCluster cluster;
  VirtualClock clock;
  cluster.create({{"apiVersion", "apps/v1"},
                  {"kind", "Deployment"},
                  {"metadata", {{"name", "chat"}, {"uid", "u-1"}}}});
  const auto tell = kube_event_sink(cluster, clock, "chat");
  DeployEvent event;
  event.severity = DeployEvent::Severity::warn;
  event.reason = "RolledBack";
  event.message = "p99 612 ms > 500 ms\xff";
  tell(event);
  const auto names = cluster.names("event");
  REQUIRE(names.size() == 1);
  const Json& stored = cluster.object("event", names[0]);
  CHECK(stored["involvedObject"]["uid"] == "u-1");
  CHECK(stored["involvedObject"]["kind"] == "Deployment");
  CHECK(stored["type"] == "Warning");
  CHECK(stored["reason"] == "RolledBack");
  CHECK(stored["message"] == "p99 612 ms > 500 ms\xEF\xBF\xBD");

  SUBCASE("a cluster that is away or refuses does not disturb it") {
    cluster.away = true;
    CHECK_NOTHROW(tell(event));
    cluster.away = false;
    tell(event);
    CHECK(cluster.names("event").size() == 2);
  }
}
