// The process is killed before and after every single call of every way, and another one resumes or
// aborts (7). Somebody serves at every moment, and in the end everything is in its place.
#include "support/deploy/stage.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::testing {
namespace {

enum class Way {
  rolling,
  bad_rolling,
  blue_green,
  bad_blue_green,
  late_blue_green,
  roll_back,
  switch_back
};

StrategyKind kind_of(Way way) {
  const bool one = way == Way::rolling || way == Way::bad_rolling || way == Way::roll_back;
  return one ? StrategyKind::rolling : StrategyKind::blue_green;
}

bool is_rollback(Way way) { return way == Way::roll_back || way == Way::switch_back; }

// What serves before, and what is to serve if it is carried through.
std::string before(Way way) { return image(is_rollback(way) ? "1.5" : "1.4"); }
std::string goal(Way way) {
  switch (way) {
    case Way::rolling:
    case Way::blue_green:
      return image("1.5");
    default:
      return image("1.4");
  }
}

DeployResult carry_out(Way way, Deployer& deployer) {
  switch (way) {
    case Way::bad_rolling:
    case Way::bad_blue_green:
      return deployer.deploy("1.5-crash");
    case Way::late_blue_green:
      return deployer.deploy("1.5-crash-8s");
    case Way::roll_back:
    case Way::switch_back:
      return deployer.rollback();
    default:
      return deployer.deploy("1.5");
  }
}

std::unique_ptr<Stage> stage_for(Way way) {
  auto stage = std::make_unique<Stage>(kind_of(way));
  // Long enough for a version that crashes after ten seconds; else as short as can be.
  const Milliseconds time{way == Way::late_blue_green ? 6'000 : 2'000};
  stage->plan.blue_green.settle = stage->plan.blue_green.keep_old = time;
  if (is_rollback(way)) Deployer(*stage).deploy("1.5");
  stage->world.advance(Milliseconds{60'000});
  return stage;
}

// One colour is live, at full size; the other is parked.
void check_consistent(Stage& stage, const std::string& serves) {
  stage.settle();
  CHECK(stage.live_image() == serves);
  CHECK(stage.world.ready_endpoints("chat").size() == 3);
  if (stage.plan.strategy != StrategyKind::blue_green) return;
  CHECK(stage.replicas(stage.colour() == "blue" ? "chat-green" : "chat-blue") == 0);
  CHECK(stage.replicas("chat-" + stage.colour()) == 3);
}

// The lease holds no unfinished state when the process died before it wrote any, or after the end.
bool is_unfinished(Stage& stage) {
  SimulatedCluster cluster(stage.world);
  const LeaseView lease = read_lease(cluster, "chat");
  return lease.state && lease.state->outcome == ReleaseOutcome::running;
}

void kill_and_go_on(Way way, std::uint64_t at, Fault how, bool abort) {
  CAPTURE(static_cast<int>(way));
  CAPTURE(at);
  CAPTURE(static_cast<int>(how));
  CAPTURE(abort);
  const auto stage = stage_for(way);
  std::size_t fewest = 99;
  const auto watch = [&] {
    fewest = std::min(fewest, stage->world.ready_endpoints("chat").size());
  };
  {
    Deployer victim(*stage);
    victim.watch(watch);
    victim.kill_when([&](const Call& call) { return call.number == at; }, how);
    CHECK_THROWS_AS(carry_out(way, victim), Killed);
  }
  const bool unfinished = is_unfinished(*stage);
  bool forward = true;
  if (unfinished) {
    Deployer next(*stage);
    next.watch(watch);
    const DeployResult result = abort ? next.abort() : next.resume();
    CHECK(result.outcome != ReleaseOutcome::running);
    CHECK(result.outcome != ReleaseOutcome::failed);
    forward = result.outcome == ReleaseOutcome::succeeded;
  } else {
    forward = !stage->history().empty() && stage->live_image() == goal(way);
  }
  // All pods of a version that crash at once leave nobody, until the traffic is back.
  if (way != Way::late_blue_green) CHECK(fewest >= 1);
  check_consistent(*stage, forward ? goal(way) : before(way));
  // And whoever comes next finds an app that can be deployed.
  if (at % 5 == 0) {
    Deployer later(*stage);
    later.patience = Milliseconds{60'000};
    CHECK(later.deploy("2.0").outcome == ReleaseOutcome::succeeded);
    check_consistent(*stage, image("2.0"));
  }
}

void kill_everywhere(Way way) {
  const auto stage = stage_for(way);
  Deployer whole(*stage);
  carry_out(way, whole);
  const std::uint64_t calls = whole.cluster.calls();
  REQUIRE(calls > 20);
  std::uint64_t kills = 0;
  for (std::uint64_t at = 1; at <= calls; ++at) {
    // To die before or after a read is the same, and between two changes it does not matter when.
    const bool changes = whole.cluster.made()[at - 1].changes;
    const bool changed = at > 1 && whole.cluster.made()[at - 2].changes;
    if (!changes && !changed && at % 4 != 0) continue;
    for (const bool abort : {false, true}) {
      kill_and_go_on(way, at, Fault::kill_before, abort);
      ++kills;
      if (!changes) continue;
      kill_and_go_on(way, at, Fault::kill_after, abort);
      ++kills;
    }
  }
  MESSAGE("killed ", kills, " times in ", calls, " calls");
}

TEST_CASE("a rolling update killed anywhere") { kill_everywhere(Way::rolling); }
TEST_CASE("a bad rolling update killed anywhere") { kill_everywhere(Way::bad_rolling); }
TEST_CASE("a blue-green deployment killed anywhere") { kill_everywhere(Way::blue_green); }
TEST_CASE("a bad blue-green deployment killed anywhere") { kill_everywhere(Way::bad_blue_green); }
TEST_CASE("a blue-green deployment that goes bad after the switch, killed anywhere") {
  kill_everywhere(Way::late_blue_green);
}
TEST_CASE("a rollback of a rolling update killed anywhere") { kill_everywhere(Way::roll_back); }
TEST_CASE("a rollback to the other colour killed anywhere") { kill_everywhere(Way::switch_back); }

}  // namespace
}  // namespace mlopsctl::testing
