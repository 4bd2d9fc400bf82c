// How results of evaluations are shown.
#pragma once

#include "mlopsctl/eval/result.hpp"
#include "mlopsctl/ui/report.hpp"

#include <string>

namespace mlopsctl::commands {

// Model, metrics of tasks and groups, what went wrong. Ends with 5 (partial) if examples failed.
Report eval_view(const std::string& schema, const EvalResult& result);

Cell metric_cell(const MetricValue& metric, double value);
Cell count_cell(std::uint64_t count);

}  // namespace mlopsctl::commands
