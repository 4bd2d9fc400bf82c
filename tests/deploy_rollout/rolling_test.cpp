// Rolling updates on a simulated cluster. Numbers are those of the cases in deploy.md 5.
#include "support/deploy/stage.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::testing {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a rolling update brings the new image to all pods and is remembered") {
  Stage stage(StrategyKind::rolling);
  const DeployResult result = Deployer(stage).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::succeeded);
  CHECK(stage.live_image() == image("1.5"));
  CHECK(stage.smoked.size() == 3);
  const auto history = stage.history();
  REQUIRE(history.size() == 2);
  CHECK(history[0].image == image("1.4"));  // what served before the first deployment
  CHECK(history[0].number == 1);
  CHECK(history[1].image == image("1.5"));
  CHECK(history[1].number == 2);
  CHECK(history[1].outcome == ReleaseOutcome::succeeded);
  const Json deployment = stage.world.object("deployments", "chat");
  CHECK(contains(deployment["metadata"]["annotations"]["kubernetes.io/change-cause"], "sha256:"));
}

TEST_CASE("nothing is changed by planning") {
  Stage stage(StrategyKind::rolling);
  Deployer deployer(stage);
  const State state = deployer.planned("1.5");
  CHECK(state.from.image == image("1.4"));
  CHECK(state.to.image == image("1.5"));
  CHECK(deployer.cluster.changes() == 0);
}

