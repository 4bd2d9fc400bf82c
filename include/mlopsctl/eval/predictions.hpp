// Classification metrics of files that hold what was right and what was predicted, made by any
// program.
#pragma once

#include "mlopsctl/eval/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::eval {

struct PredictionOptions {
  std::string gold, predicted;  // columns; empty: gold, label, target, y_true, …; prediction, …
  std::string score;  // of the positive class; empty: score, probability, y_score if there is one
  std::string positive;  // label whose scores these are; empty: "1", "true" or the larger label
};

struct ClassScores {
  std::string label;
  std::uint64_t support = 0, predicted = 0, correct = 0;
  double precision = 0, recall = 0, f1 = 0;  // 0 where there is nothing to divide by
};

struct PredictionResult {
  std::string gold, predicted, score;  // the columns that were used; score may be empty
  std::uint64_t rows = 0;
  std::vector<ClassScores> classes;      // by label
  std::vector<std::uint64_t> confusion;  // gold × predicted, row-major
  double accuracy = 0;
  double macro_precision = 0, macro_recall = 0, macro_f1 = 0;
  double weighted_f1 = 0;  // by support; micro-averages all equal the accuracy
  double mcc = 0;
  std::string positive;       // of the area
  std::optional<double> auc;  // under the receiver operating characteristic; ties count half
  TaskResult task;            // the same as a task, for comparisons and gates
};

// JSON lines, JSON or CSV (a name that ends with .csv). "-": standard input. Throws
// Error{not_found}, Error{corrupt} naming the line, Error{usage} for columns that are not there.
PredictionResult read_predictions(const std::string& file, const PredictionOptions& options);

}  // namespace mlopsctl::eval
