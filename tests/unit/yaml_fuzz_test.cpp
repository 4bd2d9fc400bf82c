#include "fuzz/mutate.hpp"
#include "fuzz/yaml_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any YAML is read or refused, written and read again, and edited in place") {
  fuzz::Mutator mutator(fuzz::corpus("yaml"), 3);
  for (const auto& seed : fuzz::corpus("yaml")) CHECK_NOTHROW(fuzz::check_yaml(seed));
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_yaml(text));
  }
}
