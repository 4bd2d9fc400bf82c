// eval show and eval export: results that are there already.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/lm_eval_export.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/eval_results.hpp"
#include "commands/eval_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

void keep_tasks(EvalResult& result, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return;
  const auto is_other = [&](const std::string& name) {
    return std::ranges::none_of(
        patterns, [&](const std::string& pattern) { return glob_match(pattern, name); });
  };
  std::vector<std::string> names;
  for (const TaskResult& task : result.tasks) names.push_back(task.name);
  std::erase_if(result.tasks, [&](const TaskResult& task) { return is_other(task.name); });
  std::erase_if(result.groups, [&](const GroupResult& group) { return is_other(group.name); });
  if (result.tasks.empty() && result.groups.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("no task is called {}", quote(patterns.front())),
                fmt::format("there are {}", join(names, ", ")));
  }
}

bool is_wrong(const ExampleRecord& example) {
  if (!example.error.empty()) return true;
  const auto acc = example.metrics.find("acc");
  if (acc != example.metrics.end()) return acc->second == 0;
  return std::ranges::any_of(example.metrics, [](const auto& metric) {
    return metric.first.starts_with("exact_match") && metric.second == 0;
  });
}

std::string metrics_text(const ExampleRecord& example) {
  std::string text;
  for (const auto& [name, value] : example.metrics) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, human_number(value));
  }
  return text;
}

Cell number(const std::optional<double>& value) {
  if (!value || std::isnan(*value)) return {};
  return {Value(*value), human_number(*value)};
}
Cell whole(const std::optional<std::int64_t>& value) {
  return value ? Cell(Value(*value)) : Cell();
}

Table example_table(const EvalResult& result, std::int64_t most, bool wrong) {
  Table table{.key = "examples", .heading = "Examples", .when_empty = "no such example"};
  table.columns = {{.key = "task", .header = "TASK", .shrink = true},
                   {.key = "id", .header = "ID"},
                   {.key = "gold", .header = "RIGHT", .right = true},
                   {.key = "predicted", .header = "PREDICTED", .right = true},
                   {.key = "margin", .header = "MARGIN", .right = true},
                   {.key = "nll", .header = "NLL", .right = true},
                   {.key = "tokens", .header = "TOKENS", .right = true},
                   {.key = "metrics", .header = "METRICS", .shrink = true},
                   {.key = "error", .header = "ERROR", .shrink = true},
                   {.key = "prompt_hash", .header = "", .terminal = false},
                   {.key = "detail", .header = "", .terminal = false}};
  for (const TaskResult& task : result.tasks) {
    std::int64_t shown = 0;
    for (const ExampleRecord& example : task.examples) {
      if (wrong && !is_wrong(example)) continue;
      if (shown++ == most) break;
      table.add({Cell(task.name), Cell(example.id), whole(example.gold), whole(example.predicted),
                 number(example.margin), number(example.nll), count_cell(example.tokens),
                 Cell(metrics_text(example)), Cell(example.error), Cell(example.prompt_hash),
                 Cell(example.detail)});
    }
  }
  return table;
}

Report show(Context& context, const Arguments& arguments) {
  EvalResult result = named_result(context, arguments.positionals().front());
  keep_tasks(result, arguments.list("task"));
  const auto examples = arguments.integer("examples");
  if (examples && *examples < 1) {
    throw Error(ErrorKind::usage, "--examples needs a number from 1 on");
  }
  Report report = eval_view("eval.show/1", result);
  report.verdict(ExitCode::done);
  const bool wrong = arguments.flag("wrong");
  if (examples || wrong) report.table(example_table(result, examples.value_or(20), wrong));
  return report;
}

Report export_result(Context& context, const Arguments& arguments) {
  if (!arguments.text("lm-eval")) {
    throw Error(ErrorKind::usage, "eval export needs --lm-eval DIR",
                "the folder is made if it is not there");
  }
  const EvalResult result = named_result(context, arguments.positionals().front());
  const eval::LmEvalFiles files = eval::lm_eval_files(result);
  const fs::path folder = *arguments.text("lm-eval");
  Report report("eval.export/1");
  Table table{.key = "files"};
  table.columns = {{.key = "file", .header = "FILE"},
                   {.key = "bytes", .header = "SIZE", .right = true}};
  const auto write = [&](const std::string& name, const std::string& text) {
    if (!context.globals().dry_run) write_file_atomically(folder / name, text);
    table.add({Cell((folder / name).string()), Cell(Value(Bytes{text.size()}))});
  };
  write(fmt::format("results_{}.json", files.date), files.results);
  for (const auto& [task, text] : files.samples) {
    write(fmt::format("samples_{}_{}.jsonl", task, files.date), text);
  }
  report.table(std::move(table));
  if (files.samples.empty()) {
    report.finding(Severity::note, "no samples: 'eval run --samples' keeps what they are made of");
  }
  return report;
}

}  // namespace

CommandSpec eval_show() {
  return {.path = "eval show",
          .summary = "Show the result of an evaluation",
          .description =
              "Metrics with standard errors, counts, what the evaluation depended on; with "
              "--examples or --wrong also single examples. Results of lm-evaluation-harness are "
              "read too, with the samples beside them.",
          .examples = {{"mlopsctl eval show result.json", "All of it"},
                       {"mlopsctl eval show result.json --task quiz --wrong",
                        "What the model did not know"},
                       {"mlopsctl eval show results_2026-11-29T10-00-00.json --json",
                        "Of the harness, for a program"}},
          .options = {{.name = "task",
                       .value = "NAME",
                       .help = "Only tasks of this name or pattern",
                       .repeatable = true},
                      {.name = "examples",
                       .value = "N",
                       .help = "Show so many examples of each task",
                       .default_text = "20 with --wrong"},
                      {.name = "wrong", .help = "Show examples that were answered wrongly"}},
          .positionals = {result_positional("RESULT")},
          .run = show};
}

CommandSpec eval_export() {
  return {.path = "eval export",
          .summary = "Write a result in the shape of lm-evaluation-harness",
          .description =
              "Writes results_DATE.json, and samples_TASK_DATE.jsonl for tasks whose samples were "
              "kept ('eval run --samples'), as lm-evaluation-harness 0.4 names and fills them.",
          .examples = {{"mlopsctl eval export result.json --lm-eval out",
                        "For what reads the harness' results"}},
          .options = {{.name = "lm-eval",
                       .value = "DIR",
                       .help = "The folder that the files go to",
                       .complete = Complete::directory}},
          .positionals = {result_positional("RESULT")},
          .run = export_result};
}

}  // namespace mlopsctl::commands
