// The cluster as it is spoken to in earnest: the real kubectl against the simulated API server.
// With the kubectl on PATH, or the one that MLOPSCTL_TEST_KUBECTL names (1.20 to 1.33 were tried).
#include "mlopsctl/deploy/session.hpp"
#include "mlopsctl/platform/process.hpp"

#include "support/cluster/manifests.hpp"
#include "support/cluster/server.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

std::string program() {
  const char* named = std::getenv("MLOPSCTL_TEST_KUBECTL");
  return named != nullptr ? named : "kubectl";
}

ClusterServerOptions world(bool gateway_api) {
  ClusterServerOptions options;
  options.kubernetes.name_space = "llm";
  options.kubernetes.gateway_api = gateway_api;
  return options;
}

class Setup {
 public:
  explicit Setup(const std::string& user = {}, bool gateway_api = true)
      : server(world(gateway_api)) {
    if (!find_program(program())) {
      std::cout << "skipped: there is no kubectl (apt-get install kubernetes-client)\n";
      std::exit(77);
    }
    ::setenv("HOME", folder_.path().c_str(), 1);  // its cache
    server.write_kubeconfig(folder_ / "config", "llm", user);
    server.with([](Kubernetes& kubernetes) {
      kubernetes.make(deployment_manifest("chat", "acme/chat:1", 1));
      kubernetes.make(service_manifest("chat", {{"app", "chat"}, {"version", "blue"}}));
    });
  }
  std::unique_ptr<Cluster> open(Milliseconds budget = Milliseconds{0}) const {
    return open_cluster(options(budget));
  }
  KubectlOptions options(Milliseconds budget = Milliseconds{0}) const {
    return {.program = program(),
            .context = {},
            .name_space = {},
            .kubeconfig = (folder_ / "config").string(),
            .request_timeout = Milliseconds{10'000},
            .request_budget = budget};
  }

  ClusterServer server;

 private:
  TemporaryFolder folder_;
};

template <class Action>
std::optional<ClusterFailure> failure_of(const Action& action) {
  try {
    action();
  } catch (const ClusterError& error) {
    return error.failure();
  }
  return std::nullopt;
}

const ObjectRef service{.kind = "service", .name = "chat", .selector = {}};
const ObjectRef deployment{.kind = "deployment.apps", .name = "chat", .selector = {}};

Json switch_to(const char* from, const char* to) {
  return Json::array({{{"op", "test"}, {"path", "/spec/selector/version"}, {"value", from}},
                      {{"op", "replace"}, {"path", "/spec/selector/version"}, {"value", to}}});
}

}  // namespace

TEST_CASE("objects are read in the order in which they were asked for; absent ones are left out") {
  const Setup setup;
  const auto cluster = setup.open();
  CHECK(cluster->describe() == "context simulated, namespace llm");
  const std::array references{
      ObjectRef{.kind = "replicasets.apps", .name = {}, .selector = "app=chat"}, service,
      ObjectRef{.kind = "lease.coordination.k8s.io", .name = "none", .selector = {}}, deployment,
      ObjectRef{.kind = "configmap", .name = {}, .selector = "no=such"}};
  std::vector<std::string> kinds;
  for (const auto& object : cluster->get(references)) kinds.push_back(object["kind"]);
  if (kinds.size() == 2) kinds.insert(kinds.begin(), "ReplicaSet");  // not made yet
  CHECK(kinds == std::vector<std::string>{"ReplicaSet", "Service", "Deployment"});
  CHECK_FALSE(get_one(*cluster, {.kind = "secret", .name = "none", .selector = {}}));
}

TEST_CASE("what the API server refuses is told apart") {
  const Setup setup({}, false);
  const auto cluster = setup.open();
  const Json config = config_map_manifest("settings", {{"a", "1"}});
  CHECK(cluster->create(config)["metadata"]["name"] == "settings");
  CHECK(failure_of([&] { cluster->create(config); }) == ClusterFailure::exists);
  CHECK(failure_of([&] { cluster->patch(service, PatchKind::json, switch_to("green", "blue")); }) ==
        ClusterFailure::conflict);
  const Json stale{{"metadata", {{"resourceVersion", "1"}, {"labels", {{"a", "b"}}}}}};
  CHECK(failure_of([&] { cluster->patch(service, PatchKind::merge, stale); }) ==
        ClusterFailure::conflict);
  const Json immutable{{"spec", {{"selector", {{"matchLabels", {{"app", "other"}}}}}}}};
  CHECK(failure_of([&] { cluster->patch(deployment, PatchKind::merge, immutable); }) ==
        ClusterFailure::invalid);
  CHECK(failure_of([&] {
          cluster->patch({.kind = "service", .name = "none", .selector = {}}, PatchKind::merge,
                         stale);
        }) == ClusterFailure::not_found);
  CHECK(failure_of([&] {
          get_one(*cluster,
                  {.kind = "httproutes.gateway.networking.k8s.io", .name = "chat", .selector = {}});
        }) == ClusterFailure::no_such_kind);
  CHECK_NOTHROW(cluster->remove({.kind = "configmap", .name = "settings", .selector = {}}));
  CHECK_NOTHROW(cluster->remove({.kind = "configmap", .name = "settings", .selector = {}}));
}

