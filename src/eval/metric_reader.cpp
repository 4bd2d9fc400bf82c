#include "eval/metric_reader.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include "eval/metric_catalogue.hpp"
#include "eval/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::eval {

namespace {

// Reads the map of one list item.
class Item {
 public:
  Item(const TaskFile& file, const YamlValue& map, std::string key)
      : file_(file), map_(map), key_(std::move(key)) {
    if (!map.is_map()) refuse(&map, "has an item that is no map");
  }

  [[noreturn]] void refuse(const YamlValue* at, const std::string& what,
                           const std::string& hint = {}) const {
    file_.refuse(key_, at, what, hint);
  }
  std::string text(const char* name, const char* otherwise = nullptr) const {
    const YamlValue* value = map_.find(name);
    if (value == nullptr || value->is_null()) {
      if (otherwise == nullptr) refuse(&map_, fmt::format("has an item without '{}'", name));
      return otherwise;
    }
    if (!value->is_text()) refuse(value, fmt::format("has a '{}' that is no text", name));
    return value->text;
  }
  bool truth(const char* name, bool otherwise) const {
    const YamlValue* value = map_.find(name);
    if (value == nullptr || value->is_null()) return otherwise;
    if (value->kind != YamlKind::boolean) {
      refuse(value, fmt::format("has a '{}' that is neither true nor false", name));
    }
    return value->boolean;
  }
  std::int64_t whole(const char* name, std::int64_t otherwise) const {
    const YamlValue* value = map_.find(name);
    if (value == nullptr || value->is_null()) return otherwise;
    const auto number =
        value->kind == YamlKind::integer ? parse_integer(value->text) : std::nullopt;
    if (!number) refuse(value, fmt::format("has a '{}' that is no whole number", name));
    return *number;
  }
  std::vector<std::string> texts(const char* name) const {
    const YamlValue* value = map_.find(name);
    std::vector<std::string> list;
    if (value == nullptr || value->is_null()) return list;
    if (value->is_text()) return {value->text};
    for (const YamlValue& one : value->items) {
      if (!one.is_text()) refuse(&one, fmt::format("has a '{}' with what is no text", name));
      list.push_back(one.text);
    }
    return list;
  }
  void check_names(const std::vector<std::string>& known) const {
    for (const YamlEntry& entry : map_.entries) {
      if (std::ranges::find(known, entry.key) != known.end()) continue;
      refuse(&entry.value, fmt::format("has {}, which is not supported", quote(entry.key)),
             fmt::format("keys are {}", join(known, ", ")));
    }
  }
  void check_pattern(const std::string& pattern, const YamlValue* at) const {
    try {
      Pattern::compile(pattern);
    } catch (const Error& error) {
      refuse(at, error.what());
    }
  }
  const YamlValue& map() const { return map_; }

