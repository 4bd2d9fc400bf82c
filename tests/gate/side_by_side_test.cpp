#include "mlopsctl/eval/side_by_side.hpp"

#include "mlopsctl/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mlopsctl;
using namespace mlopsctl::gate;

TEST_CASE("sides take turns, AB BA, after one warm-up each") {
  std::string order;
  const auto measured = measure_side_by_side(
      [&](bool second) {
        order += second ? 'B' : 'A';
        return 1.0 + (order.size() < 3 ? 5.0 : 0.0);  // warm-ups are slow and do not count
      },
      10, {});
  CHECK(order.substr(0, 10) == "ABABBAABBA");
  CHECK(measured.first.size() == 10);
  CHECK(measured.looks == 1);
  CHECK(judge_side_by_side(measured, {}).verdict == Verdict::pass);
}

TEST_CASE("a drift of the machine hits both sides and is no regression") {
  double clock = 1;
  const auto measured =
      measure_side_by_side([&](bool) { return clock *= 1.02; }, 10, {.threshold = 0.05});
  CHECK(measured.ratio.decision == Decision::pass);
}

TEST_CASE("what does not decide is measured twice more, then it is inconclusive") {
  int calls = 0;
  const auto measured = measure_side_by_side(
      [&](bool second) {
        ++calls;
        return second ? (calls % 3 == 0 ? 1.5 : 0.9) : 1.0;
      },
      10, {});
  CHECK(measured.looks == 3);
  CHECK(measured.first.size() == 40);
  const GateResult result = judge_side_by_side(measured, {});
  CHECK(result.verdict == Verdict::no_answer);
  CHECK(result.reason.find("inconclusive after 3 looks") != std::string::npos);
}

TEST_CASE("a side that takes no time was not measured") {
  CHECK_THROWS_AS(measure_side_by_side([](bool) { return 0.0; }, 10, {}), Error);
}
