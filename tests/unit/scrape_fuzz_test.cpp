#include "fuzz/mutate.hpp"
#include "fuzz/scrape_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any output can be scraped wherever it is cut") {
  fuzz::Mutator mutator(fuzz::corpus("scrape"), 1);
  for (const auto& seed : fuzz::corpus("scrape")) CHECK_NOTHROW(fuzz::check_scrape(seed));
  for (int i = 0; i < 1500; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_scrape(text));
  }
}
