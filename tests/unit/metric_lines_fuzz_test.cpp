#include "fuzz/metric_lines_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are metric lines wherever they are cut") {
  fuzz::Mutator mutator(fuzz::corpus("metric_lines"), 1);
  for (const auto& seed : fuzz::corpus("metric_lines"))
    CHECK_NOTHROW(fuzz::check_metric_lines(seed));
  for (int i = 0; i < 1500; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_metric_lines(text));
  }
}
