#include "fuzz/endpoint_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any answer of a server and of a command is understood or refused, wherever it is cut") {
  for (const auto& seed : fuzz::corpus("endpoint")) CHECK_NOTHROW(fuzz::check_endpoint(seed));
  fuzz::Mutator mutator(fuzz::corpus("endpoint"), 1);
  for (int i = 0; i < 1500; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_endpoint(text));
  }
}
