// The rules of the API server that a deployment relies on.
#include "support/cluster/manifests.hpp"
#include "support/cluster/simulated_cluster.hpp"
#include "support/cluster/virtual_clock.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

struct Setup {
  Kubernetes world;
  SimulatedCluster cluster{world};
  Setup() {
    world.make(deployment_manifest("chat", "acme/chat:1", 2));
    world.make(service_manifest("chat", {{"app", "chat"}, {"version", "blue"}}));
  }
};

const ObjectRef chat_service{"services", "chat", {}};
const ObjectRef chat_deployment{"deployments.apps", "chat", {}};

template <typename Action>
ClusterFailure failure_of(const Action& action) {
  try {
    action();
  } catch (const ClusterError& error) {
    return error.failure();
  }
  FAIL("nothing failed");
  return ClusterFailure::other;
}

template <typename Action>
std::string text_of(const Action& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing failed";
}

Json lease(const std::string& time) {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"name", "mlopsctl-chat"}}},
          {"spec", {{"holderIdentity", "me"}, {"leaseDurationSeconds", 30}, {"renewTime", time}}}};
}

}  // namespace

TEST_CASE("a selector is switched only if it is what it was thought to be") {
  Setup setup;
  const Json operations{
      {{"op", "test"}, {"path", "/spec/selector/version"}, {"value", "blue"}},
      {{"op", "replace"}, {"path", "/spec/selector/version"}, {"value", "green"}}};
  CHECK(setup.cluster.patch(chat_service, PatchKind::json,
                            operations)["spec"]["selector"]["version"] == "green");
  CHECK(failure_of([&] { setup.cluster.patch(chat_service, PatchKind::json, operations); }) ==
        ClusterFailure::conflict);
}

TEST_CASE("a merge patch with a stale resourceVersion is refused, and a null removes") {
  Setup setup;
  const auto version = setup.world.object("service", "chat")["metadata"]["resourceVersion"];
  setup.world.edit("service", "chat", {{"metadata", {{"labels", {{"a", "b"}}}}}});
  CHECK(failure_of([&] {
          setup.cluster.patch(
              chat_service, PatchKind::merge,
              {{"metadata", {{"resourceVersion", version}, {"labels", {{"a", "c"}}}}}});
        }) == ClusterFailure::conflict);
  const auto now = setup.cluster.patch(chat_service, PatchKind::merge,
                                       {{"spec", {{"selector", {{"version", nullptr}}}}}});
  CHECK(now["spec"]["selector"] == Json{{"app", "chat"}});
}

TEST_CASE("a patch that changes nothing makes no new version") {
  Setup setup;
  const auto before = setup.world.object("service", "chat")["metadata"]["resourceVersion"];
  setup.cluster.patch(chat_service, PatchKind::merge,
                      {{"spec", {{"selector", {{"version", "blue"}}}}}});
  CHECK(setup.world.object("service", "chat")["metadata"]["resourceVersion"] == before);
}

TEST_CASE(
    "selectors are immutable, replicas do not change the template, status belongs to the "
    "controllers") {
  Setup setup;
  CHECK(text_of([&] {
          setup.cluster.patch(chat_deployment, PatchKind::merge,
                              {{"spec", {{"selector", {{"matchLabels", {{"x", "y"}}}}}}}});
        }).find("is invalid") != std::string::npos);
  const auto now =
      setup.cluster.patch(chat_deployment, PatchKind::merge, {{"status", {{"readyReplicas", 99}}}});
  CHECK(now["metadata"]["generation"] == 1);
  CHECK(now["status"].value("readyReplicas", 0) == 0);
}

TEST_CASE("a Lease wants six decimals") {
  Setup setup;
  CHECK(failure_of([&] { setup.cluster.create(lease("2026-11-30T02:00:00Z")); }) ==
        ClusterFailure::invalid);
  setup.cluster.create(lease("2026-11-30T02:00:00.000000Z"));
  CHECK(failure_of([&] { setup.cluster.create(lease("2026-11-30T02:00:00.000000Z")); }) ==
        ClusterFailure::exists);
}

