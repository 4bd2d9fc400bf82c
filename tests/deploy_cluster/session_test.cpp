// What a deployment remembers, and how it changes objects when answers get lost.
#include "mlopsctl/deploy/session.hpp"

#include "deploy_cluster/cluster_world.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using namespace std::chrono_literals;

namespace {

struct World : ClusterWorld {
  World() { make_blue_service(*this); }
  Session begin(bool take_over = false) {
    DeployPlan plan;
    plan.app = "chat";
    plan.strategy = StrategyKind::canary;
    return Session::begin({cluster, clock, {}}, plan, 60s, take_over);
  }
};

}  // namespace

TEST_CASE("the state survives its JSON to the last field") {
  State state;
  state.id = "0123456789abcdef";
  state.strategy = StrategyKind::canary;
  state.phase = Phase::waiting_promotion;
  state.from.id = "before";
  state.from.outcome = ReleaseOutcome::succeeded;
  state.to.number = 7;
  state.to.pod_template_text = R"({"spec":{"containers":[{"name":"chat\u0000"}]}})";
  state.to.configs = {{"configmap/settings", "settings-0a1b2c3d"}};
  state.to.origin = {{"git.commit", "f00d"}};
  state.to.started = {1'795'000'000'123};
  state.weight = 30;
  state.failed_checks = 4;
  state.paused = true;
  state.reason = "request-success-rate 98.70 % < 99 %";
  state.phase_since = {1'795'000'000'000};
  state.plan_text = "{}";
  state.notes = {{"old colour", "blue"}};
  const std::string text = state_json(state);
  CHECK(state_json(parse_state(text)) == text);
  const State again = parse_state(text);
  CHECK(again.phase == Phase::waiting_promotion);
  CHECK(again.to.configs == state.to.configs);
  CHECK(again.to.started == state.to.started);
  CHECK(again.notes == state.notes);
  CHECK(again.paused);
}

TEST_CASE("a state that somebody broke is told as such") {
  CHECK_ERROR(parse_state("{"), ErrorKind::corrupt, "is no JSON");
  CHECK_ERROR(parse_state("[]"), ErrorKind::corrupt, "is no object");
  CHECK_ERROR(parse_state("{}"), ErrorKind::corrupt, "another version");
  const auto with = [](const std::string& field) {
    return R"({"schema":"mlopsctl.deploy.state/1",)" + field + "}";
  };
  CHECK_ERROR(parse_state(with(R"("weight":"ten")")), ErrorKind::corrupt, "weight");
  CHECK_ERROR(parse_state(with(R"("weight":99999999999)")), ErrorKind::corrupt, "weight");
  CHECK_ERROR(parse_state(with(R"("phase":"asleep")")), ErrorKind::corrupt, "phase");
  CHECK_ERROR(parse_state(with(R"("startedAt":"2h ago")")), ErrorKind::corrupt, "startedAt");
}

TEST_CASE("an unfinished deployment is resumed or aborted, never forgotten") {
  World world;
  std::string id;
  {
    auto session = world.begin();
    session.state().weight = 20;
    session.enter(Phase::progressing);
    id = session.state().id;
  }
  CHECK_ERROR(world.begin(), ErrorKind::conflict, "progressing");
  CHECK_ERROR(world.begin(), ErrorKind::conflict, "mlopsctl deploy resume chat");
  auto resumed = world.begin(true);
  CHECK(resumed.state().id == id);
  CHECK(resumed.state().weight == 20);
  resumed.finish(ReleaseOutcome::succeeded);

  const auto view = read_lease(world.cluster, "chat");
  CHECK_FALSE(view.held);
  CHECK(view.state->outcome == ReleaseOutcome::succeeded);
  CHECK(view.state->phase == Phase::done);
  CHECK_ERROR(world.begin(true), ErrorKind::not_found, "no unfinished deployment");
  CHECK_NOTHROW(world.begin());
}

TEST_CASE("a state that cannot be read stops the next deployment, which says how to forget it") {
  World world;
  { const auto session = world.begin(); }
  world.edit("lease", "mlopsctl-chat",
             {{"metadata", {{"annotations", {{"mlopsctl.dev/state", "{"}}}}}});
  CHECK_ERROR(world.begin(), ErrorKind::corrupt, "kubectl annotate lease mlopsctl-chat");
}

