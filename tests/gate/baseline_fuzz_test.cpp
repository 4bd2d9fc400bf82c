#include "fuzz/baseline_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are a baseline or an error, and a baseline passes against itself") {
  fuzz::Mutator mutator(fuzz::corpus("baseline"), 11);
  for (const auto& seed : fuzz::corpus("baseline")) CHECK_NOTHROW(fuzz::check_baseline(seed));
  for (int i = 0; i < 5000; ++i) {
    const std::string bytes = mutator.next();
    CAPTURE(bytes);
    REQUIRE_NOTHROW(fuzz::check_baseline(bytes));
  }
}
