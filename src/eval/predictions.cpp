#include "mlopsctl/eval/predictions.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "eval/aggregate.hpp"
#include "eval/class_counts.hpp"
#include "eval/task_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlopsctl::eval {

namespace {

const std::vector<std::string> gold_names{"gold",   "label",  "target",
                                          "y_true", "actual", "expected"};
const std::vector<std::string> predicted_names{"prediction", "predicted", "y_pred", "pred",
                                               "output"};
const std::vector<std::string> score_names{"score", "probability", "y_score", "prob"};

std::vector<std::string> columns_of(const std::vector<YamlValue>& rows) {
  std::vector<std::string> names;
  for (const YamlEntry& entry : rows.front().entries) names.push_back(entry.key);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// The column that was asked for, or the first of the usual names.
std::string column(const std::string& asked, const std::vector<std::string>& usual,
                   const std::vector<std::string>& columns, const char* option) {
  if (!asked.empty()) {
    if (has(columns, asked)) return asked;
    const auto near = closest(asked, columns);
    throw Error(ErrorKind::usage, fmt::format("there is no column {}", quote(asked)),
                near ? fmt::format("did you mean {}?", quote(*near))
                     : fmt::format("columns are {}", join(columns, ", ")));
  }
  for (const std::string& name : usual) {
    if (has(columns, name)) return name;
  }
  if (option == nullptr) return {};
  throw Error(ErrorKind::usage, fmt::format("none of the columns is called {}", join(usual, ", ")),
              fmt::format("name it with --{}; columns are {}", option, join(columns, ", ")));
}

struct Rows {
  std::vector<std::string> gold, predicted;  // labels
  std::vector<double> scores;                // empty: none
};

std::string label_of(const YamlValue& row, const std::string& name, std::size_t number,
                     const std::string& source) {
  const YamlValue* value = row.find(name);
  if (value == nullptr || value->is_null() || value->is_list() || value->is_map()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("row {} of {} has no label in {}", number + 1, source, quote(name)));
  }
  return python_str(*value);
}

Rows rows_of(const std::vector<YamlValue>& rows, const PredictionResult& result,
             const std::string& source) {
  Rows out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.gold.push_back(label_of(rows[i], result.gold, i, source));
    out.predicted.push_back(label_of(rows[i], result.predicted, i, source));
    if (result.score.empty()) continue;
    const YamlValue* score = rows[i].find(result.score);
    if (score == nullptr || !score->is_number() || std::isnan(score->number())) {
      throw Error(ErrorKind::corrupt, fmt::format("row {} of {} has no number in {}", i + 1, source,
                                                  quote(result.score)));
    }
    out.scores.push_back(score->number());
  }
  return out;
}

// Area under the curve: the share of pairs in which the positive one has the higher score.
std::optional<double> area(const Rows& rows, const std::string& positive) {
  std::vector<std::size_t> order(rows.scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::size_t i) { return rows.scores[i]; });
  double ranks = 0;  // of the positive ones, equals get the mean of theirs
  std::uint64_t positives = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    std::uint64_t here = 0;
    while (end < order.size() && rows.scores[order[end]] == rows.scores[order[begin]]) {
      if (rows.gold[order[end++]] == positive) ++here;
    }
    ranks += static_cast<double>(here) * (static_cast<double>(begin + end + 1) / 2);
    positives += here;
    begin = end;
  }
  const std::uint64_t negatives = order.size() - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  const auto p = static_cast<double>(positives), n = static_cast<double>(negatives);
  return (ranks - p * (p + 1) / 2) / (p * n);
}

std::string positive_of(const std::vector<std::string>& labels, const std::string& asked) {
  if (!asked.empty()) {
    if (has(labels, asked)) return asked;
    throw Error(ErrorKind::usage, fmt::format("no row has the label {}", quote(asked)),
                fmt::format("labels are {}", join(labels, ", ")));
  }
  if (labels.size() > 2) return {};
  for (const char* usual : {"1", "True", "true", "yes", "positive"}) {
    if (has(labels, usual)) return usual;
  }
  return labels.back();
}

