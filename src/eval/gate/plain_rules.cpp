// Rules on numbers that have no examples behind them: {"accuracy": 0.91}, and absolute thresholds.
#include "mlopsctl/base/text.hpp"

#include "eval/gate/metric_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::gate {

namespace {

constexpr double rounding = 1e-9;

bool is_accuracy(std::string_view name) {
  const auto last = name.rfind('/');
  if (last != std::string_view::npos) name.remove_prefix(last + 1);
  return name == "acc" || name == "accuracy";
}

bool is_lower_better(const std::string& name) {
  constexpr std::array words{"loss", "perplexity", "ppl", "nll", "error", "bits_per_byte",
                             "wer",  "cer",        "mse", "mae", "time",  "latency"};
  const std::string lower = to_lower(name);
  return std::ranges::any_of(words,
                             [&](const char* word) { return lower.find(word) != lower.npos; });
}

struct Named {
  std::string task, name;
  double value = 0;
  std::uint64_t n = 0;
  bool higher_is_better = true;
  std::optional<std::uint64_t> correct;
};

std::vector<Named> numbers_of(const Measured& now) {
  std::vector<Named> all;
  if (now.quality) {
    for (const TaskResult& task : now.quality->tasks) {
      for (const MetricValue& metric : task.metrics) {
        all.push_back({task.name, metric.key(), metric.value, metric.n, metric.higher_is_better,
                       metric.correct});
      }
    }
  }
  for (const auto& [name, value] : now.plain) {
    all.push_back({"", name, value, 0, !is_lower_better(name), std::nullopt});
  }
  return all;
}

bool matches(const Named& one, const std::string& key) {
  return one.name == key || one.task + "/" + one.name == key ||
         (is_accuracy(key) && is_accuracy(one.name) &&
          (key.find('/') == key.npos || one.task.empty() || key.starts_with(one.task + "/")));
}

std::string title(const Named& one) {
  return one.task.empty() ? one.name : fmt::format("{} of {}", one.name, one.task);
}

void compare(const Named& now, double before, const QualityOptions& options, GateResult& result) {
  Check check{.subject = now.task.empty() ? "results" : now.task,
              .name = now.name,
              .before = before,
              .now = now.value,
              .n = now.n};
  const bool higher = now.higher_is_better;
  const double slack = higher ? options.tolerance : options.relative_tolerance * std::abs(before);
  check.limit = higher ? before - slack : before + slack;
  check.change = now.value - before;
  const bool kept = higher ? now.value >= *check.limit - rounding
                           : now.value <= *check.limit + rounding;  // NaN is neither
  check.verdict = kept && std::isfinite(now.value) ? Verdict::pass : Verdict::fail;
  const char* place = higher ? (kept ? "not below" : "below") : (kept ? "not above" : "above");
  check.text = fmt::format("{} is {:.4f}, {} the baseline {:.4f} {} {:.4f}", title(now), now.value,
                           place, before, higher ? "-" : "+", slack);
  result.checks.push_back(std::move(check));
}

std::map<std::string, double> plain_baseline(const Baseline& baseline) {
  if (!baseline.plain.empty() || !baseline.quality) return baseline.plain;
  std::map<std::string, double> numbers;
  for (const Named& one : numbers_of({.quality = baseline.quality})) {
    numbers[one.task.empty() ? one.name : one.task + "/" + one.name] = one.value;
  }
  return numbers;
}

}  // namespace

void add_plain_checks(const Baseline& baseline, const Measured& now, const QualityOptions& options,
                      GateResult& result) {
  auto numbers = plain_baseline(baseline);
  // Beside an accuracy other numbers are epochs, sizes and times.
  const auto is_other = [](const auto& entry) { return !is_accuracy(entry.first); };
  if (!options.metrics.empty()) {
    std::erase_if(numbers, [&](const auto& entry) {
      return std::ranges::find(options.metrics, entry.first) == options.metrics.end();
    });
  } else if (!std::ranges::all_of(numbers, is_other)) {
    std::erase_if(numbers, is_other);
  }
  const auto measured = numbers_of(now);
  for (const auto& [key, before] : numbers) {
    bool found = false;
    for (const Named& one : measured) {
      if (!matches(one, key)) continue;
      found = true;
      compare(one, before, options, result);
    }
    if (!found) {
      result.checks.push_back(
          {.subject = "results",
           .name = key,
           .verdict = Verdict::no_answer,
           .text = fmt::format("{} of the baseline was not measured", quote(key))});
    }
  }
}

void add_threshold_checks(const Measured& now, const QualityOptions& options, GateResult& result) {
  if (!options.threshold) return;
  std::size_t count = 0;
  for (const Named& one : numbers_of(now)) {
    if (!is_accuracy(one.name)) continue;
    ++count;
    // By counts where there are some: 0.85 of 100 are 85.
    const double correct = one.correct ? static_cast<double>(*one.correct) : one.value;
    const double scale = one.correct ? static_cast<double>(one.n) : 1;
    const bool kept =
        correct >= *options.threshold * scale - rounding && (!one.correct || one.n > 0);
    result.checks.push_back(
        {.subject = one.task.empty() ? "results" : one.task,
         .name = one.name + " threshold",
         .verdict = kept ? Verdict::pass : Verdict::fail,
         .text = fmt::format("{} is {:.4f}, {} the threshold {:.4f}", title(one), one.value,
                             kept ? "not below" : "below", *options.threshold),
         .now = one.value,
         .limit = options.threshold,
         .n = one.n});
  }
  if (count == 0) {
    result.checks.push_back({.subject = "results",
                             .name = "accuracy threshold",
                             .verdict = Verdict::no_answer,
                             .text = "there is no accuracy to hold against the threshold"});
  }
}

}  // namespace mlopsctl::gate
