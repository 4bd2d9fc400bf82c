#include "fuzz/mutate.hpp"
#include "fuzz/task_check.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE("any bytes are a task, a template, rows and a result, or an error that says why not") {
  fuzz::Mutator mutator(fuzz::corpus("task"), 1);
  for (const auto& seed : fuzz::corpus("task")) CHECK_NOTHROW(fuzz::check_task(seed));
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_task(text));
  }
}
