// Weights in the objects of each router: what is set, what stays, what is refused.
#include "mlopsctl/deploy/traffic.hpp"

#include "deploy/canary/weights.hpp"
#include "deploy_canary/canary_stage.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <array>

namespace mlopsctl::testing {
namespace {

// A router at work in a session of its own.
struct Router {
  explicit Router(CanaryStage& stage)
      : cluster(stage.world),
        clock(stage.world),
        session(Session::begin({.cluster = cluster, .clock = clock, .tell = {}}, stage.plan,
                               Milliseconds{0}, false)),
        router(make_router(stage.plan)) {
    session.state().notes["canary.selector"] = R"({"app":"chat-canary"})";
    session.state().from.replicas = 10;
    router->stable_service(cluster);
  }
  SimulatedCluster cluster;
  VirtualClock clock;
  Session session;
  std::unique_ptr<TrafficRouter> router;
};

Json weights_in(const Json& list) {
  Json weights = Json::array();
  for (const Json& backend : list) weights.push_back(backend.value("weight", -1));
  return weights;
}

}  // namespace

TEST_CASE("replica counts are nearest, ties up, and none is empty (Argo Rollouts' examples)") {
  const auto split = [](int replicas, int weight, int surge) {
    const ReplicaSplit result = split_replicas(replicas, weight, surge);
    return std::array{result.canary, result.stable};
  };
  CHECK(split(10, 10, 0) == std::array{1, 9});
  CHECK(split(10, 25, 0) == std::array{3, 7});
  CHECK(split(10, 1, 0) == std::array{1, 9});
  CHECK(split(10, 99, 0) == std::array{9, 1});
  CHECK(split(1, 5, 1) == std::array{1, 1});
  CHECK(split(4, 20, 1) == std::array{1, 4});
  CHECK(split(10, 0, 1) == std::array{0, 10});
  CHECK(split(10, 100, 1) == std::array{10, 0});
}

TEST_CASE("case 17: a share that replicas cannot give is refused, or told where it is allowed") {
  CanaryStage stage(RouterKind::replicas, 1);
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::config, "50 % in reality");
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::config, "largestShareError");
  stage.plan.canary.largest_share_error = 0.4;
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.message("ShareIsAnother") == "a weight of 40 % is 50 % in reality: 1 of 2 pods");
  stage.check_tidy(image("1.5"));
}

TEST_CASE("replica ratios keep the number of pods, and the real share is told") {
  CanaryStage stage(RouterKind::replicas, 10);
  CanaryProcess process(stage);
  int most = 0;
  process.watch([&] {
    const Json canary = stage.world.object("deployments", "chat-canary");
    if (canary.is_null()) return;
    most = std::max(most, stage.replicas("chat") + canary["spec"]["replicas"].get<int>());
  });
  stage.plan.canary.step_weights = {10, 33};
  CHECK(process.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.message("WeightIncreased").find("33 %") != std::string::npos);
  // 10 at 33 % is 3 of 10 or 4 of 11; the first is nearer. In the end the stable ten come first.
  CHECK(most == 13);
  stage.check_tidy(image("1.5"));
}

