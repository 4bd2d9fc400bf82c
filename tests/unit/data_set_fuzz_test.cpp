#include "fuzz/data_set_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are a data set or an error, and parts of a table are the table") {
  fuzz::Mutator mutator(fuzz::corpus("data_set"), 7);
  for (const auto& seed : fuzz::corpus("data_set")) CHECK_NOTHROW(fuzz::check_data_set(seed));
  for (int i = 0; i < 20000; ++i) {
    const std::string bytes = mutator.next();
    CAPTURE(bytes);
    REQUIRE_NOTHROW(fuzz::check_data_set(bytes));
  }
}