TEST_CASE(
    "finishing writes the history before the state, so that a kill in between loses nothing") {
  World world;
  auto session = world.begin();
  session.state().to.image = "chat@sha256:1";
  session.save();
  // The lease's last write never arrives, as if the process had died after the history.
  world.fault = [](const Call& call) {
    return call.what.find("lease") != std::string::npos ? Fault::unreachable : Fault::none;
  };
  CHECK_THROWS_AS(session.finish(ReleaseOutcome::succeeded), ClusterError);
  world.fault = nullptr;
  { const auto gone = std::move(session); }
  auto resumed = world.begin(true);
  resumed.finish(ReleaseOutcome::succeeded);
  const auto history = ReleaseHistory(world.cluster, "chat").read();
  REQUIRE(history.size() == 1);
  CHECK(history[0].outcome == ReleaseOutcome::succeeded);
  CHECK(history[0].number == 1);
}

TEST_CASE("a state whose write timed out but arrived is not written twice") {
  World world;
  auto session = world.begin();
  session.state().weight = 10;
  world.lose_next(Fault::lost_answer);
  const auto changes = world.cluster.changes();
  session.save();
  CHECK(world.cluster.changes() - changes == 1);
  CHECK(read_lease(world.cluster, "chat").state->weight == 10);
}

TEST_CASE("a change that timed out") {
  World world;
  auto session = world.begin();
  session.claim(chat_service);
  SUBCASE("and was carried out is not made again") {
    world.lose_next(Fault::lost_answer);
    CHECK(is_green(session.change(chat_service, to_green(), is_green)));
  }
  SUBCASE("and was not carried out is made again") {
    world.lose_next(Fault::unreachable);
    CHECK(is_green(session.change(chat_service, to_green(), is_green)));
  }
  CHECK(colour_of(world) == "green");
}

TEST_CASE("a change is refused when the object is no longer what it was decided on") {
  World world;
  auto session = world.begin();
  session.claim(chat_service);
  SUBCASE("somebody else switched it elsewhere") {
    world.edit("service", "chat", selecting("purple"));
    CHECK_ERROR(session.change(chat_service, to_green(), is_green), ErrorKind::conflict,
                "not as it was");
    CHECK(colour_of(world) == "purple");
  }
  SUBCASE("somebody else did the same: it is done") {
    world.edit("service", "chat", selecting("green"));
    CHECK_NOTHROW(session.change(chat_service, to_green(), is_green));
  }
  SUBCASE("somebody replaced it, and the fence with it") {
    world.edit("service", "chat", {{"metadata", {{"annotations", nullptr}}}});
    CHECK_ERROR(session.change(chat_service, to_green(), is_green), ErrorKind::conflict,
                "was replaced");
    session.claim(chat_service);
    CHECK_NOTHROW(session.change(chat_service, to_green(), is_green));
  }
  SUBCASE("it is gone") {
    world.kubernetes.destroy("service", "chat");
    CHECK_ERROR(session.change(chat_service, to_green(), is_green), ErrorKind::not_found, "");
  }
}

TEST_CASE("a claim is repeated when a controller wrote in between") {
  World world;
  auto session = world.begin();
  world.before_change = [&] {
    world.edit("service", "chat", {{"metadata", {{"labels", {{"touched", "yes"}}}}}});
  };
  session.claim(chat_service);
  CHECK(world.object("service", "chat")["metadata"]["annotations"]["mlopsctl.dev/fence"] ==
        session.fence());
}

TEST_CASE("an object is created once, whatever happens to the answer") {
  World world;
  auto session = world.begin();
  const Json manifest = deployment_manifest("chat-canary", "acme/chat:1", 0);
  SUBCASE("") {}
  SUBCASE("lost before") { world.lose_next(Fault::unreachable); }
  SUBCASE("lost after") { world.lose_next(Fault::lost_answer); }
  SUBCASE("it is there from before") { world.kubernetes.make(manifest); }
  const Json stored = session.create(manifest);
  CHECK(stored["metadata"]["annotations"]["mlopsctl.dev/fence"] == session.fence());
  CHECK(world.names("deployment").size() == 1);
}

TEST_CASE("a rehearsal changes nothing") {
  World world;
  DeployPlan plan;
  plan.app = "chat";
  const auto calls = world.cluster.calls();
  auto session = Session::rehearse({world.cluster, world.clock, {}}, plan);
  session.enter(Phase::starting);
  CHECK(session.state().phase == Phase::starting);
  CHECK(session.pause(5s) == Request::none);
  CHECK_ERROR(session.change(chat_service, to_green(), is_green), ErrorKind::bug, "rehearsal");
  CHECK_ERROR(session.claim(chat_service), ErrorKind::bug, "rehearsal");
  CHECK_ERROR(session.finish(ReleaseOutcome::succeeded), ErrorKind::bug, "rehearsal");
  CHECK(world.cluster.calls() == calls);
}

TEST_CASE("a state that an annotation cannot hold is refused before anything is done") {
  World world;
  auto session = world.begin();
  session.state().to.pod_template_text.assign(300'000, 'x');
  CHECK_ERROR(session.save(), ErrorKind::config, "too large");
}
