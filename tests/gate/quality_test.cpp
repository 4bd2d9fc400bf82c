// eval check's rules: eval.md §4, tricky cases 9-11 and 19.
#include "eval/gate/metric_rules.hpp"
#include "support/evaluations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using doctest::Approx;
using gate::Verdict;

TEST_CASE("an accuracy of exactly the baseline less the tolerance passes, one answer less fails") {
  for (const std::size_t n : {100U, 200U, 500U, 1000U}) {
    for (std::size_t before = n / 100; before <= n; ++before) {
      const std::size_t least = before - n / 100;
      if (!gate::keeps_tolerance(before, least, n, 0.01)) FAIL("boundary");
      if (least > 0 && gate::keeps_tolerance(before, least - 1, n, 0.01)) FAIL("below it");
    }
  }
  // In floating point 7/100 - 0.01 is above 6/100.
  const auto before = result_of({task_of(outcomes(7, 100))});
  CHECK(checked(before, result_of({task_of(outcomes(6, 100))})).verdict == Verdict::pass);
  const auto failed = checked(before, result_of({task_of(outcomes(5, 100))}));
  CHECK(failed.verdict == Verdict::fail);
  CHECK(failed.reason == "acc of arc is 0.0500 (5 of 100), below the baseline 0.0700 - 0.0100");
}

TEST_CASE("the same boundary holds without records of the examples, and for numbers by name") {
  auto before = result_of({task_of(outcomes(7, 100))});
  auto now = result_of({task_of(outcomes(6, 100))});
  before.tasks[0].examples.clear();
  CHECK(checked(before, now).verdict == Verdict::pass);
  now.tasks[0].metrics[0].correct = 5;
  CHECK(checked(before, now).verdict == Verdict::fail);

  const gate::Baseline plain{.plain = {{"accuracy", 0.07}, {"epoch", 3}}};
  CHECK(gate::check_quality(plain, {.plain = {{"accuracy", 0.06}}}, {}).verdict == Verdict::pass);
  CHECK(gate::check_quality(plain, {.plain = {{"accuracy", 0.0599}}}, {}).verdict == Verdict::fail);
  CHECK(
      gate::check_quality(plain, {.quality = result_of({task_of(outcomes(6, 100))})}, {}).verdict ==
      Verdict::pass);
  const auto worse =
      gate::check_quality(plain, {.quality = result_of({task_of(outcomes(5, 100))})}, {});
  CHECK(worse.reason == "acc of arc is 0.0500, below the baseline 0.0700 - 0.0100");
  CHECK(gate::check_quality(plain, {.plain = {{"epoch", 3}}}, {}).verdict == Verdict::no_answer);
}

TEST_CASE("within the tolerance a paired test warns") {
  auto before = outcomes(900, 1000), now = before;
  for (std::size_t i = 0; i < 9; ++i) now[i * 100] = 0;
  const auto result = checked(result_of({task_of(before)}), result_of({task_of(now)}));
  CHECK(result.verdict == Verdict::warning);
  const gate::Check* acc = find_check(result, "acc");
  REQUIRE(acc->pairs);
  CHECK(acc->pairs->lost == 9);
  CHECK(acc->pairs->won == 0);
  CHECK(acc->pairs->both == 891);
  CHECK(*acc->p == Approx(1.0 / 512));
  CHECK(acc->interval->high < 0);
  CHECK(*acc->detectable > 0.004);
  CHECK(result.flips.size() == 9);
  CHECK(result.flips[0].lost);
  CHECK(result.flips[0].id == "0");
}

TEST_CASE("several tasks share the chance of a false warning") {
  auto before = outcomes(900, 1000), now = before;
  for (std::size_t i = 0; i < 5; ++i) now[i * 100] = 0;  // p = 0.031
  std::vector<TaskResult> left{task_of(before, "a")}, right{task_of(now, "a")};
  CHECK(checked(result_of(left), result_of(right)).verdict == Verdict::warning);
  for (const char* name : {"b", "c", "d"}) {
    left.push_back(task_of(before, name));
    right.push_back(task_of(before, name));
  }
  const auto result = checked(result_of(left), result_of(right));
  CHECK(result.verdict == Verdict::pass);
  CHECK(*result.checks[0].adjusted_p == Approx(4.0 / 32));
}

