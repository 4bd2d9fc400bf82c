#include "fuzz/mutate.hpp"
#include "fuzz/pipeline_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any dvc.yaml, dvc.lock or parameter file is read or refused") {
  fuzz::Mutator mutator(fuzz::corpus("pipeline"), 5);
  for (const auto& seed : fuzz::corpus("pipeline")) CHECK_NOTHROW(fuzz::check_pipeline(seed));
  for (int i = 0; i < 2000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_pipeline(text));
  }
}
