// Made-up evaluations and latencies for tests of gates.
#pragma once

#include "mlopsctl/eval/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::testing {

// One task with these outcomes of "acc", ids from 0.
inline TaskResult task_of(const std::vector<int>& outcomes, const std::string& name = "arc") {
  TaskResult task{.name = name, .version = "1", .hash = "h", .data_hash = "d"};
  std::uint64_t correct = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ExampleRecord example{.id = std::to_string(i), .prompt_hash = fmt::format("p{}", i)};
    example.metrics["acc"] = outcomes[i];
    correct += static_cast<std::uint64_t>(outcomes[i]);
    task.examples.push_back(std::move(example));
  }
  task.metrics.push_back({.name = "acc",
                          .value = static_cast<double>(correct) / double(outcomes.size()),
                          .correct = correct,
                          .n = outcomes.size()});
  return task;
}

// `correct` of `n`, the right ones first.
inline std::vector<int> outcomes(std::size_t correct, std::size_t n) {
  std::vector<int> values(n, 0);
  std::fill_n(values.begin(), correct, 1);
  return values;
}

inline EvalResult result_of(std::vector<TaskResult> tasks) {
  EvalResult result{.started = 1, .finished = 2};
  result.fingerprint = {{"model", "small"},     {"model_sha256", "aa"}, {"tokenizer_sha256", "tt"},
                        {"engine", "mlopsctl"}, {"dtype", "float32"},   {"cpu", "a CPU"}};
  result.tasks = std::move(tasks);
  return result;
}

inline gate::Baseline baseline_of(const EvalResult& result) {
  return {.name = "good", .quality = result};
}

inline gate::GateResult checked(const EvalResult& before, const EvalResult& now,
                                const gate::QualityOptions& options = {}) {
  return gate::check_quality(baseline_of(before), {.quality = now}, options);
}

// Requests that take so many milliseconds each, the first token after a tenth of it.
inline LatencyRun latency_of(const std::vector<double>& milliseconds) {
  LatencyRun run{.fingerprint = {{"model", "small"}, {"cpu", "a CPU"}},
                 .load = "closed, 1 at once"};
  double at = 0;
  for (const double ms : milliseconds) {
    RequestTiming request{.due = at, .sent = at, .first = at + ms / 10000, .last = at + ms / 1000};
    request.prompt_tokens = 5;
    request.output_tokens = 11;
    run.requests.push_back(request);
    at += ms / 1000;
  }
  run.wall = at;
  return run;
}

// n samples of a log-normal noise around `median`.
inline std::vector<double> noisy(double median, double noise, std::size_t n, std::uint64_t seed) {
  gate::Random random(seed);
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(median * std::exp(noise * random.normal()));
  return values;
}

inline const gate::Check* find_check(const gate::GateResult& result, const std::string& name) {
  const auto found = std::ranges::find(result.checks, name, &gate::Check::name);
  return found == result.checks.end() ? nullptr : &*found;
}

}  // namespace mlopsctl::testing