TEST_CASE("what decides the answers must be the same; the model is what is compared") {
  const auto before = result_of({task_of(outcomes(80, 100))});
  auto other = before;
  other.fingerprint["model_sha256"] = "bb";
  other.fingerprint["adapter_sha256"] = "cc";
  other.fingerprint["cpu"] = "another CPU";
  CHECK(checked(before, other).verdict == Verdict::pass);
  CHECK(checked(before, other).notes.size() == 1);
  other.fingerprint["tokenizer_sha256"] = "uu";
  const auto result = checked(before, other);
  CHECK(result.verdict == Verdict::no_answer);
  CHECK(result.reason == "not comparable: tokenizer_sha256 was 'tt' and is 'uu'");
  CHECK(checked(before, other, {.allowed = {"tokenizer_sha256"}}).verdict == Verdict::pass);
  auto prompted = before;
  prompted.tasks[0].hash = "k";
  CHECK(checked(before, prompted).reason == "arc: not comparable: task hash was 'h' and is 'k'");
}

TEST_CASE(
    "missing, new, changed and failed examples forbid an answer unless the rest is asked for") {
  const auto before = result_of({task_of(outcomes(80, 100))});
  const auto broken = [&](auto change) {
    auto now = before;
    change(now.tasks[0]);
    return now;
  };
  const auto fewer = broken([](TaskResult& task) { task.examples.resize(98); });
  const auto changed = broken([](TaskResult& task) { task.examples[3].prompt_hash = "x"; });
  const auto failed = broken([](TaskResult& task) { task.examples[3].error = "logits are NaN"; });
  for (const EvalResult* now : {&fewer, &changed, &failed}) {
    CHECK(checked(before, *now).verdict == Verdict::no_answer);
    CHECK(checked(before, *now, {.on_intersection = true}).verdict == Verdict::pass);
  }
  CHECK(checked(before, fewer).missing == std::vector<std::string>{"arc: 98", "arc: 99"});
  CHECK(checked(before, failed).reason.find("'3: logits are NaN'") != std::string::npos);
  CHECK(find_check(checked(before, fewer, {.on_intersection = true}), "acc")->n == 98);
  const auto none = broken([](TaskResult& task) {
    for (auto& example : task.examples) example.error = "no";
  });
  CHECK(checked(before, none, {.on_intersection = true}).verdict == Verdict::no_answer);
}

TEST_CASE("an empty result is never a pass") {
  const auto before = result_of({task_of(outcomes(80, 100))});
  CHECK(checked(before, result_of({})).verdict == Verdict::no_answer);
  CHECK(checked(result_of({}), result_of({})).verdict == Verdict::no_answer);
  CHECK(gate::check_quality({}, {}, {}).verdict == Verdict::no_answer);
  auto metricless = before;
  metricless.tasks[0].metrics.clear();
  CHECK(checked(before, metricless).verdict == Verdict::no_answer);
}

TEST_CASE("log-likelihoods show what accuracy does not; the last digits of a kernel do not warn") {
  auto before = task_of(outcomes(80, 100)), now = before, jitter = before;
  for (std::size_t i = 0; i < 100; ++i) {
    before.examples[i].nll = 20 + 0.1 * double(i);
    before.examples[i].tokens = now.examples[i].tokens = jitter.examples[i].tokens = 10;
    now.examples[i].nll = *before.examples[i].nll + 0.02;
    jitter.examples[i].nll = *before.examples[i].nll + 1e-6;
  }
  const auto result = checked(result_of({before}), result_of({now}));
  CHECK(result.verdict == Verdict::warning);
  CHECK(*find_check(result, "nll per token")->change == Approx(0.002));
  CHECK(find_check(result, "acc")->verdict == Verdict::pass);
  CHECK(checked(result_of({before}), result_of({jitter})).verdict == Verdict::pass);
  now.examples[7].nll = std::numeric_limits<double>::infinity();
  CHECK(checked(result_of({before}), result_of({now})).verdict == Verdict::fail);
}

