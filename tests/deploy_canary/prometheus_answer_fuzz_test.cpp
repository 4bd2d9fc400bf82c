#include "fuzz/mutate.hpp"
#include "fuzz/prometheus_answer_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are an answer of Prometheus, or one that says why not") {
  fuzz::Mutator mutator(fuzz::corpus("prometheus_answer"), 1);
  for (const auto& seed : fuzz::corpus("prometheus_answer"))
    CHECK_NOTHROW(fuzz::check_prometheus_answer(seed));
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_prometheus_answer(text));
  }
}
