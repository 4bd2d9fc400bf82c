#include "commands/eval_view.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t shown_errors = 3;

Cell digest_cell(const std::string& key, const std::string& value) {
  if (!key.ends_with("sha256")) return Cell(value);
  return {Value(value), value.substr(0, 12)};
}

void add_target(Report& report, const EvalResult& result) {
  const auto value = [&](const char* key) {
    const auto found = result.fingerprint.find(key);
    return found == result.fingerprint.end() ? std::string() : found->second;
  };
  const auto field = [&](const char* key, const char* label, const std::string& text) {
    if (!text.empty()) report.field(key, label, Cell(text));
  };
  field("model", "model", value("model"));
  field("endpoint", "endpoint", value("endpoint"));
  field("adapter", "adapter", value("adapter"));
  const std::string engine = value("engine_name");
  field("engine", "engine", engine.empty() ? value("engine") : engine);
  field("run_id", "run", result.run);
  const Milliseconds took{result.finished - result.started};
  if (took.count() > 0) report.field("duration_s", "took", Cell(Value(took)));
}

Group fingerprint_group(const EvalResult& result) {
  Group group{"fingerprint", "Fingerprint", {}};
  for (const auto& [key, text] : result.fingerprint) {
    group.entries.push_back({key, digest_cell(key, text)});
  }
  return group;
}

std::vector<Cell> metric_row(const std::string& name, const std::string& alias,
                             const std::string& version, Cell shots, const MetricValue& metric,
                             bool is_group) {
  return {{Value(name), alias.empty() ? name : alias, is_group ? Style::bold : Style::plain},
          version.empty() ? Cell() : Cell(version),
          std::move(shots),
          Cell(metric.filter),
          Cell(metric.name),
          metric_cell(metric, metric.value),
          metric.stderr_ ? metric_cell(metric, *metric.stderr_) : Cell(),
          count_cell(metric.n),
          metric.correct ? count_cell(*metric.correct) : Cell(),
          Cell(Value(metric.higher_is_better)),
          Cell(Value(is_group))};
}

Table metric_table(const EvalResult& result) {
  bool filters = false, versions = false;
  for (const TaskResult& task : result.tasks) {
    versions = versions || !task.version.empty();
    for (const MetricValue& metric : task.metrics) filters = filters || metric.filter != "none";
  }
  Table table{.key = "metrics", .heading = "Metrics", .when_empty = "no task has a metric"};
  table.columns = {{.key = "task", .header = "TASK", .shrink = true},
                   {.key = "version", .header = "VERSION", .terminal = versions},
                   {.key = "shots", .header = "SHOTS", .right = true},
                   {.key = "filter", .header = "FILTER", .terminal = filters},
                   {.key = "metric", .header = "METRIC"},
                   {.key = "value", .header = "VALUE", .right = true},
                   {.key = "stderr", .header = "± STDERR", .right = true},
                   {.key = "n", .header = "N", .right = true},
                   {.key = "correct", .header = "", .terminal = false},
                   {.key = "higher_is_better", .header = "", .terminal = false},
                   {.key = "group", .header = "", .terminal = false}};
  for (const TaskResult& task : result.tasks) {
    for (const MetricValue& metric : task.metrics) {
      table.add(
          metric_row(task.name, task.alias, task.version, count_cell(task.shots), metric, false));
    }
  }
  for (const GroupResult& group : result.groups) {
    for (const MetricValue& metric : group.metrics) {
      table.add(metric_row(group.name, group.alias, {}, Cell(), metric, true));
    }
  }
  return table;
}

Table task_table(const EvalResult& result) {
  Table table{.key = "tasks", .heading = "Tasks"};
  table.columns = {{.key = "task", .header = "TASK", .shrink = true},
                   {.key = "output_type", .header = "TYPE"},
                   {.key = "examples", .header = "EXAMPLES", .right = true},
                   {.key = "of", .header = "OF", .right = true},
                   {.key = "failed", .header = "FAILED", .right = true},
                   {.key = "truncated", .header = "TRUNCATED", .right = true},
                   {.key = "near_ties", .header = "NEAR TIES", .right = true},
                   {.key = "hash", .header = "", .terminal = false},
                   {.key = "data_hash", .header = "", .terminal = false}};
  for (const TaskResult& task : result.tasks) {
    table.add({Cell(task.name), Cell(task.output_type), count_cell(task.examples.size()),
               count_cell(task.of), count_cell(task.failed), count_cell(task.truncated),
               count_cell(task.near_ties), Cell(task.hash), Cell(task.data_hash)});
  }
  return table;
}

void add_findings(Report& report, const TaskResult& task) {
  const std::string name = quote(task.name);
  if (task.failed > 0) {
    report.finding(Severity::bad, fmt::format("{}: {} of {} examples could not be scored", name,
                                              task.failed, task.examples.size()));
    std::size_t shown = 0;
    for (const ExampleRecord& example : task.examples) {
      if (example.error.empty() || shown++ == shown_errors) continue;
      if (shown > shown_errors) break;
      report.finding(Severity::note,
                     fmt::format("{}: {}", quote(example.id), printable(example.error)));
    }
  }
  if (task.truncated > 0) {
    report.finding(Severity::note, fmt::format("{}: the prompts of {} examples were too long and "
                                               "lost their left end",
                                               name, task.truncated));
  }
  if (task.near_ties > 0) {
    report.finding(Severity::note, fmt::format("{}: in {} examples the best two choices are as "
                                               "good as equal",
                                               name, task.near_ties));
  }
  if (task.of > task.examples.size() && !task.examples.empty()) {
    report.finding(Severity::note, fmt::format("{}: the first {} of {} examples", name,
                                               task.examples.size(), task.of));
  }
}

}  // namespace

Cell count_cell(std::uint64_t count) { return Cell(Value(static_cast<std::int64_t>(count))); }

Cell metric_cell(const MetricValue& metric, double value) {
  if (std::isnan(value)) return {};
  const bool is_share = metric.correct.has_value() || std::abs(value) < 10;
  return {Value(value), is_share ? fmt::format("{:.4f}", value) : human_number(value)};
}

Report eval_view(const std::string& schema, const EvalResult& result) {
  Report report(schema);
  add_target(report, result);
  report.table(metric_table(result));
  report.table(task_table(result));
  if (!result.fingerprint.empty()) report.group(fingerprint_group(result));
  for (const TaskResult& task : result.tasks) {
    add_findings(report, task);
    if (task.failed > 0) report.verdict(ExitCode::partial);
  }
  return report;
}

}  // namespace mlopsctl::commands
