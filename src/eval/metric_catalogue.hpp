// The metrics that tasks may ask for, and the ones they get if they ask for none.
#pragma once

#include "mlopsctl/eval/task.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

struct MetricInfo {
  std::string_view name;
  OutputType type;
  std::string_view aggregation;
  bool higher_is_better = true;
  bool by_default = false;
  bool of_examples = true;  // each example has a number of its own, which means can be taken of
};

std::span<const MetricInfo> metric_catalogue();
const MetricInfo* find_metric(std::string_view name, OutputType type);
std::vector<std::string> metric_names(OutputType type);
std::vector<MetricPlan> default_metrics(OutputType type);

}  // namespace mlopsctl::eval
