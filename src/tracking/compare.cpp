#include "mlopsctl/tracking/compare.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace mlopsctl {

namespace {

constexpr std::array<std::string_view, 22> small_is_good{
    "loss", "error", "err",  "perplexity", "ppl",     "mse",      "rmse",    "mae",
    "mape", "wer",   "cer",  "latency",    "runtime", "duration", "seconds", "time",
    "nll",  "bpb",   "cost", "regret",     "fid",     "entropy"};
constexpr std::array<std::string_view, 20> large_is_good{
    "accuracy", "acc",   "f1",         "precision", "recall", "auc",    "auroc",
    "bleu",     "rouge", "map",        "ndcg",      "r2",     "score",  "reward",
    "em",       "iou",   "throughput", "dice",      "mrr",    "speedup"};

bool word_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// "eval/top1-Acc" → eval, top1, acc.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : to_lower(name)) {
    if (word_character(c)) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

template <typename T, typename Same>
bool differs(const std::vector<std::optional<T>>& values, Same same_value) {
  for (const auto& value : values) {
    if (value.has_value() != values.front().has_value()) return true;
    if (value && !same_value(*value, *values.front())) return true;
  }
  return false;
}

template <typename T>
bool shared(const std::vector<std::optional<T>>& values) {
  return std::ranges::count_if(values, [](const auto& value) { return value.has_value(); }) > 1;
}

std::vector<std::size_t> best_of(const std::vector<std::optional<double>>& numbers, Goal goal) {
  std::optional<double> best;
  for (const auto& number : numbers) {
    if (!number || std::isnan(*number) || goal == Goal::unknown) continue;
    const bool better = !best || (goal == Goal::minimise ? *number < *best : *number > *best);
    if (better) best = number;
  }
  std::vector<std::size_t> indices;
  if (!best) return indices;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] && *numbers[i] == *best) indices.push_back(i);
  }
  // If everybody is best there is nothing to point at.
  return indices.size() == numbers.size() ? std::vector<std::size_t>{} : indices;
}

double value_of(const Metric& metric, MetricValue value) {
  switch (value) {
    case MetricValue::latest:
      return metric.latest.value;
    case MetricValue::min:
      return metric.min;
    case MetricValue::max:
      return metric.max;
  }
  return metric.latest.value;
}

}  // namespace

Goal goal_of(std::string_view metric) {
  bool small = false, large = false;
  for (const auto& word : words_of(metric)) {
    small = small || std::ranges::find(small_is_good, word) != small_is_good.end();
    large = large || std::ranges::find(large_is_good, word) != large_is_good.end();
  }
  if (small == large) return Goal::unknown;
  return small ? Goal::minimise : Goal::maximise;
}

RunComparison compare_runs(std::span<const Run> runs, MetricValue value,
                           std::span<const GoalOverride> goals, bool with_system) {
  std::map<std::string, ComparedRow> params, metrics;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const auto& param : runs[i].params) {
      auto& row = params[param.key];
      row.texts.resize(runs.size());
      row.texts[i] = param.value;
    }
    // Series with a context come after the one without; the greatest latest point is the head.
    std::map<std::string_view, const Metric*> heads;
    for (const auto& metric : runs[i].metrics) {
      const Metric*& head = heads[metric.key];
      if (head == nullptr || std::pair(head->latest.step, head->latest.time) <
                                 std::pair(metric.latest.step, metric.latest.time)) {
        head = &metric;
      }
    }
    for (const auto& [key, metric] : heads) {
      if (!with_system && key.starts_with("system/")) continue;
      auto& row = metrics[std::string(key)];
      row.numbers.resize(runs.size());
      row.numbers[i] = value_of(*metric, value);
    }
  }
  RunComparison comparison;
  for (auto& [key, row] : params) {
    row.key = key;
    row.differs = differs(row.texts, std::equal_to<>{});
    comparison.comparable = comparison.comparable || shared(row.texts);
    comparison.any_difference = comparison.any_difference || row.differs;
    comparison.params.push_back(std::move(row));
  }
  for (auto& [key, row] : metrics) {
    row.key = key;
    row.differs = differs(row.numbers, same);
    const auto named = std::ranges::find(goals, key, &GoalOverride::metric);
    row.best = best_of(row.numbers, named == goals.end() ? goal_of(key) : named->goal);
    comparison.comparable = comparison.comparable || shared(row.numbers);
    comparison.any_difference = comparison.any_difference || row.differs;
    comparison.metrics.push_back(std::move(row));
  }
  return comparison;
}

}  // namespace mlopsctl
