// eval history: the gates of the run store, newest last, and where their numbers changed for good.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/change_points.hpp"
#include "mlopsctl/tracking/run_store.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "commands/check_record.hpp"
#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl::commands {

namespace {

constexpr const char* check_tag = "gate.check";
constexpr const char* gates = "gate";  // their experiment
constexpr int trend_width = 40;

std::string value_of(const std::vector<KeyValue>& pairs, std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &KeyValue::key);
  return found == pairs.end() ? std::string() : found->value;
}

Style style_of(const std::string& verdict) {
  if (verdict == "pass") return Style::green;
  return verdict == "fail" ? Style::red : Style::yellow;
}

Table check_table(const std::vector<Run>& runs) {
  Table table{.key = "checks", .when_empty = "no gate was recorded yet"};
  table.columns = {{.key = "checked_at", .header = "CHECKED"},
                   {.key = "name", .header = "NAME", .shrink = true},
                   {.key = "kind", .header = "KIND"},
                   {.key = "verdict", .header = "VERDICT"},
                   {.key = "subject", .header = "OF", .shrink = true},
                   {.key = "run_id", .header = "RUN"}};
  for (const Run& run : runs) {
    const std::string verdict = value_of(run.tags, "gate.verdict");
    table.add({Cell(Value(run.start)),
               Cell(value_of(run.tags, check_tag)),
               Cell(value_of(run.tags, "gate.kind")),
               {Value(verdict), verdict, style_of(verdict)},
               Cell(value_of(run.params, "subject")),
               run_id_cell(run.id)});
  }
  return table;
}

// The values of one metric over the checks of one name, and which checks have it.
struct Series {
  std::vector<double> values;
  std::vector<const Run*> runs;
};
using SeriesKey = std::pair<std::string, std::string>;  // name of the checks, metric

std::map<SeriesKey, Series> series_of(const std::vector<Run>& runs) {
  std::map<SeriesKey, Series> all;
  for (const Run& run : runs) {
    for (const Metric& metric : run.metrics) {
      if (metric.key.starts_with("p/") || !std::isfinite(metric.latest.value)) continue;
      Series& series = all[{value_of(run.tags, check_tag), metric.key}];
      series.values.push_back(metric.latest.value);
      series.runs.push_back(&run);
    }
  }
  return all;
}

Table metric_table(const std::map<SeriesKey, Series>& all, bool plots, bool unicode) {
  Table table{.key = "metrics", .heading = "Metrics"};
  table.columns = {{.key = "name", .header = "NAME", .shrink = true},
                   {.key = "metric", .header = "METRIC", .shrink = true},
                   {.key = "checks", .header = "CHECKS", .right = true},
                   {.key = "first", .header = "FIRST", .right = true},
                   {.key = "last", .header = "LAST", .right = true},
                   {.key = "trend", .header = plots ? "TREND" : "", .terminal = plots}};
  for (const auto& [key, series] : all) {
    table.add({Cell(key.first), Cell(key.second),
               Cell(Value(static_cast<std::int64_t>(series.values.size()))),
               Cell(Value(series.values.front())), Cell(Value(series.values.back())),
               plots ? Cell(sparkline(series.values, trend_width, unicode)) : Cell()});
  }
  return table;
}

Table change_table(const std::map<SeriesKey, Series>& all, const gate::ChangeOptions& options) {
  Table table{.key = "changes",
              .heading = "Changes that stayed",
              .when_empty = "none: nothing changed for good, or there are too few checks to tell"};
  table.columns = {{.key = "name", .header = "NAME", .shrink = true},
                   {.key = "metric", .header = "METRIC", .shrink = true},
                   {.key = "since", .header = "SINCE"},
                   {.key = "before", .header = "BEFORE", .right = true},
                   {.key = "after", .header = "AFTER", .right = true},
                   {.key = "p", .header = "P", .right = true},
                   {.key = "run_id", .header = "FIRST RUN"}};
  for (const auto& [key, series] : all) {
    for (const gate::ChangePoint& change : gate::change_points(series.values, options)) {
      const Run& run = *series.runs.at(change.at);
      table.add({Cell(key.first), Cell(key.second), Cell(Value(run.start)),
                 Cell(Value(change.before)), Cell(Value(change.after)), Cell(Value(change.p)),
                 run_id_cell(run.id)});
    }
  }
  return table;
}

gate::ChangeOptions change_options(const Arguments& arguments) {
  gate::ChangeOptions options;
  options.alpha = arguments.number("alpha").value_or(options.alpha);
  if (!(options.alpha > 0 && options.alpha < 1)) {
    throw Error(ErrorKind::usage, "--alpha needs a number between 0 and 1, such as 0.01");
  }
  return options;
}

Report history(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  const std::int64_t limit = arguments.integer("limit").value_or(100);
  if (limit < 1 || limit > 500)
    throw Error(ErrorKind::usage, "--limit needs a number from 1 to 500");
  const gate::ChangeOptions options = change_options(arguments);
  const auto name = arguments.positional(0);
  const auto runs = recorded_checks(store, {.tag = check_tag,
                                            .experiment = arguments.text_or("experiment", gates),
                                            .name = name,
                                            .limit = limit});
  if (name && runs.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("there is no gate named {}", quote(*name)),
                "'mlopsctl eval history' lists all; a check is named as its baseline");
  }
  Report report("eval.history/1");
  report.table(check_table(runs));
  const auto all = series_of(runs);
  if (all.empty()) return report;
  const Terminal& terminal = context.terminal();
  report.table(metric_table(all, terminal.out_is_tty, terminal.unicode));
  report.table(change_table(all, options));
  return report;
}

}  // namespace

CommandSpec eval_history() {
  return {
      .path = "eval history",
      .summary = "Show the recorded checks, and where their numbers changed for good",
      .description =
          "The gates that 'eval check', 'bench check' and 'model-test' have recorded in the run "
          "store, oldest first. For each metric it says since which check it has been at another "
          "level: E-divisive, the energy statistic of all divisions of the history with a "
          "permutation test, at least three checks on either side. It takes some checks until a "
          "change is certain, so this is a report and no gate: 0 whatever it finds.",
      .examples = {{"mlopsctl eval history chat", "The checks against baselines/chat.json"},
                   {"mlopsctl eval history --json", "All, for a program"},
                   {"mlopsctl run plot chat", "Their curves"}},
      .options =
          {{.name = "limit", .value = "N", .help = "The newest N checks", .default_text = "100"},
           {.name = "alpha",
            .value = "P",
            .help = "Level of the test of one change",
            .default_text = "0.01"},
           {.name = "experiment",
            .value = "NAME",
            .help = "Where the checks were recorded",
            .complete = Complete::experiment,
            .default_text = gates}},
      .positionals = {{.name = "NAME",
                       .help = "Checks of this name: the baseline's",
                       .least = 0,
                       .complete = Complete::baseline}},
      .run = history};
}

}  // namespace mlopsctl::commands
