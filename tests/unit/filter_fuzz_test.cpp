#include "fuzz/filter_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any text is a filter or a usage error, and every filter is SQL") {
  fuzz::Mutator mutator(fuzz::corpus("filter"), 1);
  for (const auto& seed : fuzz::corpus("filter")) CHECK_NOTHROW(fuzz::check_filter(seed));
  for (int i = 0; i < 2000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_filter(text));
  }
}