TEST_CASE("HTTPRoute: other rules stay, both weights are written, all is put back") {
  CanaryStage stage(RouterKind::gateway_api);
  const Json before = stage.route();
  Router test(stage);
  test.router->prepare(test.session);
  CHECK(weights_in(stage.route()[1]["backendRefs"]) == Json{100, 0});
  CHECK(stage.route()[0] == before[0]);
  CHECK(test.router->set(test.session, 30).canary == 30);
  CHECK(weights_in(stage.route()[1]["backendRefs"]) == Json{70, 30});
  CHECK(stage.route()[1]["backendRefs"][1]["name"] == "chat-canary");
  stage.world.advance(Milliseconds{1'000});
  const auto shares = test.router->read(test.cluster);
  REQUIRE(shares.has_value());
  CHECK(shares->actual == 30);
  CHECK(shares->pending.empty());
  const auto calls = test.cluster.changes();
  test.router->set(test.session, 30);
  CHECK(test.cluster.changes() == calls);  // twice is once
  test.router->tidy(test.session);
  CHECK(stage.route() == before);
  CHECK(stage.world.object("services", "chat-canary").is_null());
}

TEST_CASE("HTTPRoute: a third backend keeps its part") {
  CanaryStage stage(RouterKind::gateway_api);
  Json rules = stage.route();
  rules[1]["backendRefs"] = {{{"name", "chat"}, {"port", 80}, {"weight", 3}},
                             {{"name", "docs"}, {"port", 80}, {"weight", 1}}};
  stage.world.edit("httproutes", "chat", {{"spec", {{"rules", rules}}}});
  const Json before = stage.route();
  Router test(stage);
  test.router->prepare(test.session);
  test.router->set(test.session, 10);
  CHECK(weights_in(stage.route()[1]["backendRefs"]) == Json{270, 30, 100});
  test.router->tidy(test.session);
  CHECK(stage.route() == before);
}

TEST_CASE("HTTPRoute: a weight is pending until the gateway has taken this generation") {
  CanaryStage stage(RouterKind::gateway_api);
  Router test(stage);
  test.router->prepare(test.session);
  const Shares at_once = test.router->set(test.session, 20);
  CHECK_FALSE(at_once.pending.empty());
  stage.world.advance(Milliseconds{1'000});
  CHECK(test.router->set(test.session, 20).pending.empty());
}

TEST_CASE("VirtualService: weights sum to 100, mirrors and other routes stay") {
  CanaryStage stage(RouterKind::istio);
  const Json before = stage.route();
  Router test(stage);
  test.router->prepare(test.session);
  test.router->set(test.session, 40);
  CHECK(weights_in(stage.route()[1]["route"]) == Json{60, 40});
  CHECK(stage.route()[1]["route"][1]["destination"]["host"] ==
        "chat-canary.default.svc.cluster.local");
  CHECK(stage.route()[1]["mirror"] == before[1]["mirror"]);
  CHECK(stage.route()[1]["mirrorPercentage"] == before[1]["mirrorPercentage"]);
  CHECK(stage.route()[0] == before[0]);
  test.router->tidy(test.session);
  CHECK(stage.route() == before);
}

TEST_CASE("ingress-nginx: an Ingress of its own, its weight a text") {
  CanaryStage stage(RouterKind::nginx);
  Router test(stage);
  test.router->prepare(test.session);
  test.router->set(test.session, 15);
  const Json canary = stage.world.object("ingresses", "chat-canary");
  const Json annotations = canary["metadata"]["annotations"];
  CHECK(annotations["nginx.ingress.kubernetes.io/canary"] == "true");
  CHECK(annotations["nginx.ingress.kubernetes.io/canary-weight"] == "15");
  CHECK(annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "8m");
  CHECK(canary["spec"]["rules"][0]["host"] == "chat.example.org");
  CHECK(canary["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] ==
        "chat-canary");
  CHECK(test.router->read(test.cluster)->canary == 15);
  test.router->tidy(test.session);
  CHECK(stage.world.object("ingresses", "chat-canary").is_null());
}

TEST_CASE("ingress-nginx takes one canary a place only: another one is refused") {
  CanaryStage stage(RouterKind::nginx);
  Json other = stage.world.object("ingresses", "chat");
  other["metadata"] = {{"name", "experiment"},
                       {"annotations", {{"nginx.ingress.kubernetes.io/canary", "true"}}}};
  other.erase("status");
  stage.world.make(other);
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::conflict, "experiment");
}

TEST_CASE("routes that are not there or lead elsewhere are told before anything") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.traffic.object = "other";
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::not_found, "HTTPRoute other");
  stage.plan.canary.traffic.object = "chat";
  stage.plan.service = "docs2";
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::config, "does not lead to Service");
}

TEST_CASE("canary pods are apart from the stable Service, whatever its selector") {
  CanaryStage stage(RouterKind::gateway_api);
  const State state = CanaryProcess(stage).planned("1.5");
  CHECK(Json::parse(state.notes.at("canary.labels"))["app"] == "chat-canary");
  CHECK(Json::parse(state.notes.at("canary.labels"))["mlopsctl.dev/track"] == "canary");
  CHECK(state.notes.at("canary.pods") == "5");  // half of ten
  CanaryStage shared(RouterKind::replicas);
  CHECK(Json::parse(CanaryProcess(shared).planned("1.5").notes.at("canary.labels"))["app"] ==
        "chat");
}

TEST_CASE("weights and pods at the start") {
  CanaryPlan plan;
  plan.step_weight = 30;
  plan.max_weight = 100;
  CHECK(canary::weights_of(plan) == std::vector<int>{30, 60, 90, 100});
  CHECK(canary::next_weight(plan, 90) == 100);
  CHECK(canary::next_weight(plan, 100) == 100);
  DeployPlan deploy;
  deploy.canary.traffic.router = RouterKind::istio;
  CHECK(canary::pods_at_start(deploy, 3, false) == 2);
  deploy.canary.traffic.router = RouterKind::replicas;
  CHECK(canary::pods_at_start(deploy, 10, false) == 1);
  CHECK(canary::pods_at_start(deploy, 20, true) == 2);
}

}  // namespace mlopsctl::testing
