// Flagger's ticks (v1.44.0): when what is done, and what counts.
#include "deploy_canary/canary_stage.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mlopsctl::testing {
namespace {

using Weights = std::vector<std::pair<int, int>>;

// Weights with their minutes: an interval begins at the end of a step, so seconds add up.
Weights by_minutes(const CanaryStage& stage) {
  Weights result;
  for (const auto& [seconds, weight] : stage.weights()) {
    CHECK(seconds % 60 <= 10);
    result.emplace_back(seconds / 60, weight);
  }
  return result;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("10 … 50 in steps of 10: five analyses, the last at 50, then the promotion") {
  CanaryStage stage(RouterKind::gateway_api);
  for (const auto kind :
       {HookKind::confirm_rollout, HookKind::pre_rollout, HookKind::rollout,
        HookKind::confirm_traffic_increase, HookKind::confirm_promotion, HookKind::post_rollout})
    stage.add_hook(kind);
  CanaryProcess process(stage);
  CHECK(process.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(by_minutes(stage) == Weights{{0, 10}, {1, 20}, {2, 30}, {3, 40}, {4, 50}});
  CHECK(stage.analyses.size() == 5);
  std::vector<std::string> expected{"confirm-rollout", "pre-rollout", "confirm-traffic-increase"};
  for (int i = 0; i < 4; ++i) {
    expected.emplace_back("rollout");
    expected.emplace_back("confirm-traffic-increase");
  }
  for (const char* last : {"rollout", "confirm-promotion", "post-rollout"})
    expected.emplace_back(last);
  CHECK(stage.hooks == expected);
  stage.check_tidy(image("1.5"));
}

TEST_CASE("case 5: failed checks are a running total, and the rollback is in the tick after it") {
  CanaryStage stage(RouterKind::gateway_api);
  // Analyses 1-4 fail, 5 passes, 6 fails.
  stage.metric = [](std::size_t n) { return value(n == 4 ? 99.5 : 90); };
  CanaryProcess process(stage);
  const DeployResult result = process.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(result.state.failed_checks == 5);
  CHECK(stage.analyses.size() == 6);
  CHECK(by_minutes(stage) == Weights{{0, 10}, {5, 20}});
  CHECK(
      has(stage.message("RollingBack"), "5 of 5 failed checks: request-success-rate 90 % < 99 %"));
  Milliseconds rolled{0};
  for (const Told& one : stage.told) {
    if (one.event.reason == "RollingBack") rolled = one.at;
  }
  CHECK((rolled - stage.analyses.back()).count() / 1000 == doctest::Approx(60).epsilon(0.1));
  stage.check_tidy(image("1.4"));
}

TEST_CASE("several failing gates are one failed check, and the weight is held") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.threshold = 2;
  stage.plan.canary.metrics.push_back(stage.plan.canary.metrics[0]);
  stage.metric = [](std::size_t) { return value(10); };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::rolled_back);
  CHECK(stage.analyses.size() == 2);
  CHECK(by_minutes(stage) == Weights{{0, 10}});
}

TEST_CASE("pre-rollout hooks and smoke checks that fail count in the same total, at weight 0") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.add_hook(HookKind::pre_rollout);
  int asked = 0;
  stage.hook = [&](const std::string&, const std::string&) { return ++asked < 3 ? 500 : 200; };
  stage.metric = [](std::size_t) { return value(10); };
  const DeployResult result = CanaryProcess(stage).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(stage.analyses.size() == 3);  // two failed before it began
  stage.check_tidy(image("1.4"));

  CanaryStage smoke(RouterKind::gateway_api);
  smoke.plan.smoke = {{.name = "health", .attempts = 1}};
  smoke.smoke_passes = false;
  CHECK(CanaryProcess(smoke).deploy("1.5").outcome == ReleaseOutcome::rolled_back);
  CHECK(smoke.weights().empty());
  CHECK(smoke.smoked.size() == 5);
}

TEST_CASE("case 6: 20 of 50 is 20, 40, 50: maxWeight is a limit") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.step_weight = 20;
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(by_minutes(stage) == Weights{{0, 20}, {1, 40}, {2, 50}});
}

TEST_CASE("stepWeights are taken as they are") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.step_weights = {1, 5, 80};
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(by_minutes(stage) == Weights{{0, 1}, {1, 5}, {2, 80}});
}

TEST_CASE("iterations: so many analyses without users, one with all, then the promotion") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.iterations = 3;
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(by_minutes(stage) == Weights{{0, 100}});
  CHECK(stage.analyses.size() == 4);
  stage.check_tidy(image("1.5"));

  CanaryStage plain(RouterKind::replicas);  // no user ever comes to the canary
  plain.plan.canary.iterations = 2;
  CHECK(CanaryProcess(plain).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(plain.weights().empty());
  CHECK(plain.analyses.size() == 2);
  plain.check_tidy(image("1.5"));
}

