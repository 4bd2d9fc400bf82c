#include "fuzz/deploy_state_check.hpp"
#include "fuzz/mutate.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("no text breaks the readers of states, histories and kubectl's words") {
  const auto seeds = fuzz::corpus("deploy_state");
  for (const auto& seed : seeds) CHECK_NOTHROW(fuzz::check_deploy_state(seed));
  fuzz::Mutator mutator(seeds, 6);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = mutator.next();
    CAPTURE(text);
    REQUIRE_NOTHROW(fuzz::check_deploy_state(text));
  }
}
