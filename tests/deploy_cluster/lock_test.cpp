// One process at a time works on an app; one that lost its lock changes nothing.
#include "mlopsctl/deploy/session.hpp"

#include "deploy_cluster/cluster_world.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using namespace std::chrono_literals;

namespace {

struct World : ClusterWorld {
  World() { make_blue_service(*this); }
  Session begin(Milliseconds patience = 0ms, bool take_over = false) {
    DeployPlan plan;
    plan.app = "chat";
    plan.strategy = StrategyKind::blue_green;
    return Session::begin({cluster, clock, {}}, plan, patience, take_over);
  }
  Json lease() { return object("lease", "mlopsctl-chat"); }
  void edit_lease(const Json& patch) { edit("lease", "mlopsctl-chat", patch); }
  // The holder says of itself what another process, or another machine, would say.
  void edit_process(const std::string& field, const Json& value) {
    Json process =
        Json::parse(lease()["metadata"]["annotations"]["mlopsctl.dev/process"].get<std::string>());
    process[field] = value;
    edit_lease({{"metadata", {{"annotations", {{"mlopsctl.dev/process", process.dump()}}}}}});
  }
  std::int64_t process_start() {
    return Json::parse(
        lease()["metadata"]["annotations"]["mlopsctl.dev/process"].get<std::string>())["start"];
  }
};

}  // namespace

TEST_CASE("times of a lease have exactly six decimals, as MicroTime wants them") {
  World world;
  const auto session = world.begin();
  const Json spec = world.lease()["spec"];
  for (const char* time : {"renewTime", "acquireTime"})
    CHECK(spec[time].get<std::string>().size() ==
          std::string("2026-11-18T11:06:40.050000Z").size());
  CHECK(spec["leaseDurationSeconds"] == 30);
  CHECK(spec["leaseTransitions"] == 0);
}

TEST_CASE("a second deployment is refused and told who is at work") {
  World world;
  const auto first = world.begin();
  world.kubernetes.advance(15s);
  CHECK_ERROR(world.begin(), ErrorKind::conflict, "is being deployed by");
  CHECK_ERROR(world.begin(), ErrorKind::conflict, "15 s ago");
}

TEST_CASE("the lock is free again when a session ends, and each holder has a fence of its own") {
  World world;
  std::string fence;
  {
    const auto first = world.begin();
    fence = first.fence();
  }
  CHECK_FALSE(read_lease(world.cluster, "chat").held);
  const auto second = world.begin();
  CHECK(second.fence() != fence);
  CHECK(read_lease(world.cluster, "chat").transitions == 1);
}

TEST_CASE("a lease is taken only after it stood still for its duration on our own clock") {
  World world;
  auto dead = std::make_unique<Session>(world.begin());
  dead->save();
  // Its wall clock is an hour ahead: only standing still counts.
  world.edit_lease({{"spec", {{"renewTime", "2026-11-18T12:06:45.000000Z"}}}});
  CHECK_ERROR(world.begin(29s, true), ErrorKind::conflict, "is being deployed by");
  const auto before = world.clock.monotonic();
  const auto second = world.begin(60s, true);
  CHECK(world.clock.monotonic() - before >= 30s);
  CHECK(world.clock.monotonic() - before < 33s);
  CHECK(read_lease(world.cluster, "chat").transitions == 1);
}

TEST_CASE("who waits for a dead holder stops as soon as it turns out to be alive") {
  World world;
  auto living = world.begin();
  world.kubernetes.at_time(world.kubernetes.now() + 9s, [&] {
    world.edit_lease({{"spec", {{"renewTime", "2026-11-18T11:06:49.000000Z"}}}});
  });
  const auto before = world.clock.monotonic();
  CHECK_ERROR(world.begin(60s), ErrorKind::conflict, "is being deployed by");
  CHECK(world.clock.monotonic() - before < 15s);
}

TEST_CASE("a holder that ended on this machine is not waited for") {
  World world;
  auto killed = std::make_unique<Session>(world.begin());
  killed->save();
  // The same pid began later, so it is another process.
  world.edit_process("start", world.process_start() + 1);
  CHECK_NOTHROW(world.begin(0s, true));

  SUBCASE("but only if its pid means to us what it meant to it") {
    auto other = std::make_unique<Session>(world.begin(0s, true));
    other->save();
    world.edit_process("start", world.process_start() + 1);
    world.edit_process("pids", "pid:[1]");
    CHECK_ERROR(world.begin(0s, true), ErrorKind::conflict, "is being deployed by");
  }
}

