#include "fuzz/mutate.hpp"
#include "fuzz/text_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("the small parsers refuse with usage errors and read back what they write") {
  fuzz::Mutator mutator(fuzz::corpus("text"), 1);
  for (const auto& seed : fuzz::corpus("text")) CHECK_NOTHROW(fuzz::check_text(seed));
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_text(text));
  }
}
