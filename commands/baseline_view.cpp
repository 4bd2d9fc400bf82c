#include "commands/baseline_view.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t digest_digits = 12;

Cell number(double value, const char* unit = "") {
  if (std::isnan(value)) return {};
  return {Value(value),
          std::isfinite(value) ? fmt::format("{:.4f}{}", value, unit) : number_text(value)};
}

}  // namespace

std::string short_digest(const gate::Baseline& baseline) {
  return baseline.digest().substr(0, digest_digits);
}

Table baseline_metric_table(const gate::Baseline& baseline) {
  Table table{.key = "metrics", .heading = "Metrics"};
  table.columns = {{.key = "task", .header = "TASK", .shrink = true},
                   {.key = "metric", .header = "METRIC"},
                   {.key = "value", .header = "VALUE", .right = true},
                   {.key = "correct", .header = "CORRECT", .right = true},
                   {.key = "n", .header = "OF", .right = true},
                   {.key = "examples", .header = "RECORDS", .right = true}};
  if (baseline.quality) {
    for (const TaskResult& task : baseline.quality->tasks) {
      for (const MetricValue& metric : task.metrics) {
        table.add({Cell(task.name), Cell(metric.key()), number(metric.value),
                   metric.correct ? count_cell(*metric.correct) : Cell(),
                   metric.n > 0 ? count_cell(metric.n) : Cell(), count_cell(task.examples.size())});
      }
    }
  }
  for (const auto& [name, value] : baseline.plain) {
    table.add({Cell(), Cell(name), number(value), Cell(), Cell(), Cell()});
  }
  return table;
}

Table baseline_latency_table(const gate::Baseline& baseline) {
  Table table{.key = "latency", .heading = "Latency, milliseconds"};
  table.columns = {{.key = "metric", .header = "METRIC"},
                   {.key = "n", .header = "N", .right = true},
                   {.key = "mean", .header = "MEAN", .right = true},
                   {.key = "median", .header = "MEDIAN", .right = true},
                   {.key = "p90", .header = "P90", .right = true},
                   {.key = "noise_median", .header = "NOISE OF MEDIAN", .right = true},
                   {.key = "noise_p90", .header = "OF P90", .right = true}};
  if (!baseline.latency) return table;
  for (const LatencyMetric metric : latency_metrics()) {
    const LatencySummary summary = summarize(latency_values(*baseline.latency, metric));
    if (summary.n == 0) continue;
    const auto noise = [&](const char* what) {
      const auto found = baseline.noise.find(fmt::format("{} {}", what, to_string(metric)));
      if (found == baseline.noise.end()) return Cell();
      return Cell(Value(found->second), fmt::format("{:.1f} %", 100 * found->second));
    };
    table.add({Cell(to_string(metric)), count_cell(summary.n), number(summary.mean),
               number(summary.median), number(summary.p90), noise("median"), noise("p90")});
  }
  return table;
}

Table baseline_history_table(const gate::Baseline& baseline) {
  Table table{.key = "history", .heading = "History"};
  table.columns = {{.key = "at", .header = "WHEN"},
                   {.key = "who", .header = "WHO", .shrink = true},
                   {.key = "why", .header = "WHY", .wrap = true},
                   {.key = "replaced", .header = "REPLACED"}};
  for (const gate::Acceptance& one : baseline.history) {
    table.add({Cell(Value(one.at)), Cell(one.who), Cell(one.why),
               one.digest.empty() ? Cell()
                                  : Cell(Value(one.digest), one.digest.substr(0, digest_digits))});
  }
  return table;
}

std::string baseline_headline(const gate::Baseline& baseline) {
  std::vector<std::string> parts;
  if (baseline.quality) {
    for (const TaskResult& task : baseline.quality->tasks) {
      if (task.metrics.empty()) continue;
      parts.push_back(fmt::format("{} {} {:.4f}", task.name, task.metrics.front().key(),
                                  task.metrics.front().value));
    }
  }
  for (const auto& [name, value] : baseline.plain) {
    parts.push_back(fmt::format("{} {:.4f}", name, value));
  }
  if (baseline.latency) {
    const auto values = latency_values(*baseline.latency, LatencyMetric::e2e);
    parts.push_back(fmt::format("{:.4g} ms", summarize(values).median));
  }
  return join(parts, ", ");
}

}  // namespace mlopsctl::commands
