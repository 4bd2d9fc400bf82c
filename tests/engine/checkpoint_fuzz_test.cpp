#include "fuzz/checkpoint_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("files of models and adapters that are damaged or made up are refused, never believed") {
  fuzz::Mutator mutator(fuzz::corpus("checkpoint"), 11);
  for (const auto& seed : fuzz::corpus("checkpoint")) CHECK_NOTHROW(fuzz::check_checkpoint(seed));
  for (int i = 0; i < 3000; ++i) {
    const std::string bytes = mutator.next();
    CAPTURE(bytes);
    REQUIRE_NOTHROW(fuzz::check_checkpoint(bytes));
  }
}
