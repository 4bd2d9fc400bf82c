#include "fuzz/mutate.hpp"
#include "fuzz/quality_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are rules or a config error, and any bytes can be measured") {
  fuzz::Mutator mutator(fuzz::corpus("quality"), 1);
  for (const auto& seed : fuzz::corpus("quality")) CHECK_NOTHROW(fuzz::check_quality(seed));
  for (int i = 0; i < 1500; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_quality(text));
  }
}