 private:
  const TaskFile& file_;
  const YamlValue& map_;
  std::string key_;
};

std::vector<YamlValue> items_of(const TaskFile& file, const char* key) {
  const YamlValue* list = file.find(key);
  if (list == nullptr) return {};
  if (!list->is_list()) file.refuse(key, list, "is no list");
  return list->items;
}

MetricPlan read_metric(const Item& item, OutputType type) {
  item.check_names({"metric", "aggregation", "higher_is_better", "ignore_case",
                    "ignore_punctuation", "ignore_numbers", "regexes_to_ignore", "hf_evaluate"});
  const std::string name = item.text("metric");
  const MetricInfo* info = find_metric(name, type);
  if (info == nullptr) {
    item.refuse(item.map().find("metric"),
                fmt::format("has {}, which is no metric of {}", quote(name), to_string(type)),
                fmt::format("metrics are {}", join(metric_names(type), ", ")));
  }
  if (item.truth("hf_evaluate", false)) {
    item.refuse(item.map().find("hf_evaluate"), "needs the Python package evaluate",
                fmt::format("metrics are {}", join(metric_names(type), ", ")));
  }
  MetricPlan plan{.name = name,
                  .aggregation = item.text("aggregation", std::string(info->aggregation).c_str()),
                  .higher_is_better = item.truth("higher_is_better", info->higher_is_better),
                  .ignore_case = item.truth("ignore_case", false),
                  .ignore_punctuation = item.truth("ignore_punctuation", false),
                  .ignore_numbers = item.truth("ignore_numbers", false),
                  .regexes_to_ignore = item.texts("regexes_to_ignore")};
  const bool of_examples =
      info->of_examples &&
      (plan.aggregation == "mean" || plan.aggregation == "median" || plan.aggregation == "nanmean");
  if (plan.aggregation != info->aggregation && !of_examples) {
    item.refuse(item.map().find("aggregation"),
                fmt::format("aggregates {} by {}", quote(name), quote(plan.aggregation)),
                fmt::format("leave it out or say {}", info->aggregation));
  }
  for (const std::string& pattern : plan.regexes_to_ignore) {
    item.check_pattern(pattern, item.map().find("regexes_to_ignore"));
  }
  return plan;
}

FilterStep read_step(const Item& item, OutputType type) {
  FilterStep step{.function = item.text("function")};
  if (type != OutputType::generate_until && step.function != "take_first") {
    item.refuse(&item.map(),
                fmt::format("has {}: only generated texts are filtered", quote(step.function)));
  }
  if (step.function == "regex") {
    item.check_names({"function", "regex_pattern", "group_select", "fallback"});
    step.regex = item.text("regex_pattern", step.regex.c_str());
    step.group = item.whole("group_select", 0);
    step.fallback = item.text("fallback", "[invalid]");
    item.check_pattern(step.regex, item.map().find("regex_pattern"));
  } else if (step.function == "take_first_k") {
    item.check_names({"function", "k"});
    step.k = static_cast<std::uint64_t>(std::max<std::int64_t>(1, item.whole("k", 1)));
  } else if (step.function == "map") {
    item.check_names({"function", "mapping_dict", "default_value"});
    const YamlValue* mapping = item.map().find("mapping_dict");
    if (mapping == nullptr || !mapping->is_map()) item.refuse(&item.map(), "has no mapping_dict");
    for (const YamlEntry& entry : mapping->entries) {
      step.mapping[entry.key] = python_str(entry.value);
    }
    const YamlValue* otherwise = item.map().find("default_value");
    step.otherwise = otherwise == nullptr ? "[invalid]" : python_str(*otherwise);
  } else {
    item.check_names({"function"});
    const std::vector<std::string> plain{"take_first", "majority_vote", "remove_whitespace",
                                         "lowercase", "uppercase"};
    if (std::ranges::find(plain, step.function) == plain.end()) {
      item.refuse(item.map().find("function"),
                  fmt::format("has {}, which is not supported", quote(step.function)),
                  "filters are regex, take_first, take_first_k, majority_vote, remove_whitespace, "
                  "lowercase, uppercase, map");
    }
  }
  return step;
}

}  // namespace

std::vector<MetricPlan> read_metrics(const TaskFile& file, OutputType type) {
  std::vector<MetricPlan> plans;
  for (const YamlValue& given : items_of(file, "metric_list")) {
    MetricPlan plan = read_metric(Item(file, given, "metric_list"), type);
    if (std::ranges::find(plans, plan.name, &MetricPlan::name) != plans.end()) {
      file.refuse("metric_list", &given, fmt::format("has {} twice", quote(plan.name)));
    }
    plans.push_back(std::move(plan));
  }
  return plans.empty() ? default_metrics(type) : plans;
}

std::vector<FilterPlan> read_filters(const TaskFile& file, OutputType type) {
  std::vector<FilterPlan> plans;
  for (const YamlValue& given : items_of(file, "filter_list")) {
    const Item item(file, given, "filter_list");
    item.check_names({"name", "filter"});
    FilterPlan plan{.name = item.text("name")};
    if (plan.name.find(',') != plan.name.npos || printable(plan.name) != plan.name) {
      item.refuse(&given, "has a name with a comma or control characters");
    }
    if (std::ranges::find(plans, plan.name, &FilterPlan::name) != plans.end()) {
      item.refuse(&given, fmt::format("has {} twice", quote(plan.name)));
    }
    const YamlValue* steps = given.find("filter");
    if (steps == nullptr || !steps->is_list()) item.refuse(&given, "has an item without 'filter'");
    for (const YamlValue& step : steps->items) {
      plan.steps.push_back(read_step(Item(file, step, "filter_list"), type));
    }
    plans.push_back(std::move(plan));
  }
  if (plans.empty()) plans.push_back({.name = "none", .steps = {{.function = "take_first"}}});
  return plans;
}

std::vector<GroupMetric> read_group_metrics(const TaskFile& file) {
  std::vector<GroupMetric> metrics;
  for (const YamlValue& given : items_of(file, "aggregate_metric_list")) {
    const Item item(file, given, "aggregate_metric_list");
    item.check_names({"metric", "aggregation", "weight_by_size", "filter_list"});
    if (const std::string how = item.text("aggregation", "mean"); how != "mean") {
      item.refuse(given.find("aggregation"), fmt::format("aggregates by {}", quote(how)),
                  "groups are means of their tasks");
    }
    metrics.push_back({.metric = item.text("metric"),
                       .filters = item.texts("filter_list"),
                       .weight_by_size = item.truth("weight_by_size", true)});
  }
  return metrics;
}

}  // namespace mlopsctl::eval
