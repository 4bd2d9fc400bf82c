// Going back to a release, and what comes back with it.
#include "support/cluster/manifests.hpp"
#include "support/deploy/stage.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

namespace mlopsctl::testing {
namespace {

void deploy_all(Stage& stage, const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) Deployer(stage).deploy(tag);
}

TEST_CASE("a rollback goes to the last release that was good, not to the last one (15)") {
  for (const StrategyKind kind : {StrategyKind::rolling, StrategyKind::blue_green}) {
    Stage stage(kind);
    deploy_all(stage, {"1.5", "1.6", "1.7-crash", "1.8-missing", "1.9-oom"});
    REQUIRE(stage.live_image() == image("1.6"));
    const DeployResult result = Deployer(stage).rollback();
    CHECK(result.outcome == ReleaseOutcome::succeeded);
    CHECK(result.state.to.image == image("1.5"));
    CHECK(!result.state.to.restored_from.empty());
    stage.settle();
    CHECK(stage.live_image() == image("1.5"));
    CHECK(stage.world.ready_endpoints("chat").size() == 3);
  }
}

TEST_CASE("going back twice goes further back, and no further than there is (14)") {
  Stage stage(StrategyKind::rolling);
  deploy_all(stage, {"1.5", "1.6"});
  CHECK(Deployer(stage).rollback().state.to.image == image("1.5"));
  CHECK(Deployer(stage).rollback().state.to.image == image("1.4"));
  CHECK_ERROR(Deployer(stage).rollback(), ErrorKind::not_found, "--to");
}

TEST_CASE("a rollback without any release known says so (14)") {
  Stage stage(StrategyKind::rolling);
  CHECK_ERROR(Deployer(stage).rollback(), ErrorKind::not_found, "nothing to go back to");
}

TEST_CASE("a release is named by its number, its id or its digest") {
  Stage stage(StrategyKind::rolling);
  deploy_all(stage, {"1.5", "1.6"});
  const auto history = stage.history();
  CHECK(Deployer(stage).rollback("1").state.to.image == image("1.4"));
  CHECK(Deployer(stage).rollback(history[1].id.substr(0, 10)).state.to.image == image("1.5"));
  const std::string digest = image("1.6").substr(image("1.6").find('@') + 1);
  CHECK(Deployer(stage).rollback(digest).state.to.image == image("1.6"));
  CHECK_THROWS_AS(Deployer(stage).rollback(digest), AlreadyLive);
  CHECK_ERROR(Deployer(stage).rollback("77"), ErrorKind::not_found, "there are 1 (");
}

TEST_CASE("a paused Deployment has to be resumed first (14)") {
  Stage stage(StrategyKind::rolling);
  deploy_all(stage, {"1.5"});
  stage.world.edit("deployments", "chat", {{"spec", {{"paused", true}}}});
  CHECK_ERROR(Deployer(stage).rollback(), ErrorKind::conflict, "kubectl rollout resume");
}

TEST_CASE("a revision that Kubernetes has forgotten is brought back all the same (14)") {
  Stage stage(StrategyKind::rolling);
  stage.world.edit("deployments", "chat", {{"spec", {{"revisionHistoryLimit", 0}}}});
  deploy_all(stage, {"1.5"});
  stage.settle();
  CHECK(stage.world.objects("replicasets").size() == 1);
  CHECK(Deployer(stage).rollback().outcome == ReleaseOutcome::succeeded);
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("a rollback asks no smoke test: it has to be fast") {
  Stage stage(StrategyKind::blue_green);
  deploy_all(stage, {"1.5"});
  stage.smoked.clear();
  CHECK(Deployer(stage).rollback().outcome == ReleaseOutcome::succeeded);
  CHECK(stage.smoked.empty());
}

TEST_CASE("while the old colour still runs, going back is a switch and nothing else") {
  Stage stage(StrategyKind::blue_green);
  deploy_all(stage, {"1.5"});
  stage.world.edit("deployments", "chat-blue", {{"spec", {{"replicas", 3}}}});
  stage.world.advance(Milliseconds{30'000});
  const Timestamp before = stage.world.now();
  Deployer deployer(stage);
  std::optional<Timestamp> switched;
  deployer.cluster.on_call([&](const Call&) {
    if (stage.colour() == "blue" && !switched) switched = stage.world.now();
    return Fault::none;
  });
  CHECK(deployer.rollback().outcome == ReleaseOutcome::succeeded);
  REQUIRE(switched.has_value());
  CHECK(*switched - before < Milliseconds{5'000});
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("a rollback of a bad version needs no healthy version before it") {
  Stage stage(StrategyKind::rolling);
  deploy_all(stage, {"1.5"});
  stage.world.make_sick("app=chat");
  stage.world.advance(Milliseconds{60'000});
  REQUIRE(stage.world.ready_endpoints("chat").empty());
  CHECK(Deployer(stage).rollback().outcome == ReleaseOutcome::succeeded);
  CHECK(stage.live_image() == image("1.4"));
}

TEST_CASE("a version that does not come up any more is not forced on users") {
  for (const StrategyKind kind : {StrategyKind::rolling, StrategyKind::blue_green}) {
    Stage stage(kind);
    deploy_all(stage, {"1.5"});
    auto history = stage.history();
    Deployer deployer(stage);
    // Its image is gone from the registry since.
    Json text = Json::parse(history[0].pod_template_text);
    text["spec"]["containers"][0]["image"] = image("1.4-missing");
    history[0].pod_template_text = text.dump();
    history[0].template_hash = "0000000000000000";
    SimulatedCluster other(stage.world);
    ReleaseHistory(other, "chat").write(history[0]);
    const DeployResult result = deployer.rollback();
    CHECK(result.outcome != ReleaseOutcome::succeeded);
    stage.settle();
    CHECK(stage.live_image() == image("1.5"));
    CHECK(stage.world.ready_endpoints("chat").size() == 3);
  }
}

Json settings_of(Stage& stage) {
  const auto pods = stage.world.ready_endpoints("chat");
  const Json pod = stage.world.object("pods", pods.front());
  const std::string name = pod["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"];
  return stage.world.object("configmaps", name)["data"];
}

TEST_CASE("settings that changed are a new release, and come back with a rollback") {
  for (const StrategyKind kind : {StrategyKind::rolling, StrategyKind::blue_green}) {
    Stage stage(kind);
    stage.world.make(config_map_manifest("settings", {{"MAX_TOKENS", "100"}}));
    const std::string live = kind == StrategyKind::rolling ? "chat" : "chat-blue";
    Json containers =
        stage.world.object("deployments", live)["spec"]["template"]["spec"]["containers"];
    containers[0]["envFrom"] = {{{"configMapRef", {{"name", "settings"}}}}};
    stage.world.edit("deployments", live,
                     {{"spec", {{"template", {{"spec", {{"containers", containers}}}}}}}});
    stage.settle();
    REQUIRE(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
    CHECK_THROWS_AS(Deployer(stage).deploy("1.5"), AlreadyLive);
    stage.world.edit("configmaps", "settings", {{"data", {{"MAX_TOKENS", "9"}}}});
    CHECK(settings_of(stage) == Json{{"MAX_TOKENS", "100"}});  // nothing changed by itself
    REQUIRE(Deployer(stage).deploy("1.5").outcome == ReleaseOutcome::succeeded);
    CHECK(settings_of(stage) == Json{{"MAX_TOKENS", "9"}});
    REQUIRE(Deployer(stage).rollback().outcome == ReleaseOutcome::succeeded);
    CHECK(settings_of(stage) == Json{{"MAX_TOKENS", "100"}});
    CHECK(stage.live_image() == image("1.5"));
  }
}

}  // namespace
}  // namespace mlopsctl::testing
