// Flagger's Canary manifests, as its documentation has them.
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"

#include <algorithm>
#include <string>

using namespace mlopsctl;

namespace {

std::string text_of(const std::string& name) {
  return read_file(mlopsctl::testing::source_folder() + "/tests/golden/deploy/flagger/" + name);
}
DeployPlan golden(const std::string& name) { return parse_plan(text_of(name), "'canary.yaml'"); }

bool warned(const DeployPlan& plan, const std::string& text) {
  return std::ranges::any_of(plan.warnings, [&](const std::string& warning) {
    return warning.find(text) != std::string::npos;
  });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a Canary for Istio") {
  const auto plan = golden("istio-canary.yaml");
  CHECK(plan.flagger);
  CHECK(plan.strategy == StrategyKind::canary);
  CHECK(plan.app == "podinfo");
  CHECK(plan.name_space == "test");
  CHECK(plan.image.empty());
  CHECK(plan.service == "podinfo");
  CHECK(plan.port == 9898);
  CHECK(plan.service_port == 80);
  CHECK(plan.budgets.rollout == Milliseconds{600'000});
  CHECK(plan.canary.interval == Milliseconds{15'000});
  CHECK(plan.canary.threshold == 10);
  CHECK(plan.canary.max_weight == 50);
  CHECK(plan.canary.step_weight == 5);
  CHECK(plan.canary.traffic.router == RouterKind::istio);
  CHECK(plan.canary.traffic.object == "podinfo");
  REQUIRE(plan.canary.metrics.size() == 2);
  CHECK(plan.canary.metrics[1].interval == Milliseconds{30'000});
  CHECK(plan.canary.metrics[1].range.max == 500.0);
  REQUIRE(plan.canary.webhooks.size() == 2);
  CHECK(plan.canary.webhooks[0].kind == HookKind::pre_rollout);
  CHECK(plan.canary.webhooks[0].metadata.at("type") == "bash");
  CHECK(plan.canary.webhooks[1].timeout == Milliseconds{5000});
  // What stays as it is, is told with its line.
  CHECK(warned(plan, "line 29 of 'canary.yaml': 'trafficPolicy' is not heeded"));
  CHECK(warned(plan, "'portDiscovery' is not heeded"));
  CHECK(warned(plan, "autoscaler 'podinfo' is left as it is"));
  CHECK(plan_json(parse_plan_json(plan_json(plan))) == plan_json(plan));
}

TEST_CASE("a Canary with templates of metrics in the same file") {
  const auto plan = golden("gatewayapi-canary.yaml");
  CHECK(plan.canary.traffic.router == RouterKind::gateway_api);
  CHECK(plan.prometheus == "http://flagger-prometheus:9090");
  REQUIRE(plan.canary.metrics.size() == 2);
  CHECK(plan.canary.metrics[0].name == "error-rate");
  CHECK(plan.canary.metrics[0].query.find("envoy_response_code!~\"5.*\"") != std::string::npos);
  CHECK(plan.canary.metrics[1].range.max == 0.5);
  const auto text =
      replaced(text_of("gatewayapi-canary.yaml"), "  name: error-rate\n", "  name: x\n");
  CHECK_ERROR(parse_plan(text, "'c'"), ErrorKind::config,
              "there is no MetricTemplate 'error-rate'");
}

TEST_CASE("Flagger's blue-green: iterations without weights") {
  const auto plan = golden("kubernetes-blue-green.yaml");
  CHECK(plan.canary.iterations == 10);
  CHECK(plan.canary.threshold == 2);
  CHECK(plan.canary.traffic.router == RouterKind::replicas);
}

TEST_CASE("the older shape: canaryAnalysis, threshold instead of a range, ingressRef") {
  const auto plan = golden("nginx-canary.yaml");
  CHECK(plan.canary.traffic.router == RouterKind::nginx);
  CHECK(plan.canary.traffic.object == "podinfo");
  CHECK(plan.canary.interval == Milliseconds{10'000});
  REQUIRE(plan.canary.metrics.size() == 2);
  CHECK(plan.canary.metrics[0].range.min == 99.0);  // of a rate
  CHECK_FALSE(plan.canary.metrics[0].range.max);
  CHECK(plan.canary.metrics[1].range.max == 500.0);  // of anything else
  CHECK(warned(plan, "v1alpha3 is read as"));
}

TEST_CASE("what would be another analysis here is refused, with its line") {
  CHECK_ERROR(golden("istio-abtest.yaml"), ErrorKind::config,
              "line 41 of 'canary.yaml': 'match': A/B tests");
  CHECK_ERROR(golden("linkerd-canary-steps.yaml"), ErrorKind::config,
              "line 8 of 'canary.yaml': provider 'linkerd' is not supported");
  const auto text = text_of("istio-canary.yaml");
  const auto refused = [&](const std::string& from, const std::string& to,
                           const std::string& says) {
    CHECK_ERROR(parse_plan(replaced(text, from, to), "'c'"), ErrorKind::config, says);
  };
  refused("    kind: Deployment", "    kind: DaemonSet", "targets of kind 'DaemonSet'");
  refused("    interval: 15s", "    interval: 15s\n    mirror: true", "mirrored traffic");
  refused("  skipAnalysis: false", "  suspend: true", "suspended");
  refused("    stepWeight: 5", "    stepWeight: 5\n    stepWieghts: [5]",
          "did you mean 'stepWeights'?");
  refused("    stepWeight: 5", "", "neither stepWeight, stepWeights nor iterations");
  refused("apiVersion: flagger.app/v1beta1", "apiVersion: flagger.app/v2", "is not known");
  refused("kind: Canary", "kind: Deployment", "there is no Canary in it, only 'Deployment'");
  CHECK_ERROR(parse_plan(text + "---\n" + text, "'c'"), ErrorKind::config, "a second Canary");
}

TEST_CASE("Flagger's rules for intervals and thresholds hold for its manifests") {
  const auto text = text_of("istio-canary.yaml");
  const auto with = [&](const std::string& from, const std::string& to) {
    return parse_plan(replaced(text, from, to), "'c'");
  };
  CHECK(with("    interval: 15s\n", "    interval: 3s\n").canary.interval == Milliseconds{10'000});
  CHECK(with("    interval: 15s\n", "    interval: soon\n").canary.interval ==
        Milliseconds{60'000});
  CHECK(with("    interval: 15s\n", "").canary.interval == Milliseconds{60'000});
  CHECK(with("    threshold: 10\n", "").canary.threshold == 1);
  CHECK(with("    threshold: 10\n", "    threshold: 0\n").canary.threshold == 1);
  CHECK(with("    maxWeight: 50\n", "").canary.max_weight == 100);
  // 20, 40, 60: how far it goes is up to the analysis; the plan keeps both.
  const auto steep = with("    stepWeight: 5\n", "    stepWeight: 20\n");
  CHECK(steep.canary.step_weight == 20);
  CHECK(steep.canary.max_weight == 50);
  const auto alerts = with("    interval: 15s\n",
                           "    interval: 15s\n    alerts: [{name: a, providerRef: {name: s}}]\n");
  CHECK(warned(alerts, "'alerts' is not heeded"));
}

TEST_CASE("other objects in the file are told, and status is no input") {
  const auto plan = parse_plan(text_of("istio-canary.yaml") +
                                   "status: {phase: Succeeded}\n---\napiVersion: v1\nkind: "
                                   "Service\nmetadata: {name: podinfo}\n---\n# nothing\n---\n",
                               "'c'");
  CHECK(warned(plan, "Service/podinfo is not part of the plan"));
}
