#include "mlopsctl/tracking/compare.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mlopsctl;

namespace {

Run run_with(std::vector<KeyValue> params, std::vector<std::pair<std::string, double>> metrics) {
  Run run;
  run.params = std::move(params);
  for (auto& [key, value] : metrics) {
    run.metrics.push_back(
        {.key = key, .latest = {1, {1}, value}, .min = value - 1, .max = value + 1});
  }
  return run;
}

const ComparedRow& row(const std::vector<ComparedRow>& rows, std::string_view key) {
  for (const auto& one : rows) {
    if (one.key == key) return one;
  }
  throw std::out_of_range(std::string(key));
}

}  // namespace

TEST_CASE("the direction of a metric is guessed from its words") {
  for (const char* key : {"loss", "eval/val_loss", "test-perplexity", "p99_latency", "WER"}) {
    CAPTURE(key);
    CHECK(goal_of(key) == Goal::minimise);
  }
  for (const char* key : {"accuracy", "eval/top1_acc", "f1", "BLEU"}) {
    CAPTURE(key);
    CHECK(goal_of(key) == Goal::maximise);
  }
  for (const char* key : {"epoch", "learning_rate", "glossary", "score_loss"}) {
    CAPTURE(key);
    CHECK(goal_of(key) == Goal::unknown);
  }
}

TEST_CASE("differences, absences and the best value are told apart") {
  const std::vector<Run> runs{
      run_with({{"lr", "0.1"}, {"seed", "1"}}, {{"loss", 2}, {"acc", 0.5}}),
      run_with({{"lr", "0.2"}, {"seed", "1"}}, {{"loss", 1}, {"extra", 3}})};
  const RunComparison result = compare_runs(runs, MetricValue::latest, {}, false);
  CHECK(result.comparable);
  CHECK(result.any_difference);
  CHECK(row(result.params, "lr").differs);
  CHECK_FALSE(row(result.params, "seed").differs);
  CHECK(row(result.metrics, "loss").best == std::vector<std::size_t>{1});
  CHECK(row(result.metrics, "acc").differs);
  CHECK_FALSE(row(result.metrics, "acc").numbers[1].has_value());
  CHECK(row(result.metrics, "extra").best.empty());
}

TEST_CASE("NaN equals NaN and is never the best") {
  const double nan = std::nan("");
  const std::vector<Run> runs{run_with({}, {{"loss", nan}, {"x", nan}}),
                              run_with({}, {{"loss", 5}, {"x", nan}})};
  const RunComparison result = compare_runs(runs, MetricValue::latest, {}, false);
  CHECK(row(result.metrics, "loss").best == std::vector<std::size_t>{1});
  CHECK_FALSE(row(result.metrics, "x").differs);
}

TEST_CASE("a given goal overrides the guess, and min and max can be compared") {
  const std::vector<Run> runs{run_with({}, {{"loss", 1}}), run_with({}, {{"loss", 2}})};
  const std::vector<GoalOverride> goals{{"loss", Goal::maximise}};
  CHECK(row(compare_runs(runs, MetricValue::latest, goals, false).metrics, "loss").best ==
        std::vector<std::size_t>{1});
  CHECK(row(compare_runs(runs, MetricValue::min, {}, false).metrics, "loss").numbers[0] == 0.0);
}

TEST_CASE("runs without anything in common are not comparable, and system series stay out") {
  const std::vector<Run> runs{run_with({{"a", "1"}}, {{"system/cpu", 1}}),
                              run_with({{"b", "1"}}, {{"system/cpu", 2}})};
  CHECK_FALSE(compare_runs(runs, MetricValue::latest, {}, false).comparable);
  CHECK(compare_runs(runs, MetricValue::latest, {}, true).comparable);
}
