// Runs side by side.
#pragma once

#include "mlopsctl/tracking/model.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

enum class Goal { unknown, minimise, maximise };

// Guesses from the words of a metric's name: loss, error, perplexity, latency, … want to be small;
// accuracy, f1, auc, bleu, … want to be large. unknown if neither, or both, are in it.
Goal goal_of(std::string_view metric);

struct ComparedRow {
  std::string key;
  std::vector<std::optional<std::string>> texts;  // params: one per run, absent where it has none
  std::vector<std::optional<double>> numbers;     // metrics
  bool differs = false;
  std::vector<std::size_t> best;  // indices of the runs with the best value; empty without a goal
};

struct RunComparison {
  std::vector<ComparedRow> params;   // sorted by key
  std::vector<ComparedRow> metrics;  // sorted by key
  bool any_difference = false;
  bool comparable = false;  // at least one param or metric that two of the runs share
};

struct GoalOverride {
  std::string metric;
  Goal goal = Goal::unknown;
};

enum class MetricValue { latest, min, max };

// Metrics of a run are the head series: one value per key. system/… series are left out unless
// asked for. NaN is different from every number but equal to NaN, and never the best.
RunComparison compare_runs(std::span<const Run> runs, MetricValue value,
                           std::span<const GoalOverride> goals, bool with_system);

}  // namespace mlopsctl
