// What goes wrong on the way, and who interferes.
#include "deploy_canary/canary_stage.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::testing {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Something happens once, as soon as the canary has that weight.
void at_weight(CanaryStage& stage, CanaryProcess& process, int weight, std::function<void()> what) {
  auto done = std::make_shared<bool>(false);
  process.watch([&stage, weight, what, done] {
    if (*done || stage.told.empty() || stage.told.back().event.state.weight != weight ||
        stage.told.back().event.reason != "WeightIncreased")
      return;
    *done = true;
    what();
  });
}

SimulatedClusterOptions quick() {
  SimulatedClusterOptions options;
  options.call_time = Milliseconds{0};
  return options;
}

void ask(CanaryStage& stage, Request request) {
  SimulatedCluster other(stage.world, quick());
  ask_holder(other, "chat", request);
}

std::string running(CanaryStage& stage, const std::string& deployment) {
  return stage.world.object("deployments",
                            deployment)["spec"]["template"]["spec"]["containers"][0]["image"];
}

}  // namespace

TEST_CASE("case 2: a crash after readiness ends it at once, whatever the interval") {
  for (const auto router : {RouterKind::gateway_api, RouterKind::replicas}) {
    CanaryStage stage(router);
    stage.plan.canary.interval = Milliseconds{600'000};
    const DeployResult result = CanaryProcess(stage).deploy("1.5-crash-90s");
    CHECK(result.outcome == ReleaseOutcome::rolled_back);
    CHECK(stage.analyses.empty());
    CHECK(stage.now() < Milliseconds{300'000});
    CHECK(has(stage.message("RollingBack"), "pod chat-canary-"));
    stage.check_tidy(image("1.4"));
  }
}

TEST_CASE("case 2: readiness that is lost takes the traffic away at once") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.interval = Milliseconds{600'000};
  CanaryProcess process(stage);
  Milliseconds sick{0};
  at_weight(stage, process, 10, [&] {
    sick = stage.now();
    stage.world.make_sick("mlopsctl.dev/track=canary");
  });
  Milliseconds moved{0};
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(has(result.state.reason, "no pod of the canary is ready any more"));
  for (const Told& one : stage.told) {
    if (one.event.reason == "RollingBack") moved = one.at;
  }
  CHECK(moved - sick < Milliseconds{5'000});
  stage.check_tidy(image("1.4"));
}

TEST_CASE("images that cannot be had never get traffic") {
  for (const char* tag : {"1.5-missing", "1.5-crash", "1.5-config-error", "1.5-oom"}) {
    CAPTURE(tag);
    CanaryStage stage(RouterKind::gateway_api);
    CHECK(CanaryProcess(stage).deploy(tag).outcome == ReleaseOutcome::rolled_back);
    CHECK(stage.weights().empty());
    stage.check_tidy(image("1.4"));
  }
}

TEST_CASE("case 9: somebody who changes the stable Deployment is left in peace") {
  CanaryStage stage(RouterKind::gateway_api);
  CanaryProcess process(stage);
  at_weight(stage, process, 20, [&] {
    Json containers =
        stage.world.object("deployments", "chat")["spec"]["template"]["spec"]["containers"];
    containers[0]["image"] = image("1.4.1");
    stage.world.edit("deployments", "chat",
                     {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  });
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(has(result.state.reason, "somebody else changed the pods of Deployment 'chat'"));
  stage.check_tidy(image("1.4.1"));
}

TEST_CASE("case 9: a canary that somebody changed is none of ours any more") {
  CanaryStage stage(RouterKind::gateway_api);
  CanaryProcess process(stage);
  at_weight(stage, process, 20, [&] {
    Json containers =
        stage.world.object("deployments", "chat-canary")["spec"]["template"]["spec"]["containers"];
    containers[0]["image"] = image("6.6");
    stage.world.edit("deployments", "chat-canary",
                     {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  });
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(has(result.state.reason, "Deployment 'chat-canary'"));
  stage.check_tidy(image("1.4"));
}

TEST_CASE("case 9: weights that somebody's apply took away are noticed, not set again") {
  CanaryStage stage(RouterKind::gateway_api);
  const Json rules = stage.route();
  CanaryProcess process(stage);
  at_weight(stage, process, 20, [&] {
    stage.world.edit("httproutes", "chat", {{"spec", {{"rules", rules}}}});
  });
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(has(result.state.reason, "somebody else changed the weights of HTTPRoute chat"));
  stage.check_tidy(image("1.4"));
}

TEST_CASE("a route that is deleted on the way ends the canary, and nothing waits for it") {
  CanaryStage stage(RouterKind::gateway_api);
  CanaryProcess process(stage);
  at_weight(stage, process, 20, [&] { stage.world.destroy("httproutes", "chat"); });
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(has(result.state.reason, "HTTPRoute chat"));
  CHECK(stage.world.object("services", "chat-canary").is_null());
  CHECK(stage.replicas("chat-canary") == 0);
}

TEST_CASE("case 13: an autoscaler of the stable side may raise it; a parked canary stays at 0") {
  for (const auto router : {RouterKind::replicas, RouterKind::gateway_api}) {
    CanaryStage stage(router, 10);
    stage.world.make({{"apiVersion", "autoscaling/v2"},
                      {"kind", "HorizontalPodAutoscaler"},
                      {"metadata", {{"name", "chat"}}},
                      {"spec",
                       {{"scaleTargetRef",
                         {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "chat"}}},
                        {"minReplicas", 10},
                        {"maxReplicas", 20}}}});
    CanaryProcess process(stage);
    at_weight(stage, process, 20, [&] {
      stage.world.edit("horizontalpodautoscalers", "chat", {{"spec", {{"minReplicas", 14}}}});
    });
    const DeployResult result = process.deploy("1.5");
    CHECK(result.outcome == ReleaseOutcome::succeeded);
    CHECK(result.state.failed_checks == 0);
    stage.world.advance(Milliseconds{60'000});
    CHECK(stage.replicas("chat") == 14);
    CHECK(stage.replicas("chat-canary") == 0);
    CHECK(stage.world.ready_endpoints("chat").size() == 14);
  }
}

TEST_CASE(
    "reference 4.1: a stable Deployment that does not come up gets its template back, and the "
    "canary serves until it is well") {
  for (const auto router : {RouterKind::gateway_api, RouterKind::replicas}) {
    CanaryStage stage(router);
    stage.plan.budgets.rollout = Milliseconds{60'000};
    CanaryProcess process(stage);
    bool served = true;
    process.watch([&] {
      served = served && stage.everybody_is_served();
      if (stage.stable_image() != image("1.5")) return;
      for (const Json& pod : stage.world.objects("pods", "app=chat")) {
        const Json& labels = pod["metadata"]["labels"];
        if (labels.contains("mlopsctl.dev/track") ||
            pod["spec"]["containers"][0]["image"] != image("1.5"))
          continue;
        stage.world.make_sick("pod-template-hash=" +
                              labels["pod-template-hash"].get<std::string>());
      }
    });
    const DeployResult result = process.deploy("1.5");
    CHECK(result.outcome == ReleaseOutcome::rolled_back);
    CHECK(has(result.state.reason, "stable Deployment did not come up"));
    CHECK(served);
    stage.check_tidy(image("1.4"));
  }
}

TEST_CASE("promote, pause, resume and abort from elsewhere") {
  CanaryStage promoted(RouterKind::gateway_api);
  CanaryProcess first(promoted);
  at_weight(promoted, first, 20, [&] { ask(promoted, Request::promote); });
  CHECK(first.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(promoted.weights().size() == 2);
  promoted.check_tidy(image("1.5"));

  CanaryStage aborted(RouterKind::istio);
  CanaryProcess second(aborted);
  at_weight(aborted, second, 30, [&] { ask(aborted, Request::abort); });
  CHECK(second.deploy("1.5").outcome == ReleaseOutcome::aborted);
  aborted.check_tidy(image("1.4"));

  CanaryStage paused(RouterKind::nginx);
  CanaryProcess third(paused);
  at_weight(paused, third, 20, [&] {
    ask(paused, Request::pause);
    paused.world.at_time(paused.world.now() + Milliseconds{600'000},
                         [&] { ask(paused, Request::go_on); });
  });
  CHECK(third.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  const auto weights = paused.weights();
  REQUIRE(weights.size() == 5);
  CHECK(weights[2].first - weights[1].first >= 600);
  paused.check_tidy(image("1.5"));
}

TEST_CASE("without any stable pod the way back ends after its budget, with lines for people") {
  CanaryStage stage(RouterKind::gateway_api);
  CanaryProcess process(stage);
  at_weight(stage, process, 20, [&] {
    stage.world.make_sick("app=chat");
    ask(stage, Request::abort);
  });
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::failed);
  CHECK(stage.has_told("NothingToGoBackTo"));
  CHECK(stage.replicas("chat-canary") == 5);  // who serves goes on serving
  REQUIRE(result.manual_steps.size() == 2);
  CHECK(has(result.manual_steps[0], "patch httproutes.gateway.networking.k8s.io chat --type=json"));
  CHECK(has(result.manual_steps[1], "scale deployment/chat-canary --replicas=0"));
}

TEST_CASE("an app without pods has no traffic to share") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.world.edit("deployments", "chat", {{"spec", {{"replicas", 0}}}});
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::conflict, "no pods");
}

TEST_CASE("Ctrl-C gives the traffic back to the stable version") {
  CanaryStage stage(RouterKind::replicas);
  CanaryProcess process(stage);
  process.clock.stop_at(stage.world.now() + Milliseconds{150'000});
  CHECK(process.deploy("1.5").outcome == ReleaseOutcome::aborted);
  stage.check_tidy(image("1.4"));
}

TEST_CASE("a second canary finds the first one's Deployment and uses it") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.step_weights = {50};
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  stage.check_tidy(image("1.5"));
  CHECK(CanaryProcess(stage).deploy("1.6").outcome == ReleaseOutcome::succeeded);
  CHECK(running(stage, "chat-canary") == image("1.6"));
  stage.check_tidy(image("1.6"));
}

}  // namespace mlopsctl::testing
