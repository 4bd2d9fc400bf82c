// What a canary costs the API server: each kubectl call is a process and a request.
#include "deploy_canary/canary_stage.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace mlopsctl::testing {
namespace {

TEST_CASE("a tick makes at most ten calls, the first two together") {
  for (const RouterKind router :
       {RouterKind::replicas, RouterKind::gateway_api, RouterKind::istio, RouterKind::nginx}) {
    CAPTURE(static_cast<int>(router));
    CanaryStage stage(router);
    CanaryProcess process(stage);
    preflight(process.once.cluster(), stage.plan);
    CHECK(process.deploy("1.5").outcome == ReleaseOutcome::succeeded);
    const auto& ticks = process.calls.of_ticks;
    REQUIRE(ticks.size() > 10);
    CHECK(*std::ranges::max_element(ticks) <= 10);
    CHECK(process.calls.before_ticks <= 7);  // namespace and rights, lock, plan
    CHECK(ticks[0] + ticks[1] <= 10);        // claims, history, state, the first change
  }
}

}  // namespace
}  // namespace mlopsctl::testing
