#include "mlopsctl/eval/gate_statistics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace mlopsctl::gate;
using doctest::Approx;

TEST_CASE("five losses without a win are significant, four are not") {
  CHECK(mcnemar(5, 0).worse == Approx(1.0 / 32));
  CHECK(mcnemar(4, 0).worse == Approx(1.0 / 16));
  CHECK(mcnemar(0, 5).worse == 1);
  CHECK(mcnemar(0, 0).worse == 1);
  CHECK(mcnemar(0, 0).two_sided == 1);
  CHECK(mcnemar(50'000, 50'000).worse == Approx(0.5).epsilon(0.01));
}

TEST_CASE("the same seed draws the same numbers everywhere") {
  Random random(1234);
  CHECK(random.next() == 840842556444225107U);
  Random again(1234);
  CHECK(again.next() == 840842556444225107U);
  CHECK(Random(1).next() != Random(2).next());
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) ++counts[random.below(7)];
  for (const int count : counts) CHECK(std::abs(count - 10'000) < 500);
}

TEST_CASE("an interval over groups is wider where values of a group agree") {
  std::vector<double> values;
  std::vector<std::uint32_t> groups;
  for (std::uint32_t g = 0; g < 40; ++g) {
    for (int i = 0; i < 10; ++i) {
      values.push_back(g % 4 == 0 ? 1 : 0);
      groups.push_back(g);
    }
  }
  const Range alone = bootstrap_mean(values, {}, {});
  const Range grouped = bootstrap_mean(values, groups, {});
  CHECK(alone.low > 0.2);
  CHECK(grouped.high - grouped.low > 2 * (alone.high - alone.low));
  CHECK(std::isnan(bootstrap_mean({}, {}, {}).low));
}

TEST_CASE("a drop that could not be seen is stated as the published formula gives it") {
  // 5 % of the pairs change: (1.645 sqrt(.05) + .842 sqrt(.05 - d^2))^2 / d^2 = n.
  const auto drop = detectable_drop(1000, 0.05, 0.05);
  REQUIRE(drop);
  CHECK(*drop == Approx(0.0176).epsilon(0.01));
  CHECK(*detectable_drop(100, 0, 0.05) >= 0.05);  // five losses at least
  CHECK_FALSE(detectable_drop(4, 0, 0.05));       // no number of losses is significant
  CHECK_FALSE(detectable_drop(0, 0, 0.05));
  CHECK(*detectable_drop(100'000, 0.05, 0.05) < 0.002);
}

TEST_CASE("with ten samples a side and four per cent of noise five per cent are about the least") {
  const double rise = detectable_rise(10, 10, 0.04, 0.05);
  CHECK(rise > 0.04);
  CHECK(rise < 0.05);
  CHECK(detectable_rise(100, 100, 0.04, 0.05) < rise / 3);
}

TEST_CASE("pairs side by side decide as soon as they can, and not before") {
  std::vector<double> before(10, 100), same, slower, unsure;
  for (int i = 0; i < 10; ++i) {
    same.push_back(100 + i % 3);
    slower.push_back(120 + i % 5);
    unsure.push_back(i % 2 == 0 ? 101 : 109);
  }
  CHECK(paired_ratio(before, same, {}).decision == Decision::pass);
  const PairedRatio found = paired_ratio(before, slower, {});
  CHECK(found.decision == Decision::fail);
  CHECK(found.ratio == Approx(1.22));
  CHECK(found.interval.low > 1.15);
  CHECK(paired_ratio(before, unsure, {}).decision == Decision::undecided);
  const std::vector<double> few_before(5, 100), few_slower(5, 200);
  CHECK(paired_ratio(few_before, few_slower, {}).decision == Decision::undecided);
}
