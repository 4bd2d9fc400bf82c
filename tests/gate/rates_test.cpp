// What gates promise about errors, measured: 300 checks each, always the same ones.
#include "support/gate_rates.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl::testing;

TEST_CASE("nothing changed but which examples are right: seldom an alarm") {
  const Rates rates = quality_rates({.n = 500, .discordance = 0.02, .tasks = 2}, 300, 1);
  CHECK(rates.no_answer == 0);
  CHECK(rates.share(rates.warned) < 0.05);  // the level of the tests, over both tasks
  CHECK(rates.share(rates.failed) < 0.15);  // the point rule's own: the examples decide
}

TEST_CASE("a drop of five points is always found") {
  const Rates rates = quality_rates({.n = 1000, .discordance = 0.08, .drop = 0.05}, 100, 1);
  CHECK(rates.failed == 100);
}

TEST_CASE("nothing changed but the noise of the clock: no false alarm in three hundred") {
  const Rates rates = latency_rates({.n = 30, .noise = 0.05}, 300, 1);
  CHECK(rates.failed <= 1);
  CHECK(rates.share(rates.no_answer) < 0.05);
}

TEST_CASE("a fifth more time is always found") {
  CHECK(latency_rates({.n = 30, .noise = 0.05, .slowdown = 0.2}, 100, 1).failed == 100);
}

TEST_CASE("side by side: no false alarm, and a fifth more time is found after few pairs") {
  const SideRates same = side_by_side_rates({.noise = 0.03}, 300, 1);
  CHECK(same.failed <= 1);
  CHECK(same.share(same.passed) > 0.9);
  const SideRates slower = side_by_side_rates({.noise = 0.03, .slowdown = 0.2}, 100, 1);
  CHECK(slower.failed >= 99);
  CHECK(slower.pairs < 20);
}
