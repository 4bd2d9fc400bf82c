// Histories with and without changes: where they are found, and how often they are where none is.
#include "mlopsctl/eval/change_points.hpp"

#include "mlopsctl/eval/gate_statistics.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mlopsctl::gate;
using Values = std::vector<double>;

namespace {

Values noise(std::size_t count, double mean, double deviation, std::uint64_t seed) {
  Random random(seed);
  Values values(count);
  for (double& value : values) value = mean + deviation * random.normal();
  return values;
}

Values joined(Values first, const Values& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

TEST_CASE("a change is found where it is, with the means of both sides") {
  const auto changes = change_points(joined(noise(30, 100, 2, 1), noise(30, 105, 2, 2)));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].at >= 29);
  CHECK(changes[0].at <= 31);
  CHECK(changes[0].before == doctest::Approx(100).epsilon(0.02));
  CHECK(changes[0].after == doctest::Approx(105).epsilon(0.02));
  CHECK(changes[0].p < 0.01);
}

TEST_CASE("scores that do not vary change by a step, also more than once") {
  const auto one = change_points(joined(Values(9, 0.5), Values(4, 0.6)));
  REQUIRE(one.size() == 1);
  CHECK(one[0].at == 9);
  const auto two = change_points(joined(joined(Values(8, 0.5), Values(9, 0.6)), Values(7, 0.4)));
  REQUIRE(two.size() == 2);
  CHECK(two[0].at == 8);
  CHECK(two[0].after == doctest::Approx(0.6));
  CHECK(two[1].at == 17);
  CHECK(two[1].before == doctest::Approx(0.6));
}

TEST_CASE("one value that stands out is no change, nor are too few") {
  Values values(20, 1.0);
  values[9] = 5;
  CHECK(change_points(values).empty());
  CHECK(change_points(Values{1, 1, 1, 2, 2, 2}).empty());  // 20 orders: p cannot be below 0.1
  CHECK(change_points(Values{1, 2}).empty());
  CHECK(change_points(Values{}).empty());
  CHECK(change_points(Values(50, 3.0)).empty());
}

TEST_CASE("where nothing changed, one history in a hundred seems to") {
  std::size_t alarms = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    alarms += change_points(noise(24, 10, 1, seed), {.permutations = 199}).empty() ? 0U : 1U;
  CHECK(alarms <= 7);  // more than these has a probability of 0.1 %
}

TEST_CASE("a spread that grows is a change, too: the statistic sees distributions") {
  const auto changes = change_points(joined(noise(60, 0, 0.2, 3), noise(60, 0, 4, 4)));
  REQUIRE(changes.size() >= 1);
  CHECK(std::abs(static_cast<double>(changes[0].at) - 60) <= 6);
}