TEST_CASE("a perplexity may rise by a share; infinite and NaN are worse than anything") {
  const auto with = [](double value) {
    TaskResult task{.name = "wiki"};
    task.metrics = {{.name = "word_perplexity", .value = value, .higher_is_better = false, .n = 9}};
    return result_of({task});
  };
  CHECK(checked(with(40), with(40.4)).verdict == Verdict::pass);
  CHECK(checked(with(40), with(40.41)).verdict == Verdict::fail);
  CHECK(checked(with(40), with(30)).verdict == Verdict::pass);
  CHECK(checked(with(40), with(INFINITY)).verdict == Verdict::fail);
  CHECK(checked(with(40), with(NAN)).verdict == Verdict::fail);
  CHECK(checked(with(INFINITY), with(40)).verdict == Verdict::no_answer);
}

TEST_CASE("means of examples are tested as pairs, too") {
  TaskResult before{.name = "qa"}, now{.name = "qa"};
  for (int i = 0; i < 200; ++i) {
    ExampleRecord example{.id = std::to_string(i)};
    example.metrics["f1"] = 0.5 + 0.002 * i;
    before.examples.push_back(example);
    example.metrics["f1"] -= 0.005;
    now.examples.push_back(example);
  }
  before.metrics = {{.name = "f1", .value = 0.699, .n = 200}};
  now.metrics = {{.name = "f1", .value = 0.694, .n = 200}};
  const auto result = checked(result_of({before}), result_of({now}));
  CHECK(result.verdict == Verdict::warning);
  CHECK(find_check(result, "f1")->interval->high < 0);
  now.metrics[0].value = 0.68;
  CHECK(checked(result_of({before}), result_of({now})).verdict == Verdict::fail);
}

TEST_CASE("examples of one text are not independent: groups are tested, not questions") {
  auto before = task_of(outcomes(100, 100)), now = task_of(outcomes(100, 100));
  for (std::size_t i = 0; i < 100; ++i) {
    before.examples[i].group = now.examples[i].group = std::to_string(i / 10);
  }
  for (std::size_t i = 0; i < 10; ++i) now.examples[i].metrics["acc"] = 0;  // one text
  const auto result = checked(result_of({before}), result_of({now}), {.tolerance = 0.2});
  CHECK(result.verdict == Verdict::pass);
  CHECK(find_check(result, "acc")->interval->low < -0.2);
}

TEST_CASE("a threshold holds whatever the baseline says") {
  const auto now = result_of({task_of(outcomes(85, 100))});
  CHECK(gate::check_threshold({.quality = now}, {.threshold = 0.85}).verdict == Verdict::pass);
  CHECK(gate::check_threshold({.quality = now}, {.threshold = 0.86}).verdict == Verdict::fail);
  CHECK(gate::check_threshold({.plain = {{"loss", 1}}}, {.threshold = 0.86}).verdict ==
        Verdict::no_answer);
  CHECK(checked(now, now, {.threshold = 0.9}).verdict == Verdict::fail);
}

TEST_CASE("flips are told with how sure the answer was, the surest loss first") {
  auto before = task_of({1, 1, 0}), now = task_of({0, 0, 1});
  before.examples[0].margin = 0.01;
  before.examples[1].margin = 2.5;
  const auto flips = checked(result_of({before}), result_of({now}), {.tolerance = 1}).flips;
  REQUIRE(flips.size() == 3);
  CHECK(flips[0].id == "1");
  CHECK(*flips[0].margin_before == 2.5);
  CHECK_FALSE(flips[2].lost);
}
