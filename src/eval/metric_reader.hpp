// The keys of a task file that say how answers are filtered and scored.
#pragma once

#include "eval/task_file.hpp"
#include "eval/task_plan.hpp"

#include <vector>

namespace mlopsctl::eval {

// All throw Error{config} naming file, line and key.
std::vector<MetricPlan> read_metrics(const TaskFile& file, OutputType type);
std::vector<FilterPlan> read_filters(const TaskFile& file, OutputType type);
std::vector<GroupMetric> read_group_metrics(const TaskFile& file);

}  // namespace mlopsctl::eval