TaskResult task_of(const Rows& rows, const std::vector<ClassPair>& pairs,
                   const std::vector<YamlValue>& documents) {
  TaskResult task{.output_type = "predictions", .of = rows.gold.size()};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const YamlValue* id = documents[i].find("id");
    ExampleRecord example{.id = id != nullptr ? python_str(*id) : std::to_string(i),
                          .target_hash = sha256_hex(rows.gold[i]),
                          .gold = pairs[i].gold,
                          .predicted = pairs[i].predicted};
    example.metrics["acc"] = pairs[i].gold == pairs[i].predicted ? 1 : 0;
    task.examples.push_back(std::move(example));
  }
  return task;
}

}  // namespace

PredictionResult read_predictions(const std::string& file, const PredictionOptions& options) {
  const std::string source = file == "-" ? "standard input" : quoted_path(file);
  const std::string text = read_input(file);
  auto documents = file.ends_with(".csv") ? csv_rows(text, source) : json_rows(text, source);
  if (documents.empty()) throw Error(ErrorKind::corrupt, source + " has no rows");
  complete_columns(documents);
  const auto columns = columns_of(documents);
  PredictionResult result{
      .gold = column(options.gold, gold_names, columns, "gold"),
      .predicted = column(options.predicted, predicted_names, columns, "predicted"),
      .score = column(options.score, score_names, columns, nullptr),
      .rows = documents.size()};
  const Rows rows = rows_of(documents, result, source);
  std::vector<std::string> labels = rows.gold;
  labels.insert(labels.end(), rows.predicted.begin(), rows.predicted.end());
  std::ranges::sort(labels);
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  if (labels.size() > 1000) {
    throw Error(ErrorKind::usage, fmt::format("{} labels are no classes", labels.size()),
                "name the columns with --gold and --predicted");
  }
  const auto number = [&](const std::string& label) {
    return std::ranges::lower_bound(labels, label) - labels.begin();
  };
  std::vector<ClassPair> pairs;
  ClassCounts counts(labels.size());
  for (std::size_t i = 0; i < rows.gold.size(); ++i) {
    pairs.push_back({number(rows.gold[i]), number(rows.predicted[i])});
    counts.add(static_cast<std::size_t>(pairs.back().gold),
               static_cast<std::size_t>(pairs.back().predicted));
  }
  const auto classes = static_cast<double>(labels.size()), n = static_cast<double>(result.rows);
  for (std::size_t c = 0; c < labels.size(); ++c) {
    const ClassScores one{.label = labels[c],
                          .support = counts.of_gold(c),
                          .predicted = counts.of_predicted(c),
                          .correct = counts.at(c, c),
                          .precision = counts.precision(c),
                          .recall = counts.recall(c),
                          .f1 = counts.f1(c)};
    result.macro_precision += one.precision / classes;
    result.macro_recall += one.recall / classes;
    result.weighted_f1 += one.f1 * static_cast<double>(one.support) / n;
    result.classes.push_back(one);
    for (std::size_t p = 0; p < labels.size(); ++p) result.confusion.push_back(counts.at(c, p));
  }
  result.accuracy = static_cast<double>(counts.correct()) / n;
  result.macro_f1 = counts.macro_f1();
  result.mcc = counts.mcc();
  if (!result.score.empty()) {
    result.positive = positive_of(labels, options.positive);
    if (!result.positive.empty()) result.auc = area(rows, result.positive);
  }
  result.task = task_of(rows, pairs, documents);
  result.task.data_hash = sha256_hex(text);
  result.task.hash = result.task.data_hash;
  const auto add = [&](const char* name, double value) {
    result.task.metrics.push_back({.name = name, .value = value, .n = result.rows});
  };
  add("acc", result.accuracy);
  result.task.metrics.back().correct = counts.correct();
  const double p = result.accuracy;
  if (n > 1) result.task.metrics.back().stderr_ = std::sqrt(p * (1 - p) / (n - 1));
  add("f1_macro", result.macro_f1);
  add("mcc", result.mcc);
  if (result.auc) add("auc", *result.auc);
  return result;
}

}  // namespace mlopsctl::eval
