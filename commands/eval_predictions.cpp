// eval predictions: classification metrics of a file that some program wrote.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/predictions.hpp"
#include "mlopsctl/eval/result_json.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/check_record.hpp"
#include "commands/commands.hpp"
#include "commands/drift_arguments.hpp"
#include "commands/eval_results.hpp"
#include "commands/eval_view.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

using eval::PredictionResult;

constexpr std::size_t shown_classes = 12;

Cell share(double value) { return {Value(value), fmt::format("{:.4f}", value)}; }

void add_scores(Report& report, const PredictionResult& result) {
  report.field("rows", "rows", count_cell(result.rows));
  report.field("columns", "columns",
               Cell(fmt::format("{} against {}", result.predicted, result.gold)));
  report.field("accuracy", "accuracy", share(result.accuracy));
  report.field("precision_macro", "precision, macro", share(result.macro_precision));
  report.field("recall_macro", "recall, macro", share(result.macro_recall));
  report.field("f1_macro", "F1, macro", share(result.macro_f1));
  report.field("f1_micro", "F1, micro", share(result.accuracy));
  report.field("f1_weighted", "F1, weighted", share(result.weighted_f1));
  report.field("mcc", "MCC", share(result.mcc));
  if (result.auc) report.field("auc", "AUC of " + result.positive, share(*result.auc));
}

Table class_table(const PredictionResult& result) {
  Table table{.key = "classes", .heading = "Classes"};
  table.columns = {{.key = "label", .header = "LABEL", .shrink = true},
                   {.key = "support", .header = "SUPPORT", .right = true},
                   {.key = "predicted", .header = "PREDICTED", .right = true},
                   {.key = "correct", .header = "CORRECT", .right = true},
                   {.key = "precision", .header = "PRECISION", .right = true},
                   {.key = "recall", .header = "RECALL", .right = true},
                   {.key = "f1", .header = "F1", .right = true}};
  for (const auto& one : result.classes) {
    table.add({Cell(one.label), count_cell(one.support), count_cell(one.predicted),
               count_cell(one.correct), share(one.precision), share(one.recall), share(one.f1)});
  }
  return table;
}

Table confusion_table(const PredictionResult& result) {
  Table table{.key = "confusion", .heading = "Right (rows) and predicted (columns)"};
  table.columns = {{.key = "gold", .header = ""}};
  for (const auto& one : result.classes) {
    table.columns.push_back({.key = one.label, .header = one.label, .right = true});
  }
  const std::size_t n = result.classes.size();
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<Cell> row{Cell(result.classes[i].label)};
    for (std::size_t j = 0; j < n; ++j) row.push_back(count_cell(result.confusion[i * n + j]));
    table.add(std::move(row));
  }
  return table;
}

Report predictions(Context& context, const Arguments& arguments) {
  const std::string file = arguments.positionals().front();
  PredictionResult result =
      eval::read_predictions(file, {.gold = arguments.text_or("gold", ""),
                                    .predicted = arguments.text_or("predicted", ""),
                                    .score = arguments.text_or("score", ""),
                                    .positive = arguments.text_or("positive", "")});
  const std::string name = arguments.text_or("name", name_of_input(file));
  result.task.name = name;
  EvalResult evaluation{.started = context.now().ms, .finished = context.now().ms};
  evaluation.fingerprint = {{"predictions", file}};
  evaluation.tasks = {result.task};
  record_evaluation(context, arguments, name, evaluation);
  Report report("eval.predictions/1");
  add_scores(report, result);
  if (!evaluation.run.empty()) report.field("run_id", "run", Cell(evaluation.run));
  report.table(class_table(result));
  if (result.classes.size() <= shown_classes) report.table(confusion_table(result));
  if (const auto output = arguments.text("output"); output && !context.globals().dry_run) {
    write_file_atomically(*output, eval_result_json(evaluation));
    report.field("output", "wrote", Cell(*output));
  }
  return report;
}

}  // namespace

CommandSpec eval_predictions() {
  std::vector<OptionSpec> options{
      {.name = "gold",
       .value = "COLUMN",
       .help = "What is right",
       .default_text = "gold, label, target, y_true, actual or expected"},
      {.name = "predicted",
       .value = "COLUMN",
       .help = "What was predicted",
       .default_text = "prediction, predicted, y_pred, pred or output"},
      {.name = "score",
       .value = "COLUMN",
       .help = "Score of the positive class, for the area under the curve",
       .default_text = "score, probability, y_score or prob, if there is one"},
      {.name = "positive", .value = "LABEL", .help = "The class whose scores these are"},
      {.name = "output",
       .value = "FILE",
       .help = "Write a result that 'eval check' and 'eval compare' read",
       .letter = 'o',
       .complete = Complete::file}};
  for (OptionSpec& option : check_record_options("eval")) options.push_back(std::move(option));
  return {
      .path = "eval predictions",
      .summary = "Score a classifier's predictions in a file",
      .description =
          "Reads rows with what was right and what was predicted, JSON lines or CSV, written by "
          "any program: accuracy, precision, recall and F1 of each class and on average, "
          "Matthews' correlation, the confusion matrix and, with scores, the area under the "
          "ROC curve, as scikit-learn defines them (zero where there is nothing to divide by).",
      .examples = {{"mlopsctl eval predictions predictions.csv", "All of it"},
                   {"mlopsctl eval predictions out.jsonl --gold label --predicted answer -o r.json",
                    "With other columns, kept for comparison"}},
      .options = std::move(options),
      .positionals = {{.name = "FILE",
                       .help = "Rows as JSON lines, JSON or .csv; - for standard input",
                       .complete = Complete::file}},
      .run = predictions};
}

}  // namespace mlopsctl::commands
