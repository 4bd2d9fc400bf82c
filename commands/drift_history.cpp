// drift history: the checks of the run store, newest last, with their trend.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/run_store.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "commands/commands.hpp"
#include "commands/drift_record.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::commands {

namespace {

constexpr int trend_width = 60;

std::string value_of(const std::vector<KeyValue>& pairs, std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &KeyValue::key);
  return found == pairs.end() ? std::string() : found->value;
}

Cell metric_cell(const Run& run, std::string_view key) {
  const auto found = std::ranges::find(run.metrics, key, &Metric::key);
  return found == run.metrics.end() ? Cell() : Cell(Value(found->latest.value));
}

double metric_value(const Run& run, std::string_view key) {
  const auto found = std::ranges::find(run.metrics, key, &Metric::key);
  return found == run.metrics.end() ? std::nan("") : found->latest.value;
}

Style verdict_style(const std::string& verdict) {
  return verdict == "drift" ? Style::red : verdict == "ok" ? Style::green : Style::yellow;
}

std::string trend(const std::vector<Run>& runs, bool unicode) {
  std::vector<double> psi, moved;
  for (const auto& run : runs) {
    psi.push_back(metric_value(run, "drift/max_psi"));
    moved.push_back(metric_value(run, "drift/max_ks"));
  }
  return fmt::format("largest PSI    {}  now {}\nlargest share  {}  now {}\n",
                     sparkline(psi, trend_width, unicode), human_number(psi.back()),
                     sparkline(moved, trend_width, unicode), human_number(moved.back()));
}

Report history(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  const std::int64_t limit = arguments.integer("limit").value_or(20);
  if (limit < 1) throw Error(ErrorKind::usage, "--limit needs a number from 1");
  const auto name = arguments.positional(0);
  const auto runs =
      recorded_checks(store, {.tag = drift_check_tag,
                              .experiment = arguments.text_or("experiment", drift_experiment),
                              .name = name,
                              .limit = limit});
  if (name && runs.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("there is no check named {}", quote(*name)),
                "'mlopsctl drift history' lists all");
  }
  Report report("drift.history/1");
  Table table{.key = "checks", .when_empty = "no drift check was recorded yet"};
  table.columns = {{.key = "checked_at", .header = "CHECKED"},
                   {.key = "name", .header = "NAME", .shrink = true},
                   {.key = "verdict", .header = "VERDICT"},
                   {.key = "severity", .header = "SEVERITY"},
                   {.key = "drifted_features", .header = "DRIFTED", .right = true},
                   {.key = "share", .header = "SHARE", .right = true},
                   {.key = "max_psi", .header = "MAX PSI", .right = true},
                   {.key = "max_ks", .header = "MAX MOVED", .right = true},
                   {.key = "worst_feature", .header = "WORST", .shrink = true},
                   {.key = "current_rows", .header = "ROWS", .right = true},
                   {.key = "run_id", .header = "RUN"}};
  std::set<std::string> names;
  for (const auto& run : runs) {
    const std::string verdict = value_of(run.tags, "drift.verdict");
    names.insert(value_of(run.tags, drift_check_tag));
    table.add({Cell(Value(run.start)),
               Cell(value_of(run.tags, drift_check_tag)),
               {Value(verdict), verdict, verdict_style(verdict)},
               Cell(value_of(run.tags, "drift.severity")),
               metric_cell(run, "drift/drifted_features"),
               metric_cell(run, "drift/share"),
               metric_cell(run, "drift/max_psi"),
               metric_cell(run, "drift/max_ks"),
               Cell(value_of(run.tags, "drift.worst_feature")),
               metric_cell(run, "drift/current_rows"),
               run_id_cell(run.id)});
  }
  report.table(std::move(table));
  // A line over checks of different things would mean nothing.
  if (names.size() == 1 && runs.size() > 1 && context.terminal().out_is_tty) {
    report.text("trend", trend(runs, context.terminal().unicode));
    report.next(fmt::format("mlopsctl run plot {}", *names.begin()));
  }
  return report;
}

}  // namespace

CommandSpec drift_history() {
  return {.path = "drift history",
          .summary = "Show the recorded drift checks and their trend",
          .description =
              "Oldest first. Each check is a run with the report as an artifact; all "
              "checks of a name share one more run, named as the check, whose series "
              "have one step a check: 'run plot NAME' draws them.",
          .examples = {{"mlopsctl drift history", "All checks"},
                       {"mlopsctl drift history churn --limit 100", "One of them, longer"},
                       {"mlopsctl run plot churn --metric drift/max_psi", "Its curve"}},
          .options =
              {{.name = "limit", .value = "N", .help = "The newest N checks", .default_text = "20"},
               {.name = "experiment",
                .value = "NAME",
                .help = "Where the checks were recorded",
                .complete = Complete::experiment,
                .default_text = "drift"}},
          .positionals = {{.name = "NAME", .help = "Checks of this name", .least = 0}},
          .run = history};
}

}  // namespace mlopsctl::commands
