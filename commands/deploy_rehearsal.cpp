#include "commands/deploy_rehearsal.hpp"

#include "mlopsctl/base/text.hpp"

#include "commands/deploy_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

using Steps = std::vector<std::string>;

std::string checks_text(const DeployPlan& plan) {
  if (plan.smoke.empty()) return "no smoke checks";
  std::vector<std::string> names;
  for (const SmokeCheck& check : plan.smoke) {
    names.push_back(check.name.empty() ? check.path : check.name);
  }
  return fmt::format("smoke checks {}", join(names, ", "));
}

std::string budget_text(const DeployPlan& plan) {
  return fmt::format("for at most {}, or until a pod fails for good",
                     human_duration(plan.budgets.rollout));
}

std::string hook_names(const CanaryPlan& plan, HookKind kind) {
  std::vector<std::string> names;
  for (const Webhook& hook : plan.webhooks) {
    if (hook.kind == kind) names.push_back(hook.name);
  }
  return join(names, ", ");
}

void add_hooks(Steps& steps, const CanaryPlan& plan, HookKind kind, const char* what) {
  const std::string names = hook_names(plan, kind);
  if (!names.empty()) steps.push_back(fmt::format("{} ({})", what, names));
}

void rolling_steps(Steps& steps, const DeployPlan& plan, const State& state) {
  steps.push_back(fmt::format("set the image of Deployment {} and watch its new pods {}",
                              state.to.deployment, budget_text(plan)));
  steps.push_back(fmt::format("{} on a new pod", checks_text(plan)));
}

void blue_green_steps(Steps& steps, const DeployPlan& plan, const State& state) {
  const BlueGreenPlan& colours = plan.blue_green;
  const std::string service = plan.service.empty() ? plan.app : plan.service;
  steps.push_back(fmt::format("set the image of Deployment {} and bring up {} pods {}",
                              state.to.deployment, state.to.replicas, budget_text(plan)));
  steps.push_back(fmt::format("{} on a pod of {}", checks_text(plan), state.to.deployment));
  steps.push_back(
      fmt::format("switch the selector of Service {} from {} to {}, if it is still as "
                  "it is now, and look at its endpoints",
                  service, state.from.deployment, state.to.deployment));
  steps.push_back(fmt::format("check what is live for {}", human_duration(colours.settle)));
  steps.push_back(fmt::format("keep {} at full size for another {}, then scale it to 0",
                              state.from.deployment, human_duration(colours.keep_old)));
}

std::string weights_text(const CanaryPlan& plan) {
  std::vector<std::string> weights;
  for (const int weight : planned_weights(plan)) weights.push_back(fmt::format("{} %", weight));
  return join(weights, ", ");
}

void analysis_step(Steps& steps, const CanaryPlan& plan) {
  std::vector<std::string> gates;
  for (const MetricGate& gate : plan.metrics) {
    std::string text = gate.name;
    if (gate.range.min) text += fmt::format(" >= {}", human_number(*gate.range.min));
    if (gate.range.max) text += fmt::format(" <= {}", human_number(*gate.range.max));
    gates.push_back(text);
  }
  if (plan.compare_to_stable) gates.emplace_back("comparison with the stable version");
  steps.push_back(fmt::format("every {}: {}; {} failed checks in all and it is rolled back",
                              human_duration(plan.interval),
                              gates.empty() ? "no metrics" : join(gates, ", "), plan.threshold));
}

void canary_steps(Steps& steps, const DeployPlan& plan, const State& state) {
  const CanaryPlan& canary = plan.canary;
  add_hooks(steps, canary, HookKind::confirm_rollout, "wait for consent to begin");
  steps.push_back(
      fmt::format("bring up {} with the new image {}", plan.app + "-canary", budget_text(plan)));
  if (canary.skip_analysis) {
    steps.emplace_back("skip the analysis");
  } else {
    steps.push_back(fmt::format("{} on a canary pod", checks_text(plan)));
    add_hooks(steps, canary, HookKind::pre_rollout, "call the hooks before any traffic");
    steps.push_back(canary.iterations > 0
                        ? fmt::format("{} analyses without any traffic", canary.iterations)
                        : fmt::format("give the canary {} of the traffic", weights_text(canary)));
    analysis_step(steps, canary);
    add_hooks(steps, canary, HookKind::rollout, "call the hooks with each analysis");
    add_hooks(steps, canary, HookKind::confirm_traffic_increase, "ask for consent to each weight");
  }
  add_hooks(steps, canary, HookKind::confirm_promotion, "wait for consent to promote");
  steps.push_back(
      fmt::format("roll Deployment {} to the new image while the canary keeps its "
                  "traffic; if it does not come up, it is put back",
                  state.to.deployment.empty() ? plan.app : state.to.deployment));
  steps.emplace_back("give all traffic back to it, then scale the canary to 0");
  add_hooks(steps, canary, HookKind::post_rollout, "call the hooks at the end");
}

}  // namespace

std::vector<int> planned_weights(const CanaryPlan& plan) {
  if (!plan.step_weights.empty()) return plan.step_weights;
  std::vector<int> weights;
  for (int weight = plan.step_weight; plan.step_weight > 0; weight += plan.step_weight) {
    weights.push_back(std::min({weight, plan.max_weight, 100}));  // a limit, unlike Flagger's
    if (weight >= plan.max_weight || weight >= 100) break;
  }
  return weights;
}

std::vector<std::string> planned_steps(const DeployPlan& plan, const State& state) {
  Steps steps{"take the lock and write down what is done",
              "copy the ConfigMaps and Secrets of the pods, so that a rollback brings them back"};
  switch (state.strategy) {
    case StrategyKind::rolling:
      rolling_steps(steps, plan, state);
      break;
    case StrategyKind::blue_green:
      blue_green_steps(steps, plan, state);
      break;
    case StrategyKind::canary:
      canary_steps(steps, plan, state);
      break;
  }
  if (!plan.smoke_url.empty()) {
    steps.push_back(fmt::format("{} at {}", checks_text(plan), plan.smoke_url));
  }
  steps.emplace_back("add it to the history");
  return steps;
}

Report rehearsal_report(const std::string& schema, const DeployPlan& plan, const State& state,
                        const std::string& cluster, const std::vector<RequiredCheck>& required,
                        const std::vector<Finding>& notes) {
  Report report(schema);
  report.field("app", "app", Cell(plan.app));
  report.field("outcome", "outcome", Cell("dry run"));
  report.field("strategy", "strategy", Cell(to_string(state.strategy)));
  report.field("from", "from", state.from.image.empty() ? Cell() : Cell(state.from.image));
  report.field("to", "to", Cell(state.to.image));
  report.field("replicas", "replicas", Cell(Value(std::int64_t{state.to.replicas})));
  report.field("cluster", "cluster", Cell(cluster));
  Table& table = report.table(
      Table{.key = "steps",
            .heading = "What would be done",
            .columns = {{"step", "STEP", true}, {.key = "what", .header = "WHAT", .wrap = true}}});
  std::int64_t number = 0;
  for (const std::string& step : planned_steps(plan, state)) {
    table.add({Cell(Value(++number)), Cell(step)});
  }
  for (const RequiredCheck& check : required) report.finding(Severity::note, check.text);
  for (const Finding& note : notes) report.finding(note.severity, note.message);
  return report.summary("nothing was changed");
}

}  // namespace mlopsctl::commands
