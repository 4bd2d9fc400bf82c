// From records of examples to metrics with standard errors, as lm-evaluation-harness computes them:
// of a mean the sample's, of perplexity, f1, mcc and median by bootstrap with its own random
// numbers, of word, byte and token perplexities none.
#pragma once

#include "mlopsctl/eval/result.hpp"
#include "mlopsctl/eval/task.hpp"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace mlopsctl::eval {

// Fills metrics and counts from `result.examples`. `bootstrap`: resamples, 0 for none.
void aggregate(const Task& task, unsigned bootstrap, TaskResult& result);

GroupResult aggregate(const TaskGroup& group, std::span<const TaskResult> tasks);

// Standard deviation of a statistic of resamples; `statistic` gets the indices that were drawn, on
// several threads at once.
double bootstrap_error(std::size_t n, unsigned resamples,
                       const std::function<double(std::span<const std::uint32_t>)>& statistic);

}  // namespace mlopsctl::eval