TEST_CASE("what serves already is not deployed again (16), unless it is asked for") {
  Stage stage(StrategyKind::rolling);
  REQUIRE(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK_THROWS_AS(Deployer(stage).deploy("1.5"), AlreadyLive);
  const auto pods = stage.world.ready_endpoints("chat");
  stage.retry = true;
  CHECK(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.world.ready_endpoints("chat") != pods);
  CHECK(stage.live_image() == image("1.5"));
}

TEST_CASE("bad releases of all kinds are put back, and the old pods serve meanwhile (1, 22)") {
  for (const std::string tag :
       {"1.5-missing", "1.5-denied", "1.5-invalid-name", "1.5-crash", "1.5-oom", "1.5-config-error",
        "1.5-never-ready", "1.5-quota", "1.5-unschedulable", "1.5-crash-3s", "1.5-flapping-2s"}) {
    CAPTURE(tag);
    Stage stage(StrategyKind::rolling);
    Deployer deployer(stage);
    std::size_t fewest = 3;
    deployer.cluster.on_call([&](const Call&) {
      fewest = std::min(fewest, stage.world.ready_endpoints("chat").size());
      return Fault::none;
    });
    const DeployResult result = deployer.deploy(tag);
    CHECK(result.outcome == ReleaseOutcome::rolled_back);
    stage.settle();
    CHECK(stage.live_image() == image("1.4"));
    CHECK(stage.world.ready_endpoints("chat").size() == 3);
    // Pods that were ready for a moment took the place of an old one: Kubernetes cannot know
    // better.
    CHECK(fewest >= (tag.ends_with("-3s") || tag.ends_with("-2s") ? 2U : 3U));
    CHECK(!result.state.reason.empty());
    CHECK(stage.history().back().outcome == ReleaseOutcome::rolled_back);
  }
}

TEST_CASE("an image that cannot be pulled is found out within its grace, and named (1)") {
  Stage stage(StrategyKind::rolling);
  const Timestamp before = stage.world.now();
  const DeployResult result = Deployer(stage).deploy("1.5-missing");
  CHECK(contains(result.state.reason, image("1.5-missing")));
  CHECK(stage.world.now() - before < Milliseconds{60'000});
}

TEST_CASE("the last log lines of a crashing container are told") {
  Stage stage(StrategyKind::rolling);
  const DeployResult result = Deployer(stage).deploy("1.5-crash");
  CHECK(contains(result.state.reason, "crashes"));
  CHECK_FALSE(contains(result.state.reason, "last lines"));
  CHECK(contains(stage.message("RollingBack"), "last lines of container 'chat'"));
}

TEST_CASE("a crash loop is seen within seconds") {
  Stage stage(StrategyKind::rolling);
  Deployer deployer(stage);
  std::optional<Timestamp> crashed;
  deployer.cluster.on_call([&](const Call&) {
    for (const Json& pod : stage.world.objects("pods")) {
      const Json::json_pointer reason("/status/containerStatuses/0/state/waiting/reason");
      if (pod.contains(reason) && pod.at(reason) == "CrashLoopBackOff" && !crashed)
        crashed = stage.world.now();
    }
    return Fault::none;
  });
  Timestamp back{};
  deployer.deploy("1.5-crash");
  REQUIRE(crashed.has_value());
  for (const DeployEvent& event : stage.events) {
    if (event.reason == "RollingBack") back = event.state.phase_since;
  }
  CHECK(back - *crashed <= Milliseconds{5'000});
}

TEST_CASE("a failed smoke test puts the version before back") {
  Stage stage(StrategyKind::rolling);
  stage.smoke_passes = [](const std::string&) { return false; };
  const DeployResult result = Deployer(stage).deploy("1.5");
  CHECK(result.outcome == ReleaseOutcome::rolled_back);
  CHECK(contains(result.state.reason, "smoke test"));
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("without a Deployment there is a hint how to make one") {
  Stage stage(StrategyKind::rolling);
  stage.world.destroy("deployments", "chat");
  CHECK_ERROR(Deployer(stage).deploy("1.5"), ErrorKind::not_found, "deploy render");
}

TEST_CASE("a paused Deployment is refused with the command that resumes it (14)") {
  Stage stage(StrategyKind::rolling);
  stage.world.edit("deployments", "chat", {{"spec", {{"paused", true}}}});
  CHECK_ERROR(Deployer(stage).deploy("1.5"), ErrorKind::conflict, "kubectl rollout resume");
}

TEST_CASE("from a version that is not healthy one deploys only when asked to") {
  Stage stage(StrategyKind::rolling);
  stage.world.make_sick("app=chat");
  stage.world.advance(Milliseconds{60'000});
  CHECK_ERROR(Deployer(stage).deploy("1.5"), ErrorKind::conflict, "--force-from-unhealthy");
  stage.force = true;
  CHECK(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.live_image() == image("1.5"));
}

TEST_CASE("an image that is there already but does not work is no success") {
  Stage stage(StrategyKind::rolling);
  Json containers =
      stage.world.object("deployments", "chat")["spec"]["template"]["spec"]["containers"];
  containers[0]["image"] = image("1.5-crash");
  stage.world.edit("deployments", "chat",
                   {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  stage.settle();
  CHECK_ERROR(Deployer(stage).deploy("1.5-crash"), ErrorKind::conflict, "not healthy");
}

TEST_CASE("a rolling update cannot be held, and says so") {
  Stage stage(StrategyKind::rolling);
  Deployer deployer(stage);
  SimulatedCluster other(stage.world);
  bool asked = false;
  deployer.watch([&] {
    if (!stage.told("RolloutStarted") || asked) return;
    asked = true;
    ask_holder(other, "chat", Request::pause);
  });
  CHECK(deployer.deploy("1.5-slow-20s").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.told("CannotPause"));
}

TEST_CASE("somebody else's image in the middle ends the deployment without a fight (9)") {
  Stage stage(StrategyKind::rolling);
  stage.world.at_time(stage.world.now() + Milliseconds{3'000}, [&] {
    const Json container{{"name", "chat"}, {"image", image("9.9")}};
    Json deployment = stage.world.object("deployments", "chat");
    Json containers = deployment["spec"]["template"]["spec"]["containers"];
    containers[0]["image"] = image("9.9");
    stage.world.edit("deployments", "chat",
                     {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
  });
  const DeployResult result = Deployer(stage).deploy("1.5-slow-30s");
  CHECK(result.outcome == ReleaseOutcome::failed);
  CHECK(contains(result.state.reason, "somebody else"));
  CHECK(contains(result.state.reason, image("9.9")));
  stage.settle();
  CHECK(stage.live_image() == image("9.9"));
}

TEST_CASE("a second deployment at the same time is refused (8)") {
  Stage stage(StrategyKind::rolling);
  Deployer first(stage), second(stage);
  bool asked = false;
  first.cluster.on_call([&](const Call& call) {
    if (call.number == 12 && !asked) {
      asked = true;
      CHECK_ERROR(second.deploy("1.6"), ErrorKind::conflict, "");
    }
    return Fault::none;
  });
  CHECK(first.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(asked);
  CHECK(stage.live_image() == image("1.5"));
}

TEST_CASE("a process that was frozen while another took over changes nothing when it wakes (8)") {
  Stage stage(StrategyKind::rolling);
  Deployer frozen(stage), second(stage);
  bool done = false;
  std::uint64_t changes = 0;
  frozen.cluster.on_call([&](const Call& call) {
    if (!done && call.changes && call.what == "deployment.apps/chat" &&
        stage.told("Taken") == false && frozen.cluster.changes() > 4) {
      done = true;
      stage.world.advance(Milliseconds{120'000});
      CHECK(second.abort().outcome == ReleaseOutcome::aborted);
      changes = stage.world.store().version();
    }
    return Fault::none;
  });
  CHECK_THROWS_AS(frozen.deploy("1.5"), LockLost);
  CHECK(done);
  stage.settle();
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("a patch whose answer was lost is not done twice (10)") {
  for (const Fault fault : {Fault::lost_answer, Fault::hang_done, Fault::unreachable, Fault::busy,
                            Fault::hang, Fault::conflict}) {
    CAPTURE(static_cast<int>(fault));
    Stage stage(StrategyKind::rolling);
    Deployer counted(stage);
    REQUIRE(counted.deploy("1.5").outcome == ReleaseOutcome::succeeded);
    const auto changes = counted.cluster.changes();
    for (std::uint64_t at = 2; at <= changes; ++at) {
      CAPTURE(at);
      Stage again(StrategyKind::rolling);
      Deployer deployer(again);
      deployer.cluster.fault_at_change(at, fault);
      CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
      CHECK(again.live_image() == image("1.5"));
      const Json deployment = again.world.object("deployments", "chat");
      CHECK(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2");
      CHECK(again.history().size() == 2);
    }
  }
}

TEST_CASE("an API server that is away for a minute delays and harms nothing") {
  Stage stage(StrategyKind::rolling);
  Deployer deployer(stage);
  bool away = false;
  deployer.cluster.on_call([&](const Call& call) {
    if (call.number == 14 && !away) {
      away = true;
      deployer.cluster.unreachable_until(stage.world.now() + Milliseconds{20'000});
    }
    return Fault::none;
  });
  CHECK(deployer.deploy("1.5").outcome == ReleaseOutcome::succeeded);
  CHECK(stage.live_image() == image("1.5"));
}

TEST_CASE("while the API server is away the way back is tried again and again (20)") {
  Stage stage(StrategyKind::rolling);
  Deployer deployer(stage);
  bool away = false;
  deployer.watch([&] {
    if (!stage.told("RollingBack") || away) return;
    away = true;
    deployer.cluster.unreachable_until(stage.world.now() + Milliseconds{300'000});
  });
  CHECK(deployer.deploy("1.5-crash").outcome == ReleaseOutcome::rolled_back);
  CHECK(stage.told("ClusterUnreachable"));
  CHECK(stage.told("ClusterReached"));
  stage.settle();
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("a tag whose content changed is another release (16)") {
  Stage stage(StrategyKind::rolling);
  REQUIRE(Deployer(stage).deploy("nightly").outcome == ReleaseOutcome::succeeded);
  stage.plan.image = "ghcr.io/acme/chat:nightly";
  REQUIRE(Deployer(stage).deploy("nightly-2").outcome == ReleaseOutcome::succeeded);
  CHECK(Deployer(stage).rollback().state.to.image == image("nightly"));
}

TEST_CASE("a rollback that cannot be done says what to do by hand, and can be resumed (20)") {
  Stage stage(StrategyKind::rolling);
  stage.plan.budgets.rollback = Milliseconds{60'000};
  Deployer deployer(stage);
  bool refused = false;
  deployer.cluster.on_call([&](const Call&) {
    if (stage.told("RollingBack") && !refused) {
      refused = true;
      stage.world.restrict_user(
          "admin", {{.verbs = {"get", "list"}, .groups = {"*"}, .resources = {"*"}},
                    {.verbs = {"*"}, .groups = {"coordination.k8s.io"}, .resources = {"*"}}});
    }
    return Fault::none;
  });
  const DeployResult result = deployer.deploy("1.5-crash");
  CHECK(result.outcome == ReleaseOutcome::failed);
  REQUIRE(!result.manual_steps.empty());
  CHECK(contains(result.manual_steps[0], "set image deployment/chat chat=" + image("1.4")));
  CHECK(stage.told("GaveUp"));
  stage.world.restrict_user("admin", {{.verbs = {"*"}, .groups = {"*"}, .resources = {"*"}}});
  CHECK(Deployer(stage).resume().outcome == ReleaseOutcome::rolled_back);
  stage.settle();
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("Ctrl-C once puts everything back") {
  Stage stage(StrategyKind::rolling);
  Deployer deployer(stage);
  deployer.clock.stop_at(stage.world.now() + Milliseconds{4'000});
  const DeployResult result = deployer.deploy("1.5-slow-30s");
  CHECK(result.outcome == ReleaseOutcome::aborted);
  CHECK(contains(result.state.reason, "stopped by the user"));
  stage.settle();
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("Ctrl-C twice leaves everything, to be resumed by anybody") {
  Stage stage(StrategyKind::rolling);
  {
    Deployer deployer(stage);
    const Timestamp start = stage.world.now();
    deployer.clock.stop_at(start + Milliseconds{4'000});
    deployer.cluster.on_call([&](const Call&) {
      if (stage.told("Stopping")) deployer.clock.stop_at(stage.world.now());
      return Fault::none;
    });
    const DeployResult result = deployer.deploy("1.5-slow-30s");
    CHECK(result.outcome == ReleaseOutcome::running);
    CHECK(contains(stage.message("Left"), "mlopsctl deploy resume chat"));
  }
  CHECK_ERROR(Deployer(stage).deploy("1.6"), ErrorKind::conflict, "resume");
  CHECK(Deployer(stage).resume().outcome == ReleaseOutcome::aborted);
  stage.settle();
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("an autoscaler at work is no reason to wait (13)") {
  Stage stage(StrategyKind::rolling);
  stage.world.at_time(stage.world.now() + Milliseconds{3'000}, [&] {
    stage.world.edit("deployments", "chat", {{"spec", {{"replicas", 6}}}});
  });
  CHECK(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
  stage.settle();
  CHECK(stage.replicas("chat") == 6);
  CHECK(stage.live_image() == image("1.5"));
}

}  // namespace
}  // namespace mlopsctl::testing
