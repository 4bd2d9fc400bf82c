#include "fuzz/deploy_plan_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

namespace fuzz = mlopsctl::fuzz;

TEST_CASE(
    "any bytes are a plan, manifests, a setting and an image, or an error that says why not") {
  fuzz::Mutator mutator(fuzz::corpus("deploy_plan"), 1);
  for (const auto& seed : fuzz::corpus("deploy_plan")) CHECK_NOTHROW(fuzz::check_deploy_plan(seed));
  for (int i = 0; i < 1500; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_deploy_plan(text));
  }
}