TEST_CASE("a frozen holder that wakes changes nothing") {
  World world;
  auto frozen = world.begin();
  frozen.save();
  frozen.claim(chat_service);
  auto next = std::make_unique<Session>([&] {
    // It stands still while another one waits its lease out.
    return world.begin(60s, true);
  }());
  next->claim(chat_service);

  SUBCASE("it notices by its own clock, before it asks for a change") {
    CHECK_THROWS_AS(frozen.change(chat_service, to_green(), is_green), LockLost);
  }
  SUBCASE("a change that was under way fails on the fence") {
    CHECK_THROWS_AS(
        world.cluster.patch(
            chat_service, PatchKind::json,
            {{{"op", "test"},
              {"path", "/metadata/annotations/mlopsctl.dev~1fence"},
              {"value", frozen.fence()}},
             {{"op", "replace"}, {"path", "/spec/selector/version"}, {"value", "green"}}}),
        ClusterError);
  }
  SUBCASE("it cannot make the object its own again") {
    CHECK_THROWS_AS(frozen.claim(chat_service), LockLost);
  }
  SUBCASE("it cannot write its state") { CHECK_THROWS_AS(frozen.save(), LockLost); }
  SUBCASE("it does not go on waiting") { CHECK_THROWS_AS(frozen.pause(1s), LockLost); }
  CHECK(colour_of(world) == "blue");
  CHECK_NOTHROW(next->change(chat_service, to_green(), is_green));
}

TEST_CASE("the lock is lost between the look at the lease and the change") {
  World world;
  auto session = world.begin();
  session.claim(chat_service);
  world.before_change = [&] {
    world.edit_lease({{"spec", {{"holderIdentity", "elsewhere:7:0"}, {"leaseTransitions", 5}}}});
    world.edit("service", "chat",
               {{"metadata", {{"annotations", {{"mlopsctl.dev/fence", "other/5"}}}}}});
  };
  CHECK_THROWS_AS(session.change(chat_service, to_green(), is_green), LockLost);
  CHECK(colour_of(world) == "blue");
}

TEST_CASE("a lock that somebody deleted is lost") {
  World world;
  auto session = world.begin();
  world.kubernetes.destroy("lease", "mlopsctl-chat");
  CHECK_THROWS_AS(session.save(), LockLost);
}

TEST_CASE("a lease that was deleted and made again does not lock its objects for ever") {
  World world;
  for (int i = 0; i < 3; ++i) {
    auto session = world.begin();
    session.claim(chat_service);
  }
  world.kubernetes.destroy("lease", "mlopsctl-chat");
  auto session = world.begin();
  CHECK(read_lease(world.cluster, "chat").transitions == 0);
  CHECK_NOTHROW(session.claim(chat_service));
  CHECK_NOTHROW(session.change(chat_service, to_green(), is_green));
}

TEST_CASE("taking the lock survives a request that seemed to fail") {
  World world;
  world.lose_next(Fault::lost_answer);
  auto session = world.begin();
  CHECK_NOTHROW(session.save());
}

TEST_CASE("the lease is renewed every 10 s of waiting, and an absent API server ends it after 30") {
  World world;
  auto session = world.begin();
  const auto calls = world.cluster.calls();
  session.pause(60s);
  const auto renewals = world.cluster.calls() - calls;
  CHECK(renewals >= 5);
  CHECK(renewals <= 6);
  world.away = true;
  CHECK_NOTHROW(session.pause(15s));
  CHECK_NOTHROW(session.keep());
  CHECK_NOTHROW(session.pause(20s));
  world.kubernetes.advance(2s);
  CHECK_THROWS_AS(session.keep(), ClusterError);
  world.away = false;
  world.kubernetes.advance(2s);
  CHECK_NOTHROW(session.keep());
}

TEST_CASE("a request of somebody else ends the wait, once") {
  World world;
  CHECK_ERROR(ask_holder(world.cluster, "chat", Request::promote), ErrorKind::conflict,
              "nobody is deploying 'chat'");
  auto session = world.begin();
  world.kubernetes.at_time(world.kubernetes.now() + 3s, [&] {
    world.edit_lease({{"metadata", {{"annotations", {{"mlopsctl.dev/request", "pause"}}}}}});
  });
  CHECK(session.pause(60s) == Request::pause);
  CHECK(session.pause(60s) == Request::none);

  SUBCASE("a request that is replaced while it is taken is not lost") {
    ask_holder(world.others, "chat", Request::promote);
    session.save();  // sees promote
    world.before_change = [&] { ask_holder(world.others, "chat", Request::abort); };
    CHECK(session.pause(0s) == Request::none);
    CHECK(session.pause(1s) == Request::abort);
  }
  SUBCASE("requests for the holder before are not for us") {
    ask_holder(world.cluster, "chat", Request::abort);
    session.finish(ReleaseOutcome::succeeded);
    auto next = world.begin();
    CHECK(next.pause(60s) == Request::none);
  }
}

TEST_CASE("Ctrl-C ends the wait") {
  World world;
  auto session = world.begin();
  world.clock.stop_at(world.kubernetes.now() + 5s);
  CHECK_THROWS_AS(session.pause(60s), StopAsked);
  CHECK_NOTHROW(session.pause(60s));
}
