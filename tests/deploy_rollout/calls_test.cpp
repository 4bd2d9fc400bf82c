// What a deployment costs the API server: each kubectl call is a process and a request.
#include "support/deploy/stage.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace mlopsctl::testing {
namespace {

TEST_CASE("a tick makes at most ten calls, the first as well, and what comes before it fewer") {
  for (const StrategyKind kind : {StrategyKind::rolling, StrategyKind::blue_green}) {
    CAPTURE(to_string(kind));
    Stage stage(kind);
    stage.settle();
    Deployer deployer(stage);
    preflight(deployer.once.cluster(), stage.plan);
    CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
    const auto& ticks = deployer.calls.of_ticks;
    REQUIRE(ticks.size() > 3);
    CHECK(*std::ranges::max_element(ticks) <= 10);
    CHECK(deployer.calls.before_ticks <= 6);  // namespace and rights, lock, plan
    CHECK(ticks[0] + ticks[1] <= 10);         // claims, history, state, the first change
  }
}

}  // namespace
}  // namespace mlopsctl::testing
