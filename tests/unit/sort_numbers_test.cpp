#include "mlopsctl/compute/sort.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

using mlopsctl::sort_numbers;

TEST_CASE("numbers of every size and sign are sorted, few or many") {
  std::mt19937_64 random(5);
  for (const std::size_t count : {0U, 1U, 2U, 100U, 5000U}) {
    CAPTURE(count);
    std::vector<double> reals;
    while (reals.size() < count) {
      const auto value = std::bit_cast<double>(random());  // from denormals to 1e308
      if (std::isfinite(value)) reals.push_back(value + 0.0);
    }
    std::vector<std::int64_t> integers;
    for (std::size_t i = 0; i < count; ++i) integers.push_back(static_cast<std::int64_t>(random()));
    if (count > 2) {
      reals[1] = std::numeric_limits<double>::lowest();
      reals[2] = 0;
      integers[1] = std::numeric_limits<std::int64_t>::min();
      integers[2] = integers[0];
    }
    auto expected = reals;
    auto expected_integers = integers;
    std::sort(expected.begin(), expected.end());
    std::sort(expected_integers.begin(), expected_integers.end());
    sort_numbers(reals);
    sort_numbers(integers);
    CHECK(reals == expected);
    CHECK(integers == expected_integers);
  }
}