TEST_CASE("skipAnalysis promotes ready pods, and rolls back those that never are") {
  CanaryStage good(RouterKind::gateway_api);
  good.plan.canary.skip_analysis = true;
  good.with_metrics = false;
  CHECK(CanaryProcess(good).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(good.weights().empty());
  good.check_tidy(image("1.5"));
  CanaryStage bad(RouterKind::gateway_api);
  bad.plan.canary.skip_analysis = true;
  bad.plan.budgets.rollout = Milliseconds{30'000};
  CHECK(CanaryProcess(bad).deploy("1.5-never-ready").outcome == ReleaseOutcome::rolled_back);
  bad.check_tidy(image("1.4"));
}

TEST_CASE("confirm-rollout: nothing is started before it, and its no is no failure") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.add_hook(HookKind::confirm_rollout);
  int asked = 0;
  stage.hook = [&](const std::string&, const std::string& body) {
    CHECK(has(body, R"("phase":"Waiting")"));
    CHECK(stage.world.object("deployments", "chat-canary").is_null());
    return ++asked < 4 ? 403 : 200;
  };
  const DeployResult result = CanaryProcess(stage).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::succeeded);
  CHECK(asked == 4);
  CHECK(result.state.failed_checks == 0);
}

TEST_CASE("confirm-promotion: checks go on while it is waited for, and count") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.step_weights = {30};
  stage.plan.canary.threshold = 2;
  stage.add_hook(HookKind::confirm_promotion);
  stage.hook = [](const std::string&, const std::string&) { return 403; };
  stage.metric = [](std::size_t n) { return value(n < 3 ? 99.5 : 90); };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::rolled_back);
  CHECK(stage.analyses.size() == 5);
  CHECK(stage.hooks.size() == 3);
}

TEST_CASE("case 19: a gate that never opens ends it after gateTimeout, if there is one") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.step_weights = {30};
  stage.plan.canary.gate_timeout = Milliseconds{600'000};
  stage.add_hook(HookKind::confirm_promotion);
  stage.hook = [](const std::string&, const std::string&) { return 403; };
  const DeployResult result = CanaryProcess(stage).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::aborted);
  CHECK(has(result.state.reason, "confirm-promotion was not given in time"));
  CHECK(result.state.failed_checks == 0);
  stage.check_tidy(image("1.4"));
}

TEST_CASE("confirm-traffic-increase holds the weight and counts nothing") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.add_hook(HookKind::confirm_traffic_increase);
  int asked = 0;
  stage.hook = [&](const std::string&, const std::string&) { return ++asked == 2 ? 403 : 200; };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(by_minutes(stage) == Weights{{0, 10}, {2, 20}, {3, 30}, {4, 40}, {5, 50}});
}

TEST_CASE("a rollback hook that says yes ends it at once") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.add_hook(HookKind::rollback);
  int asked = 0;
  stage.hook = [&](const std::string&, const std::string&) { return ++asked == 3 ? 200 : 403; };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::rolled_back);
  CHECK(has(stage.message("RollingBack"), "rollback hook rollback said yes"));
  CHECK(by_minutes(stage) == Weights{{0, 10}, {1, 20}});
}

TEST_CASE("event hooks get every event") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.step_weights = {50};
  stage.add_hook(HookKind::event);
  std::vector<std::string> bodies;
  stage.hook = [&](const std::string&, const std::string& body) {
    bodies.push_back(body);
    return 500;  // disturbs nothing
  };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  REQUIRE(bodies.size() >= 3);
  CHECK(has(bodies[0], R"("eventType":"Normal")"));
  CHECK(has(bodies[0], R"("namespace":"default")"));
}

TEST_CASE("case 3: a Prometheus that is away is a failed check each time, no data may be a hold") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.threshold = 2;
  stage.metric = [](std::size_t) { return no_value(QueryProblem::unreachable, "does not answer"); };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::rolled_back);
  CHECK(has(stage.message("RollingBack"), "does not answer"));
  CanaryStage quiet(RouterKind::gateway_api);
  quiet.plan.canary.threshold = 1;
  quiet.plan.canary.metrics[0].no_data = NoData::hold;
  quiet.metric = [](std::size_t n) {
    return n < 3 ? no_value(QueryProblem::no_data, "no values found") : value(100);
  };
  const DeployResult result = CanaryProcess(quiet).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::succeeded);
  CHECK(result.state.failed_checks == 0);
  CHECK(by_minutes(quiet) == Weights{{0, 10}, {4, 20}, {5, 30}, {6, 40}, {7, 50}});
}

TEST_CASE("case 25: after long checks and sleeping machines there is one step an interval") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.plan.canary.interval = Milliseconds{10'000};
  stage.metric = [&](std::size_t n) {  // a check takes longer than the interval, one very long
    stage.world.advance(Milliseconds{n == 1 ? 24'000 : 12'000});
    return value(99.5);
  };
  CHECK(CanaryProcess(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  const auto weights = stage.weights();
  REQUIRE(weights.size() == 5);
  for (std::size_t i = 1; i < weights.size(); ++i) {
    CHECK(weights[i].first - weights[i - 1].first >= 22);
  }
}

TEST_CASE("gates without Prometheus, and queries with unknown names, are refused before anything") {
  CanaryStage stage(RouterKind::gateway_api);
  stage.with_metrics = false;
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::config, "Prometheus");
  stage.with_metrics = true;
  stage.plan.canary.metrics[0].query = "x{{ nmespace }}";
  CHECK_ERROR(CanaryProcess(stage).planned("1.5"), ErrorKind::config, "nmespace");
  stage.plan.canary.metrics[0].query.clear();
  const State planned = CanaryProcess(stage).planned("1.5");
  CHECK(planned.to.image == image("1.5"));
  CHECK(planned.from.image == image("1.4"));
  stage.check_tidy(image("1.4"));
}

}  // namespace mlopsctl::testing
