// run show: everything about one run.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <algorithm>

namespace mlopsctl::commands {

namespace {

constexpr int sparkline_width = 16;
// Drawing means reading the points; a listing should not take longer than a blink.
constexpr std::int64_t most_points_drawn = 200'000;

void add_attributes(Report& report, const Run& run, Timestamp now) {
  report.field("run_id", "run", Cell(run.id));
  report.field("name", "name", Cell(run.name));
  report.field("experiment", "experiment", Cell(run.experiment_name));
  report.field("experiment_id", "experiment id", Cell(run.experiment_id));
  report.field("status", "status", status_cell(run));
  report.field("start", "started", Cell(Value(run.start)));
  report.field("end", "ended", optional_cell(run.end));
  report.field("duration_s", "duration", duration_cell(run, now));
  report.field("user", "user", Cell(run.user));
  report.field("exit_code", "exit code",
               run.exit_code ? Cell(Value(std::int64_t{*run.exit_code})) : Cell());
  report.field("signal", "signal", run.signal ? Cell(Value(std::int64_t{*run.signal})) : Cell());
  report.field("artifact_uri", "artifacts", Cell(run.artifact_uri));
}

Group group_of(std::string key, std::string heading, const std::vector<KeyValue>& pairs) {
  Group group{std::move(key), std::move(heading), {}};
  for (const auto& pair : pairs) group.entries.push_back({pair.key, Cell(pair.value)});
  return group;
}

Table metric_table(const RunStore& store, const Run& run, bool draw, bool unicode) {
  Table table{.key = "metrics",
              .heading = "Metrics",
              .columns = {{.key = "key", .header = "METRIC"},
                          {.key = "latest", .header = "LATEST", .right = true},
                          {.key = "step", .header = "STEP", .right = true},
                          {.key = "min", .header = "MIN", .right = true},
                          {.key = "max", .header = "MAX", .right = true},
                          {.key = "points", .header = "POINTS", .right = true},
                          {.key = "time", .header = "TIME", .terminal = false},
                          {.key = "min_step", .header = "MIN STEP", .terminal = false},
                          {.key = "max_step", .header = "MAX STEP", .terminal = false},
                          {.key = "model_id", .header = "MODEL", .terminal = false},
                          {.key = "dataset", .header = "DATA SET", .terminal = false}}};
  if (draw) table.columns.push_back({.key = "curve", .header = "CURVE"});
  for (const auto& metric : run.metrics) {
    std::vector<Cell> row{
        Cell(metric.key),
        Cell(Value(metric.latest.value)),
        Cell(Value(metric.latest.step)),
        Cell(Value(metric.min)),
        Cell(Value(metric.max)),
        Cell(Value(metric.count)),
        Cell(Value(metric.latest.time)),
        Cell(Value(metric.min_step)),
        Cell(Value(metric.max_step)),
        metric.context.model_id.empty() ? Cell() : Cell(metric.context.model_id),
        metric.context.dataset_name.empty() ? Cell() : Cell(metric.context.dataset_name)};
    if (draw) {
      std::vector<double> values;
      store.history(run.id, metric.key, RunStore::Order::by_step,
                    [&](const Point& point) { values.push_back(point.value); });
      row.emplace_back(Value(sparkline(values, sparkline_width, unicode)));
    }
    table.add(std::move(row));
  }
  return table;
}

Table artifact_table(const std::vector<Artifact>& artifacts) {
  Table table{.key = "artifacts",
              .heading = "Artifacts",
              .columns = {{.key = "path", .header = "PATH"},
                          {.key = "size", .header = "SIZE", .right = true},
                          {.key = "sha256", .header = "SHA256", .terminal = false},
                          {.key = "added", .header = "ADDED"}}};
  for (const auto& artifact : artifacts) {
    table.add({Cell(artifact.path), Cell(Value(Bytes{artifact.size})), Cell(artifact.sha256),
               Cell(Value(artifact.added))});
  }
  return table;
}

Table input_table(const std::vector<DatasetInput>& inputs) {
  Table table{.key = "inputs",
              .heading = "Data sets",
              .columns = {{.key = "name", .header = "NAME"},
                          {.key = "digest", .header = "DIGEST"},
                          {.key = "context", .header = "CONTEXT", .wrap = true},
                          {.key = "source", .header = "SOURCE", .shrink = true}}};
  for (const auto& input : inputs) {
    const auto role = std::ranges::find(input.tags, "mlflow.data.context", &KeyValue::key);
    table.add({Cell(input.dataset.name), Cell(input.dataset.digest),
               role == input.tags.end() ? Cell() : Cell(role->value), Cell(input.dataset.source)});
  }
  return table;
}

Table child_table(const std::vector<Run>& children, Timestamp now) {
  Table table{.key = "children",
              .heading = "Child runs",
              .columns = {{.key = "run_id", .header = "RUN"},
                          {.key = "name", .header = "NAME"},
                          {.key = "status", .header = "STATUS"},
                          {.key = "duration_s", .header = "DURATION", .right = true}}};
  for (const auto& child : children) {
    table.add(
        {run_id_cell(child.id), Cell(child.name), status_cell(child), duration_cell(child, now)});
  }
  return table;
}

Report show(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  const Run run = store.run(run_argument(store, arguments, 0));
  std::int64_t points = 0;
  for (const auto& metric : run.metrics) points += metric.count;
  const bool draw =
      context.terminal().out_is_tty && !context.globals().json && points <= most_points_drawn;
  Report report("run.show/1");
  const auto note = std::ranges::find(run.tags, tag_names::note, &KeyValue::key);
  add_attributes(report, run, context.now());
  if (note != run.tags.end()) report.field("note", "note", Cell(note->value));
  report.group(group_of("params", "Parameters", run.params));
  report.table(metric_table(store, run, draw, context.terminal().unicode));
  report.group(group_of("tags", "Tags", run.tags));
  report.table(artifact_table(store.artifacts(run.id)));
  report.table(input_table(store.inputs(run.id)));
  report.table(child_table(store.children(run.id), context.now()));
  if (draw && !run.metrics.empty()) report.next("mlopsctl run plot " + run.id.substr(0, 8));
  return report;
}

}  // namespace

CommandSpec run_show() {
  return {.path = "run show",
          .summary = "Show everything about a run",
          .examples = {{"mlopsctl run show @last", "The newest run"},
                       {"mlopsctl run show 3fa4 --json", "For a script"}},
          .positionals = {run_positional(false, 0)},
          .run = show};
}

}  // namespace mlopsctl::commands
