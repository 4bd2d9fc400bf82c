#include "fuzz/mutate.hpp"
#include "fuzz/profile_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are a profile or an error, and a profile does not drift from itself") {
  fuzz::Mutator mutator(fuzz::corpus("profile"), 11);
  for (const auto& seed : fuzz::corpus("profile")) CHECK_NOTHROW(fuzz::check_profile(seed));
  for (int i = 0; i < 20000; ++i) {
    const std::string bytes = mutator.next();
    CAPTURE(bytes);
    REQUIRE_NOTHROW(fuzz::check_profile(bytes));
  }
}