TEST_CASE("who has no rights, or no credentials, is told so") {
  Setup setup("ci");
  setup.server.with([](Kubernetes& kubernetes) {
    kubernetes.restrict_user("ci", {{{"get", "list"}, {"apps", ""}, {"deployments", "pods"}, {}},
                                    {{"get"}, {""}, {"pods/log"}, {}}});
  });
  const auto cluster = setup.open();
  CHECK(get_one(*cluster, deployment));
  CHECK(failure_of([&] { get_one(*cluster, service); }) == ClusterFailure::forbidden);
  const std::array rights{Right{.verb = "get", .resource = "deployments.apps"},
                          Right{.verb = "patch", .resource = "deployments.apps"},
                          Right{.verb = "get", .resource = "pods/log"},
                          Right{.verb = "create", .resource = "pods/portforward"}};
  const auto missing = cluster->missing_rights(rights);
  REQUIRE(missing.size() == 2);
  CHECK(missing[0] == rights[1]);
  CHECK(missing[1] == rights[3]);
  setup.server.reject_user("ci");
  CHECK(failure_of([&] { get_one(*cluster, deployment); }) == ClusterFailure::unauthorized);
}

TEST_CASE("a read is made again when the API server breaks off, a change is not") {
  Setup setup;
  const auto cluster = setup.open(Milliseconds{60'000});
  setup.server.add_fault(
      {.kind = RequestFault::Kind::drop, .method = "PATCH", .path = "services/chat"});
  CHECK(failure_of([&] { cluster->patch(service, PatchKind::json, switch_to("blue", "green")); }) ==
        ClusterFailure::unreachable);
  setup.server.add_fault(
      {.kind = RequestFault::Kind::drop, .method = "GET", .path = "services/chat", .times = 1});
  CHECK((*get_one(*cluster, service))["spec"]["selector"]["version"] == "blue");
}

TEST_CASE("a change whose answer was lost was made all the same") {
  Setup setup;
  const auto cluster = setup.open();
  setup.server.add_fault(
      {.kind = RequestFault::Kind::drop_done, .method = "PATCH", .path = "services/chat"});
  CHECK(failure_of([&] { cluster->patch(service, PatchKind::json, switch_to("blue", "green")); }) ==
        ClusterFailure::unreachable);
  CHECK((*get_one(*cluster, service))["spec"]["selector"]["version"] == "green");
}

TEST_CASE("manifests are checked and applied by the server, and others' fields are not taken") {
  Setup setup;
  const auto cluster = setup.open();
  const std::array manifests{config_map_manifest("a", {{"x", "1"}}),
                             config_map_manifest("b", {{"x", "1"}})};
  CHECK(cluster->apply(manifests, true).size() == 2);
  CHECK_FALSE(get_one(*cluster, reference_to(manifests[0])));
  CHECK(cluster->apply(manifests, false).size() == 2);
  setup.server.with([](Kubernetes& kubernetes) {
    kubernetes.edit("configmap", "a", {{"data", {{"x", "2"}}}});
  });
  const std::array changed{config_map_manifest("a", {{"x", "3"}})};
  CHECK(failure_of([&] { cluster->apply(changed, false); }) == ClusterFailure::conflict);
}

TEST_CASE("a session works through kubectl, also with more than a command line holds") {
  const Setup setup;
  const auto cluster = setup.open();
  DeployPlan plan;
  plan.app = "chat";
  CHECK_NOTHROW(preflight(*cluster, plan));
  const Session::Tools tools{.cluster = *cluster, .clock = system_clock(), .tell = {}};
  auto session = Session::begin(tools, plan, Milliseconds{0}, false);
  CHECK_ERROR(Session::begin(tools, plan, Milliseconds{0}, false), ErrorKind::conflict,
              "is being deployed by");
  session.state().to.pod_template_text.assign(180'000, 'x');
  session.enter(Phase::starting);
  session.claim(service);
  const auto green = [](const Json& object) {
    return object["spec"]["selector"]["version"] == "green";
  };
  CHECK(green(session.change(service, switch_to("blue", "green"), green)));
  CHECK_ERROR(session.change(service, switch_to("blue", "purple"),
                             [](const Json& object) {
                               return object["spec"]["selector"]["version"] == "purple";
                             }),
              ErrorKind::conflict, "not as it was");
  CHECK(session.create(deployment_manifest("chat-canary", "acme/chat:2", 0))["metadata"]["name"] ==
        "chat-canary");
  ask_holder(*cluster, "chat", Request::promote);
  session.save();
  CHECK(session.pause(Milliseconds{0}) == Request::promote);
  CHECK(session.pause(Milliseconds{0}) == Request::none);
  const auto before = cluster->calls();
  session.finish(ReleaseOutcome::succeeded);
  CHECK(cluster->calls() - before <= 3);
  const auto view = read_lease(*cluster, "chat");
  CHECK_FALSE(view.held);
  CHECK(view.state->outcome == ReleaseOutcome::succeeded);
  CHECK(view.state->to.pod_template_text.size() == 180'000);
  CHECK(ReleaseHistory(*cluster, "chat").read().size() == 1);
}

TEST_CASE("configurations are copied and collected through kubectl") {
  Setup setup;
  setup.server.with([](Kubernetes& kubernetes) {
    kubernetes.make(config_map_manifest("settings", {{"temperature", "0.7"}}));
  });
  const auto cluster = setup.open();
  const Json pod_template = Json::parse(
      R"({"spec":{"containers":[{"name":"chat","envFrom":[{"configMapRef":{"name":"settings"}}]}]}})");
  std::map<std::string, std::string> configs;
  version_configs(*cluster, "chat", pod_template, configs);
  const ObjectRef copy{
      .kind = "configmap", .name = configs.at("configmap/settings"), .selector = {}};
  CHECK((*get_one(*cluster, copy))["immutable"] == true);
  collect_configs(*cluster, "chat", {});
  CHECK_FALSE(get_one(*cluster, copy));
}

TEST_CASE("a context that kubectl does not know is told when the cluster is opened") {
  const Setup setup;
  auto options = setup.options();
  options.context = "production";
  CHECK_ERROR(open_cluster(options), ErrorKind::config, "production");
}
