// What is wrong with a plan though each key of it is right.
#include "mlopsctl/base/text.hpp"

#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace mlopsctl {

namespace {

class Checker {
 public:
  Checker(const YamlValue& root, const PlanSource& source) : root_(root), source_(source) {}

  [[noreturn]] void refuse(std::initializer_list<std::string_view> path, const std::string& message,
                           const std::string& hint = {}) const {
    source_.refuse(span(path), message, hint);
  }
  // Of the value at a path, or of the nearest thing around it. Digits are places in lists.
  YamlSpan span(std::initializer_list<std::string_view> path) const {
    const YamlValue* value = &root_;
    for (const auto step : path) {
      const YamlValue* next = nullptr;
      const auto index = parse_integer(step);
      if (value->is_list() && index && *index >= 0 &&
          static_cast<std::size_t>(*index) < value->items.size()) {
        next = &value->items[static_cast<std::size_t>(*index)];
      } else {
        next = value->find(step);
      }
      if (next == nullptr) break;
      value = next;
    }
    return value->span;
  }
  bool has(std::string_view section, std::string_view key) const {
    const YamlValue* map = root_.find(section);
    return map != nullptr && map->find(key) != nullptr;
  }

 private:
  const YamlValue& root_;
  const PlanSource& source_;
};

void check_metric(const MetricGate& gate, const std::string& index, const Checker& check) {
  const bool success = gate.name == "request-success-rate";
  const bool duration = gate.name == "request-duration";
  const ThresholdRange& range = gate.range;
  const auto refuse = [&](const std::string& message, const std::string& hint) {
    check.refuse({"canary", "metrics", index},
                 fmt::format("metric {} {}", quote(gate.name), message), hint);
  };
  if (gate.query.empty() && !success && !duration) {
    static const std::vector<std::string> built_in{"request-success-rate", "request-duration"};
    const auto near = closest(gate.name, built_in);
    refuse("has no query and is none of the built-in ones",
           near ? fmt::format("did you mean {}?", quote(*near))
                : "give it a query, or use request-success-rate or request-duration");
  }
  if (!range.min && !range.max) {
    refuse("has no bound", "say what is good with thresholdRange: {min: 99} or {max: 500}");
  }
  if (gate.query.empty() && success && !range.min) {
    refuse("needs thresholdRange.min", "it is a share in per cent that must not get small");
  }
  if (gate.query.empty() && duration && !range.max) {
    refuse("needs thresholdRange.max", "it is a time in ms that must not get large");
  }
  if (range.min && range.max && *range.min > *range.max) {
    refuse("can never be good: min is above max", "");
  }
}

void check_weights(const CanaryPlan& canary, const Checker& check) {
  if (canary.step_weights.empty()) return;
  for (const auto* key : {"stepWeight", "maxWeight"}) {
    if (!check.has("canary", key)) continue;
    check.refuse({"canary", key}, fmt::format("'canary.{}' does nothing beside stepWeights", key),
                 "leave out one of the two");
  }
  if (!std::ranges::is_sorted(canary.step_weights, std::less_equal<>{})) {
    check.refuse({"canary", "stepWeights"}, "'canary.stepWeights' do not rise");
  }
}

void check_canary(const CanaryPlan& canary, const Checker& check) {
  check_weights(canary, check);
  if (canary.max_weight < canary.step_weight && canary.step_weights.empty()) {
    check.refuse({"canary", "stepWeight"},
                 fmt::format("'canary.stepWeight' {} is above maxWeight {}", canary.step_weight,
                             canary.max_weight));
  }
  std::size_t index = 0;
  std::vector<std::string> names;
  for (const MetricGate& gate : canary.metrics) {
    const auto number = std::to_string(index++);
    check_metric(gate, number, check);
    if (std::ranges::find(names, gate.name) != names.end()) {
      check.refuse({"canary", "metrics", number},
                   fmt::format("there are two metrics {}", quote(gate.name)));
    }
    names.push_back(gate.name);
  }
}

void check_smoke(const std::vector<SmokeCheck>& checks, const Checker& check) {
  static const std::vector<std::string> methods{"GET",   "HEAD",   "POST",   "PUT",
                                                "PATCH", "DELETE", "OPTIONS"};
  std::size_t index = 0;
  for (const SmokeCheck& smoke : checks) {
    const auto number = std::to_string(index++);
    if (std::ranges::find(methods, smoke.method) == methods.end()) {
      check.refuse({"smoke", "checks", number, "method"},
                   fmt::format("{} is no method", quote(smoke.method)),
                   "methods are " + join(methods, ", "));
    }
    if (!smoke.completion_model.empty() && !smoke.body.empty()) {
      check.refuse({"smoke", "checks", number, "body"},
                   "a completion has a body of its own: leave out 'body' or 'completionModel'");
    }
  }
}

}  // namespace

void check_plan(const DeployPlan& plan, const YamlValue& root, const PlanSource& source) {
  const Checker check(root, source);
  check_canary(plan.canary, check);
  check_smoke(plan.smoke, check);
  if (plan.blue_green.blue == plan.blue_green.green) {
    check.refuse({"blueGreen", "green"}, "the two colours have the same name");
  }
  const AutoscalePlan& scale = plan.autoscale;
  if (scale.enabled && scale.min > scale.max) {
    check.refuse({"autoscale", "min"}, "'autoscale.min' is above 'autoscale.max'");
  }
  if (scale.enabled && !scale.cpu && !scale.gpu && !scale.requests_per_second) {
    check.refuse({"autoscale"}, "'autoscale' has nothing to scale by",
                 "give cpu, gpu or requestsPerSecond");
  }
  if (plan.server.preset == "vllm" && plan.server.model.empty() && plan.server.args.empty() &&
      plan.server.command.empty()) {
    check.refuse({"server"}, "'server.model' is missing: preset vllm serves one",
                 "such as model: Qwen/Qwen2.5-7B-Instruct, or a path in the container");
  }
}

}  // namespace mlopsctl
