#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"

#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr std::size_t largest_file = 4U << 20U;

bool is_manifest(const YamlValue& document) {
  return document.find("apiVersion") != nullptr && document.find("kind") != nullptr;
}

// Hooks of a look at the canary are to be over when the next one begins.
void warn_of_long_hooks(DeployPlan& plan, const YamlValue& root, const PlanSource& source) {
  Milliseconds sum{0};
  for (const Webhook& hook : plan.canary.webhooks) {
    if (hook.kind == HookKind::rollout) sum += hook.timeout;
  }
  if (plan.strategy != StrategyKind::canary || sum < plan.canary.interval) return;
  const YamlValue* canary = root.find("canary");
  plan.warnings.push_back(fmt::format(
      "{}: timeouts of the rollout hooks make {}, not less than the interval {}: a slow "
      "hook delays the next look",
      source.place(canary == nullptr ? root.span : canary->span), duration_text(sum),
      duration_text(plan.canary.interval)));
}

// Steps of "canary.metrics.request-duration.thresholdRange.max".
YamlValue& at_path(YamlValue& root, const std::vector<std::string>& path) {
  YamlValue* place = &root;
  for (const auto& step : path) {
    if (place->is_list()) {
      const auto named = std::ranges::find_if(place->items, [&](const YamlValue& item) {
        const YamlValue* name = item.find("name");
        return name != nullptr && name->text == step;
      });
      const auto index = parse_integer(step);
      if (named != place->items.end()) {
        place = &*named;
      } else if (index && *index >= 0 && static_cast<std::size_t>(*index) < place->items.size()) {
        place = &place->items[static_cast<std::size_t>(*index)];
      } else {
        throw Error(ErrorKind::config, fmt::format("the list has no item {}", quote(step)),
                    "items go by their name, or by their number from 0");
      }
      continue;
    }
    if (!place->is_map()) *place = YamlValue::empty_map();
    if (place->find(step) == nullptr) place->set(step, YamlValue{});
    place = place->find(step);
  }
  return *place;
}

// The two ways of saying weights exclude each other; the later one wins.
void forget_other_weights(YamlValue& root, const std::vector<std::string>& path) {
  YamlValue* canary = root.find("canary");
  if (canary == nullptr || path.size() != 2 || path[0] != "canary") return;
  if (path[1] == "stepWeights") {
    canary->erase("stepWeight");
    canary->erase("maxWeight");
  } else if (path[1] == "stepWeight" || path[1] == "maxWeight") {
    canary->erase("stepWeights");
  }
}

DeployPlan with_value(const DeployPlan& plan, const std::vector<std::string>& path,
                      const YamlValue& value, const std::string& source) {
  YamlValue root = parse_json(plan_json(plan));
  at_path(root, path) = value;
  forget_other_weights(root, path);
  return plan_from(root, {.name = source, .lines = false}, true);
}

}  // namespace

DeployPlan plan_from(const YamlValue& root, const PlanSource& source, bool kept) {
  DeployPlan plan;
  PlanReader reader(root, source);
  visit_plan(plan, reader);
  if (kept) visit_kept(plan, reader);
  reader.finish();
  check_plan(plan, root, source);
  if (!plan.canary.step_weights.empty()) plan.canary.max_weight = plan.canary.step_weights.back();
  return plan;
}

DeployPlan parse_plan(std::string_view text, const std::string& name) {
  const PlanSource source{.name = name};
  const auto documents = parse_documents(text, source);
  if (documents.empty()) {
    source.refuse({}, "there is nothing in it", "`mlopsctl deploy init` writes one to begin with");
  }
  if (std::ranges::any_of(documents, is_manifest)) return read_canary(documents, source);
  if (documents.size() > 1) {
    source.refuse(documents[1].span, "a second document: a deploy.yaml is one",
                  "begin the second app's file anew");
  }
  DeployPlan plan = plan_from(documents.front(), source, false);
  warn_of_long_hooks(plan, documents.front(), source);
  return plan;
}

DeployPlan read_plan(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  if (text.size() > largest_file) {
    throw Error(ErrorKind::config, fmt::format("{} has {}: that is no deploy.yaml",
                                               quoted_path(file), human_bytes(text.size())));
  }
  DeployPlan plan = parse_plan(text, quoted_path(file));
  plan.file = file;
  return plan;
}

void set_in_plan(DeployPlan& plan, std::string_view assignment) {
  const KeyValue given = parse_key_value(assignment);
  const auto path = split(given.key, '.');
  const std::string source = "--set " + given.key;
  try {
    plan = with_value(plan, path, parse_yaml(given.value), source);
  } catch (const Error& first) {
    // 1.10 is a number to YAML and a text to a key that wants one.
    try {
      plan = with_value(plan, path, YamlValue::of_text(given.value), source);
    } catch (const Error&) {
      throw Error(ErrorKind::config, first.what(), first.hint());
    }
  }
}

DeployPlan parse_plan_json(std::string_view text) {
  try {
    return plan_from(parse_json(text), {.name = "the kept plan", .lines = false}, true);
  } catch (const Error& error) {
    throw Error(
        ErrorKind::corrupt, error.what(),
        "it was written by another version of mlopsctl: abort the deployment, or go on with "
        "that version");
  }
}

}  // namespace mlopsctl
