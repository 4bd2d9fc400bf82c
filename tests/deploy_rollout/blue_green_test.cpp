// Blue-green on a simulated cluster. Numbers are those of the cases in deploy.md 5.
#include "support/deploy/stage.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::testing {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Watches from inside every call that somebody always serves.
void watch_service(Stage& stage, Deployer& deployer, std::size_t& fewest) {
  fewest = 99;
  deployer.cluster.on_call([&](const Call&) {
    fewest = std::min(fewest, stage.world.ready_endpoints("chat").size());
    return Fault::none;
  });
}

TEST_CASE("the other colour takes over: up, smoke, switch, and the old one down to nothing") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  std::size_t fewest = 0;
  watch_service(stage, deployer, fewest);
  const DeployResult result = deployer.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::succeeded);
  CHECK(stage.colour() == "green");
  CHECK(stage.live_image() == image("1.5"));
  CHECK(stage.replicas("chat-blue") == 0);
  CHECK(stage.replicas("chat-green") == 3);
  CHECK(fewest == 3);
  const auto history = stage.history();
  REQUIRE(history.size() == 2);
  CHECK(history[1].deployment == "chat-green");
}

TEST_CASE("planning two colours changes nothing") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  const State state = deployer.planned("1.5");
  CHECK(state.to.deployment == "chat-green");
  CHECK(state.to.replicas == 3);
  CHECK(deployer.cluster.changes() == 0);
}

TEST_CASE("the old colour keeps its size while the new one settles") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  std::optional<Timestamp> switched;
  deployer.cluster.on_call([&](const Call&) {
    if (stage.colour() == "green" && !switched) switched = stage.world.now();
    if (switched && stage.world.now() - *switched < Milliseconds{60'000})
      CHECK(stage.replicas("chat-blue") == 3);
    return Fault::none;
  });
  CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
}

TEST_CASE("the smoke test sees pods of the new colour only, before any user does (21)") {
  Stage stage(StrategyKind::blue_green);
  bool failed = false;
  stage.smoke_passes = [&](const std::string& pod) {
    CHECK(stage.colour() == "blue");
    CHECK(contains(pod, "chat-green-"));
    failed = true;
    return false;
  };
  const DeployResult result = Deployer(stage).deploy("1.5");
  CHECK(failed);
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(contains(result.state.reason, "smoke test"));
  CHECK(stage.colour() == "blue");
  CHECK(stage.replicas("chat-green") == 0);
  CHECK(stage.replicas("chat-blue") == 3);
}

TEST_CASE("bad releases of all kinds never get the traffic (1, 22)") {
  for (const std::string tag :
       {"1.5-missing", "1.5-denied", "1.5-invalid-name", "1.5-crash", "1.5-oom", "1.5-config-error",
        "1.5-never-ready", "1.5-quota", "1.5-unschedulable"}) {
    CAPTURE(tag);
    Stage stage(StrategyKind::blue_green);
    const DeployResult result = Deployer(stage).deploy(tag);
    CHECK(result.outcome == ReleaseOutcome::rolled_back);
    CHECK_FALSE(stage.told("Switched"));
    CHECK(stage.live_image() == image("1.4"));
    CHECK(stage.world.ready_endpoints("chat").size() == 3);
    CHECK(stage.replicas("chat-green") == 0);
  }
}

TEST_CASE("pods that crash after the switch bring the old colour back at once (2)") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  const DeployResult result = deployer.deploy("1.5-crash-12s");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  stage.settle();
  CHECK(stage.colour() == "blue");
  CHECK(stage.live_image() == image("1.4"));
  CHECK(stage.replicas("chat-blue") == 3);
  CHECK(stage.replicas("chat-green") == 0);
}

