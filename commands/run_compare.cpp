// run compare: parameters and metrics side by side.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/compare.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

std::vector<GoalOverride> goals_of(const Arguments& arguments) {
  std::vector<GoalOverride> goals;
  for (const auto& text : arguments.list("goal")) {
    const KeyValue pair = parse_key_value(text);
    if (pair.value != "min" && pair.value != "max") {
      throw Error(ErrorKind::usage,
                  fmt::format("the goal of {} cannot be {}", quote(pair.key), quote(pair.value)),
                  "write --goal metric=min or --goal metric=max");
    }
    goals.push_back({pair.key, pair.value == "min" ? Goal::minimise : Goal::maximise});
  }
  return goals;
}

// One column a run, headed by its name; ids tell apart what names do not.
std::vector<Column> columns_for(const std::vector<Run>& runs, const std::string& first) {
  std::vector<Column> columns{{.key = "key", .header = first}};
  for (const auto& run : runs) {
    const auto same_name =
        std::ranges::count_if(runs, [&](const Run& other) { return other.name == run.name; });
    const std::string short_id = run.id.substr(0, 8);
    columns.push_back(
        {.key = run.id,
         .header = same_name > 1 ? fmt::format("{} {}", run.name, short_id) : run.name,
         .right = true,
         .shrink = true});
  }
  columns.push_back({.key = "differs", .header = "DIFFERS", .terminal = false});
  columns.push_back({.key = "best", .header = "BEST", .terminal = false});
  return columns;
}

std::vector<Cell> attribute_row(const std::vector<Run>& runs, const std::string& key,
                                const std::function<Cell(const Run&)>& cell) {
  std::vector<Cell> row{Cell(key)};
  for (const auto& run : runs) row.push_back(cell(run));
  row.insert(row.end(), {Cell(), Cell()});
  return row;
}

std::vector<Cell> compared_row(const ComparedRow& compared, const std::vector<Run>& runs) {
  std::vector<Cell> row{Cell(compared.key)};
  for (const auto& text : compared.texts) row.push_back(text ? Cell(*text) : Cell());
  for (std::size_t i = 0; i < compared.numbers.size(); ++i) {
    if (!compared.numbers[i]) {
      row.emplace_back();
      continue;
    }
    const double value = *compared.numbers[i];
    const bool best = std::ranges::find(compared.best, i) != compared.best.end();
    // The star carries the meaning where there is no colour; the blank keeps digits aligned.
    const std::string mark = best ? "*" : compared.best.empty() ? "" : " ";
    row.push_back({Value(value), human_number(value) + mark, best ? Style::green : Style::plain});
  }
  row.emplace_back(Value(compared.differs));
  std::vector<std::string> best;
  for (const auto index : compared.best) best.push_back(runs[index].id);
  row.push_back(best.empty() ? Cell() : Cell(join(best, ",")));
  return row;
}

Table table_of(std::string key, const std::string& heading, const std::vector<ComparedRow>& rows,
               const std::vector<Run>& runs, bool all) {
  Table table{.key = std::move(key), .columns = columns_for(runs, heading)};
  for (const auto& row : rows) {
    if (all || row.differs) table.add(compared_row(row, runs));
  }
  return table;
}

Report compare(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  std::vector<Run> runs;
  for (const auto& id : run_arguments(store, arguments)) runs.push_back(store.run(id));
  if (runs.size() < 2) {
    throw Error(ErrorKind::usage, "comparing takes at least two different runs",
                "for one run there is 'mlopsctl run show'");
  }
  const std::string which = arguments.text_or("value", "latest");
  const MetricValue value = which == "min"   ? MetricValue::min
                            : which == "max" ? MetricValue::max
                                             : MetricValue::latest;
  const auto goals = goals_of(arguments);
  const RunComparison result = compare_runs(runs, value, goals, arguments.flag("system"));
  const bool all = arguments.flag("all");

  Report report("run.compare/1");
  Table attributes{.key = "runs", .columns = columns_for(runs, "Run")};
  attributes.add(attribute_row(runs, "id", [](const Run& run) { return run_id_cell(run.id); }));
  attributes.add(attribute_row(runs, "status", [](const Run& run) { return status_cell(run); }));
  attributes.add(
      attribute_row(runs, "started", [](const Run& run) { return Cell(Value(run.start)); }));
  attributes.add(attribute_row(runs, "duration",
                               [&](const Run& run) { return duration_cell(run, context.now()); }));
  report.table(std::move(attributes));
  report.table(table_of("params", "Parameter", result.params, runs, all));
  report.table(table_of("metrics", "Metric", result.metrics, runs, all));

  std::size_t differences = 0, total = 0;
  for (const auto* rows : {&result.params, &result.metrics}) {
    total += rows->size();
    differences += static_cast<std::size_t>(std::ranges::count(*rows, true, &ComparedRow::differs));
  }
  std::string summary = fmt::format("{} of {} parameters and metrics differ", differences, total);
  if (!all && differences < total) summary += "; --all shows the rest";
  report.summary(summary);
  if (arguments.flag("exit-code")) {
    if (!result.comparable) {
      report.finding(Severity::bad, "the runs share no parameter and no metric");
      report.verdict(ExitCode::no_answer);
    } else if (result.any_difference) {
      report.verdict(ExitCode::bad_answer);
    }
  }
  return report;
}

}  // namespace

CommandSpec run_compare() {
  CommandSpec spec{
      .path = "run compare",
      .summary = "Show parameters and metrics of several runs side by side",
      .description =
          "Shows what differs; --all shows the rest too. The best value of a metric is marked with "
          "a "
          "star where it is clear which way is better: names with loss, error, perplexity or "
          "latency "
          "want to be small, names with accuracy, f1, auc or bleu large; --goal says it for "
          "others. "
          "With --exit-code, 3 means that the runs differ and 4 that they have nothing in common.",
      .examples = {{"mlopsctl run compare @last @last~1", "The two newest runs"},
                   {"mlopsctl run compare baseline tuned --value min",
                    "By the best loss on the way"},
                   {"mlopsctl run compare a1b2 c3d4 --goal tokens=max --all",
                    "All rows, with a goal for a metric"}},
      .options = {{.name = "all", .help = "Also what is the same"},
                  {.name = "value",
                   .value = "WHICH",
                   .help = "Which value of a metric",
                   .choices = {"latest", "min", "max"},
                   .default_text = "latest"},
                  {.name = "goal",
                   .value = "METRIC=min|max",
                   .help = "Which way a metric is better",
                   .repeatable = true,
                   .complete = Complete::metric},
                  {.name = "system", .help = "Also the system/* series"},
                  {.name = "exit-code", .help = "Exit with 3 if the runs differ"}},
      .positionals = {run_positional(true)},
      .run = compare};
  spec.exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::bad_answer,
                     ExitCode::no_answer};
  return spec;
}

}  // namespace mlopsctl::commands