TEST_CASE("an immutable ConfigMap stays as it is") {
  Setup setup;
  setup.cluster.create(config_map_manifest("settings-1a2b", {{"A", "1"}}, true));
  CHECK(failure_of([&] {
          setup.cluster.patch({"configmaps", "settings-1a2b", {}}, PatchKind::merge,
                              {{"data", {{"A", "2"}}}});
        }) == ClusterFailure::invalid);
}

TEST_CASE("annotations hold 256 KiB") {
  Setup setup;
  CHECK(text_of([&] {
          setup.cluster.patch(
              chat_service, PatchKind::merge,
              {{"metadata", {{"annotations", {{"state", std::string(262'144, 'x')}}}}}});
        }).find("Too long: must have at most 262144 bytes") != std::string::npos);
}

TEST_CASE(
    "server-side apply reports fields that another manager owns, and removes what it left out") {
  Setup setup;
  auto manifest = service_manifest("api", {{"app", "api"}});
  manifest["metadata"]["labels"] = {{"team", "llm"}, {"tier", "web"}};
  const std::vector<Json> first{manifest};
  setup.cluster.apply(first, false);
  manifest["metadata"]["labels"].erase("tier");
  const std::vector<Json> second{manifest};
  CHECK(setup.cluster.apply(second, false)[0]["metadata"]["labels"] == Json{{"team", "llm"}});

  setup.world.edit("service", "api", {{"metadata", {{"labels", {{"team", "vision"}}}}}},
                   "kubectl-label");
  const auto why = text_of([&] { setup.cluster.apply(second, false); });
  CHECK(why.find("Apply failed with 1 conflict: conflict with \"kubectl-label\" using v1: "
                 ".metadata.labels.team") != std::string::npos);
}

TEST_CASE("containers and ports are applied by their keys") {
  Setup setup;
  auto manifest = deployment_manifest("api", "acme/api:1", 1);
  const std::vector<Json> first{manifest};
  setup.cluster.apply(first, false);
  setup.world.edit("deployment", "api", {{"metadata", {{"annotations", {{"note", "x"}}}}}});
  manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "acme/api:2";
  const std::vector<Json> second{manifest};
  const auto now = setup.cluster.apply(second, false)[0];
  CHECK(now["spec"]["template"]["spec"]["containers"].size() == 1);
  CHECK(now["spec"]["template"]["spec"]["containers"][0]["image"] == "acme/api:2");
  CHECK(now["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"] ==
        "/dev/termination-log");
  CHECK(now["metadata"]["annotations"]["note"] == "x");
}

TEST_CASE("misspelt fields and wrong types are refused") {
  Setup setup;
  auto manifest = deployment_manifest("api", "acme/api:1", 1);
  manifest["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {{"periodSeconds", 1}};
  const std::string field = "spec.template.spec.containers[0].readynessProbe";
  CHECK(text_of([&] {
          setup.cluster.create(manifest);
        }).find("strict decoding error: unknown field \"" + field + "\"") != std::string::npos);
  const std::vector<Json> manifests{manifest};
  CHECK(text_of([&] {
          setup.cluster.apply(manifests, true);
        }).find("." + field + ": field not declared in schema") != std::string::npos);
  manifest = deployment_manifest("api", "acme/api:1", 1);
  manifest["spec"]["template"]["spec"]["containers"][0]["env"] = {
      {{"name", "PORT"}, {"value", 8000}}};
  CHECK(text_of([&] {
          setup.cluster.create(manifest);
        }).find("cannot unmarshal number into Go struct field") != std::string::npos);
  // A patch drops what the kind does not have.
  CHECK_FALSE(
      setup.cluster.patch(chat_deployment, PatchKind::merge, {{"spec", {{"pausd", true}}}})["spec"]
          .contains("pausd"));
}

TEST_CASE("a dry run stores nothing") {
  Setup setup;
  const std::vector<Json> manifests{service_manifest("api", {{"app", "api"}})};
  CHECK(setup.cluster.apply(manifests, true)[0]["spec"]["type"] == "ClusterIP");
  CHECK(setup.world.object("service", "api").is_null());
}

TEST_CASE(
    "reads: several kinds, selectors, names that are not there, kinds that are not installed") {
  KubernetesOptions options;
  options.istio = false;
  Kubernetes world(options);
  SimulatedCluster cluster(world);
  world.make(deployment_manifest("chat", "acme/chat:1", 2));
  world.advance(std::chrono::seconds(5));
  const std::vector<ObjectRef> wanted{
      {"deployments.apps", "chat", {}}, {"services", "none", {}}, {"pods", "", "app in (chat,x)"}};
  const auto found = cluster.get(wanted);
  REQUIRE(found.size() == 3);
  CHECK(found[0]["kind"] == "Deployment");
  CHECK(found[1]["kind"] == "Pod");
  CHECK_FALSE(found[0]["metadata"].contains("managedFields"));
  CHECK(cluster.calls() == 2);  // names, and one selector
  const std::vector<ObjectRef> istio{{"virtualservices.networking.istio.io", "chat", {}}};
  CHECK(failure_of([&] { cluster.get(istio); }) == ClusterFailure::no_such_kind);
}

TEST_CASE("a user may do what its rules say") {
  Setup setup;
  setup.world.restrict_user(
      "ci", {{{"get", "list"}, {"*"}, {"*"}, {}}, {{"patch"}, {"apps"}, {"deployments"}, {}}});
  SimulatedCluster ci(setup.world, {.caller = {"ci", "mlopsctl"}});
  const std::vector<Right> rights{{"patch", "deployments.apps"},
                                  {"patch", "services"},
                                  {"create", "leases.coordination.k8s.io"}};
  CHECK(ci.missing_rights(rights) == std::vector<Right>{rights[1], rights[2]});
  CHECK(text_of([&] {
          ci.patch(chat_service, PatchKind::merge, {{"metadata", {{"labels", {{"a", "b"}}}}}});
        }) ==
        "Error from server (Forbidden): services \"chat\" is forbidden: User \"ci\" cannot patch "
        "resource \"services\" in API group "
        "\"\" in the namespace \"default\"");
}

TEST_CASE("nothing is made in a namespace that ends or is not there") {
  Setup setup;
  setup.world.destroy("namespace", "default");
  CHECK(failure_of([&] {
          setup.cluster.create(config_map_manifest("a", {{"A", "1"}}));
        }) == ClusterFailure::forbidden);
  setup.world.advance(std::chrono::seconds(60));
  CHECK(failure_of([&] {
          setup.cluster.create(config_map_manifest("a", {{"A", "1"}}));
        }) == ClusterFailure::not_found);
}

TEST_CASE("faults: a lost answer was carried out, a read is repeated, a killed process is gone") {
  Setup setup;
  setup.cluster.fault_at_change(1, Fault::lost_answer);
  const Json label{{"metadata", {{"labels", {{"a", "b"}}}}}};
  CHECK(failure_of([&] { setup.cluster.patch(chat_service, PatchKind::merge, label); }) ==
        ClusterFailure::unreachable);
  CHECK(setup.world.object("service", "chat")["metadata"]["labels"]["a"] == "b");

  setup.cluster.unreachable_until(setup.world.now() + std::chrono::seconds(5));
  CHECK(get_one(setup.cluster, chat_service).has_value());

  setup.cluster.fault_at_change(2, Fault::kill_before);
  CHECK_THROWS_AS(setup.cluster.remove(chat_service), Killed);
  CHECK_FALSE(setup.world.object("service", "chat").is_null());
  setup.cluster.fault_at_change(3, Fault::kill_after);
  CHECK_THROWS_AS(setup.cluster.remove(chat_service), Killed);
  CHECK(setup.world.object("service", "chat").is_null());
}

TEST_CASE("what happens at a time happens while somebody sleeps, and Ctrl-C ends the sleep") {
  Setup setup;
  VirtualClock clock(setup.world);
  setup.world.at_time(setup.world.now() + std::chrono::seconds(3),
                      [&] { setup.world.destroy("service", "chat"); });
  CHECK_FALSE(clock.sleep(std::chrono::seconds(2)));
  CHECK_FALSE(setup.world.object("service", "chat").is_null());
  CHECK_FALSE(clock.sleep(std::chrono::seconds(2)));
  CHECK(setup.world.object("service", "chat").is_null());
  clock.stop_at(clock.wall() + std::chrono::seconds(1));
  CHECK(clock.sleep(std::chrono::seconds(60)));
  CHECK(clock.monotonic() == std::chrono::seconds(5));
}