TEST_CASE("new pods that are lost before the switch do not get the traffic (11)") {
  Stage stage(StrategyKind::blue_green);
  stage.plan.budgets.rollout = Milliseconds{60'000};
  stage.smoke_passes = [&](const std::string&) {
    stage.world.make_sick("version=green");
    return true;
  };
  Deployer deployer(stage);
  std::size_t fewest = 0;
  watch_service(stage, deployer, fewest);
  const DeployResult result = deployer.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(fewest == 3);
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("new pods that are lost after the switch lose the traffic (11)") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  deployer.cluster.on_call([&](const Call&) {
    if (stage.colour() == "green" && !stage.told("SwitchedBack"))
      stage.world.make_sick("version=green");
    return Fault::none;
  });
  const DeployResult result = deployer.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(stage.colour() == "blue");
  CHECK(stage.world.ready_endpoints("chat").size() == 3);
}

TEST_CASE("a live check that fails while the new colour settles switches back") {
  Stage stage(StrategyKind::blue_green);
  stage.plan.smoke_url = "http://public";
  stage.smoke_passes = [&](const std::string& host) { return host != "public"; };
  const DeployResult result = Deployer(stage).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(contains(result.state.reason, "live check"));
  CHECK(stage.told("SwitchedBack"));
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("the new colour is as large as the live one has grown (13)") {
  Stage stage(StrategyKind::blue_green);
  stage.world.edit("deployments", "chat-blue", {{"spec", {{"replicas", 5}}}});
  stage.world.advance(Milliseconds{30'000});
  Deployer deployer(stage);
  bool grown = false;
  deployer.cluster.on_call([&](const Call&) {
    if (stage.told("RolloutStarted") && !grown) {
      grown = true;
      stage.world.edit("deployments", "chat-blue", {{"spec", {{"replicas", 7}}}});
    }
    if (stage.colour() == "green") CHECK(stage.replicas("chat-green") >= 7);
    return Fault::none;
  });
  CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.world.ready_endpoints("chat").size() == 7);
}

TEST_CASE("a parked colour stays parked though its autoscaler wants two (13)") {
  Stage stage(StrategyKind::blue_green);
  for (const std::string colour : {"blue", "green"}) {
    stage.world.make(
        {{"apiVersion", "autoscaling/v2"},
         {"kind", "HorizontalPodAutoscaler"},
         {"metadata", {{"name", "chat-" + colour}}},
         {"spec",
          {{"scaleTargetRef",
            {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "chat-" + colour}}},
           {"minReplicas", 2},
           {"maxReplicas", 10},
           {"metrics",
            {{{"type", "Resource"},
              {"resource",
               {{"name", "cpu"},
                {"target", {{"type", "Utilization"}, {"averageUtilization", 70}}}}}}}}}}});
  }
  CHECK(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  stage.world.advance(Milliseconds{300'000});
  CHECK(stage.replicas("chat-blue") == 0);
  CHECK(stage.replicas("chat-green") >= 2);
  CHECK(Deployer(stage).deploy("1.6").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.colour() == "blue");
  CHECK(stage.live_image() == image("1.6"));
}

TEST_CASE("the switch and the way back are one step each when answers are lost (10)") {
  for (const Fault fault :
       {Fault::lost_answer, Fault::unreachable, Fault::hang_done, Fault::busy, Fault::conflict}) {
    CAPTURE(static_cast<int>(fault));
    for (std::uint64_t at = 2; at < 20; ++at) {
      CAPTURE(at);
      Stage stage(StrategyKind::blue_green);
      Deployer deployer(stage);
      deployer.cluster.fault_at_change(at, fault);
      CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
      CHECK(stage.colour() == "green");
      CHECK(stage.history().size() == 2);
    }
  }
}

TEST_CASE("an abort after the switch returns the traffic when the old colour is up again (12)") {
  Stage stage(StrategyKind::blue_green);
  std::size_t fewest = 99;
  {
    Deployer deployer(stage);
    // Dies when the old colour has just been scaled to nothing.
    deployer.kill_when([&](const Call&) { return stage.replicas("chat-blue") == 0; });
    CHECK_THROWS_AS(deployer.deploy("1.5"), Killed);
  }
  stage.settle();
  CHECK(stage.live_image() == image("1.5"));
  Deployer deployer(stage);
  watch_service(stage, deployer, fewest);
  CHECK(deployer.abort().outcome == ReleaseOutcome::aborted);
  CHECK(fewest >= 3);
  CHECK(stage.colour() == "blue");
  CHECK(stage.live_image() == image("1.4"));
  CHECK(stage.replicas("chat-green") == 0);
}

TEST_CASE("a Service that somebody points elsewhere is left there (9)") {
  Stage stage(StrategyKind::blue_green);
  stage.world.at_time(stage.world.now() + Milliseconds{3'000}, [&] {
    stage.world.edit("services", "chat", {{"spec", {{"selector", {{"version", "red"}}}}}});
  });
  const DeployResult result = Deployer(stage).deploy("1.5-slow-30s");
  CHECK(result.outcome == ReleaseOutcome::failed);
  CHECK(contains(result.state.reason, "version=red"));
  CHECK(stage.colour() == "red");
}

TEST_CASE("somebody else's image in the new colour ends the deployment (9)") {
  Stage stage(StrategyKind::blue_green);
  stage.world.at_time(stage.world.now() + Milliseconds{3'000}, [&] {
    Json containers =
        stage.world.object("deployments", "chat-green")["spec"]["template"]["spec"]["containers"];
    containers[0]["image"] = image("9.9");
    stage.world.edit("deployments", "chat-green",
                     {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  });
  const DeployResult result = Deployer(stage).deploy("1.5-slow-30s");
  CHECK(result.outcome == ReleaseOutcome::failed);
  CHECK(contains(result.state.reason, "somebody else"));
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("somebody else's image in the live colour is theirs to keep: nothing is switched (9)") {
  Stage stage(StrategyKind::blue_green);
  stage.world.at_time(stage.world.now() + Milliseconds{3'000}, [&] {
    Json containers =
        stage.world.object("deployments", "chat-blue")["spec"]["template"]["spec"]["containers"];
    containers[0]["image"] = image("9.9");
    stage.world.edit("deployments", "chat-blue",
                     {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  });
  const DeployResult result = Deployer(stage).deploy("1.5-slow-30s");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(contains(result.state.reason, "somebody else"));
  stage.settle();
  CHECK(stage.live_image() == image("9.9"));
  CHECK(stage.replicas("chat-green") == 0);
}

TEST_CASE("a pause holds the switch until somebody promotes") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  SimulatedCluster other(stage.world);
  int asked = 0;
  Timestamp promoted{};
  bool early = false;
  deployer.cluster.on_call([&](const Call&) {
    if (stage.told("RolloutStarted") && asked == 0) {
      asked = 1;
      ask_holder(other, "chat", Request::pause);
    }
    if (stage.told("Waiting") && asked == 1) {
      asked = 2;
      stage.world.at_time(stage.world.now() + Milliseconds{120'000}, [&] {
        ask_holder(other, "chat", Request::promote);
        promoted = stage.world.now();
      });
    }
    early = early || (stage.colour() == "green" && promoted.ms == 0);
    return Fault::none;
  });
  CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(asked == 2);
  CHECK_FALSE(early);
}

TEST_CASE("an abort that somebody asks for is heard") {
  Stage stage(StrategyKind::blue_green);
  Deployer deployer(stage);
  SimulatedCluster other(stage.world);
  bool asked = false;
  deployer.cluster.on_call([&](const Call&) {
    if (stage.colour() == "green" && !asked) {
      asked = true;
      ask_holder(other, "chat", Request::abort);
    }
    return Fault::none;
  });
  const DeployResult result = deployer.deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::aborted);
  CHECK(stage.colour() == "blue");
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("what is missing for two colours is said with the way to get it") {
  Stage stage(StrategyKind::blue_green);
  stage.world.destroy("deployments", "chat-green");
  CHECK_ERROR(Deployer(stage).deploy("1.5"), ErrorKind::not_found, "deploy render");
  stage.world.edit("services", "chat", {{"spec", {{"selector", {{"version", nullptr}}}}}});
  CHECK_ERROR(Deployer(stage).deploy("1.5"), ErrorKind::conflict, "version: blue");
}

TEST_CASE("what serves already is not deployed again, whatever its colour (16)") {
  Stage stage(StrategyKind::blue_green);
  CHECK_THROWS_AS(Deployer(stage).deploy("1.4"), AlreadyLive);
  REQUIRE(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK_THROWS_AS(Deployer(stage).deploy("1.5"), AlreadyLive);
  stage.retry = true;
  CHECK(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.colour() == "blue");
}

}  // namespace
}  // namespace mlopsctl::testing
