// Case 7: the process is killed before and after every single call of a canary, for every router;
// another one resumes or aborts. Somebody serves at every moment, and in the end everything is in
// its place.
#include "deploy_canary/canary_stage.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::testing {
namespace {

std::unique_ptr<CanaryStage> stage_for(RouterKind router) {
  auto stage = std::make_unique<CanaryStage>(router, 4);
  stage->plan.canary.interval = Milliseconds{6'000};
  stage->plan.canary.step_weights = {25, 50};
  return stage;
}

bool is_unfinished(CanaryStage& stage) {
  SimulatedCluster cluster(stage.world);
  const LeaseView lease = read_lease(cluster, "chat");
  return lease.state && lease.state->outcome == ReleaseOutcome::running;
}

struct Kill {
  RouterKind router;
  std::uint64_t at;
  Fault how;
  bool abort;
  std::string tag;
};

void kill_and_go_on(const Kill& kill) {
  CAPTURE(static_cast<int>(kill.router));
  CAPTURE(kill.at);
  CAPTURE(static_cast<int>(kill.how));
  CAPTURE(kill.abort);
  CAPTURE(kill.tag);
  const auto stage = stage_for(kill.router);
  if (kill.tag == "bad") stage->metric = [](std::size_t) { return value(10); };
  bool served = true;
  const auto watch = [&] { served = served && stage->everybody_is_served(); };
  {
    CanaryProcess victim(*stage);
    victim.watch(watch);
    victim.kill_at(kill.at, kill.how);
    CHECK_THROWS_AS(victim.deploy("1.5"), Killed);
  }
  bool forward = stage->stable_image() == image("1.5");
  if (is_unfinished(*stage)) {
    CanaryProcess next(*stage);
    next.watch(watch);
    const DeployResult result = kill.abort ? next.abort() : next.resume();
    CHECK(result.outcome != ReleaseOutcome::running);
    CHECK(result.outcome != ReleaseOutcome::failed);
    forward = result.outcome == ReleaseOutcome::succeeded;
    if (!kill.abort) CHECK(forward == (kill.tag == "good"));
  }
  CHECK(served);
  stage->check_tidy(image(forward ? "1.5" : "1.4"));
  if (kill.at % 9 == 0) {  // whoever comes next finds an app that can be deployed
    stage->metric = [](std::size_t) { return value(100); };
    CanaryProcess later(*stage);
    later.patience = Milliseconds{60'000};  // the dead one may have left its lock
    CHECK(later.deploy("2.0").outcome == ReleaseOutcome::succeeded);
    stage->check_tidy(image("2.0"));
  }
}

void kill_everywhere(RouterKind router, const std::string& tag) {
  const auto stage = stage_for(router);
  if (tag == "bad") stage->metric = [](std::size_t) { return value(10); };
  CanaryProcess whole(*stage);
  whole.deploy("1.5");
  const std::uint64_t calls = whole.cluster.calls();
  REQUIRE(calls > 40);
  std::uint64_t kills = 0;
  for (std::uint64_t at = 1; at <= calls; ++at) {
    // Reads change nothing: to die before or after one is the same, and so are reads in a row.
    const bool changes = whole.cluster.made()[at - 1].changes;
    if (!changes && at > 1 && !whole.cluster.made()[at - 2].changes) continue;
    for (const bool abort : {false, true}) {
      kill_and_go_on({router, at, Fault::kill_before, abort, tag});
      ++kills;
      // After a change is nearly before the next call; the difference is an answer that was lost.
      if (!changes || at % 3 != 0) continue;
      kill_and_go_on({router, at, Fault::kill_after, abort, tag});
      ++kills;
    }
  }
  MESSAGE("killed ", kills, " times in ", calls, " calls");
}

}  // namespace

TEST_CASE("a canary by replicas, killed anywhere") {
  kill_everywhere(RouterKind::replicas, "good");
}
TEST_CASE("a canary by HTTPRoute, killed anywhere") {
  kill_everywhere(RouterKind::gateway_api, "good");
}
TEST_CASE("a canary by VirtualService, killed anywhere") {
  kill_everywhere(RouterKind::istio, "good");
}
TEST_CASE("a canary by ingress-nginx, killed anywhere") {
  kill_everywhere(RouterKind::nginx, "good");
}
TEST_CASE("a bad canary by replicas, killed anywhere") {
  kill_everywhere(RouterKind::replicas, "bad");
}
TEST_CASE("a bad canary by HTTPRoute, killed anywhere") {
  kill_everywhere(RouterKind::gateway_api, "bad");
}

}  // namespace mlopsctl::testing
