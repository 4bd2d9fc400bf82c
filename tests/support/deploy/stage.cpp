#include "support/deploy/stage.hpp"

#include "support/cluster/manifests.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace mlopsctl::testing {

namespace {

class NamedPods : public PodAccess {
 public:
  std::unique_ptr<PodDoor> open(const std::string& pod, int /*port*/) override {
    struct Door : PodDoor {
      std::string address;
      std::string url() const override { return address; }
    };
    auto door = std::make_unique<Door>();
    door->address = "http://" + pod;
    return door;
  }
};

class Answers : public HttpClient {
 public:
  explicit Answers(Stage& stage) : stage_(stage) {}
  HttpResponse send(const HttpRequest& request) override {
    const std::string host = request.url.substr(7, request.url.find('/', 7) - 7);
    stage_.smoked.push_back(host);
    HttpResponse response;
    response.status = stage_.smoke_passes(host) ? 200 : 503;
    return response;
  }

 private:
  Stage& stage_;
};

Json colour_manifest(const std::string& colour, int replicas) {
  Json manifest = deployment_manifest("chat-" + colour, image("1.4"), replicas);
  const Json labels{{"app", "chat"}, {"version", colour}};
  manifest["metadata"]["labels"] = labels;
  manifest["spec"]["selector"]["matchLabels"] = labels;
  manifest["spec"]["template"]["metadata"]["labels"] = labels;
  manifest["spec"]["template"]["spec"]["containers"][0]["name"] = "chat";
  return manifest;
}

}  // namespace

Stage::Stage(StrategyKind kind) {
  plan.app = "chat";
  plan.strategy = kind;
  plan.image = "ghcr.io/acme/chat:1.4";
  plan.smoke = {{.name = "health", .attempts = 1}};
  if (kind == StrategyKind::blue_green) {
    world.make(colour_manifest("blue", 3));
    world.make(colour_manifest("green", 0));
    world.make(service_manifest("chat", {{"app", "chat"}, {"version", "blue"}}));
  } else {
    world.make(deployment_manifest("chat", image("1.4"), 3));
    world.make(service_manifest("chat", {{"app", "chat"}}));
  }
  REQUIRE(world.advance_until([&] { return world.ready_endpoints("chat").size() == 3; }));
}

std::string Stage::live_image() {
  std::set<std::string> images;
  for (const std::string& pod : world.ready_endpoints("chat"))
    images.insert(world.object("pods", pod)["spec"]["containers"][0]["image"]);
  std::string text;
  for (const std::string& one : images) text += (text.empty() ? "" : "|") + one;
  return text;
}

std::string Stage::colour() {
  return world.object("services", "chat")["spec"]["selector"].value("version", "");
}

int Stage::replicas(const std::string& deployment) {
  return world.object("deployments", deployment)["spec"]["replicas"];
}

std::vector<Release> Stage::history() {
  SimulatedCluster cluster(world);
  return ReleaseHistory(cluster, "chat").read();
}

bool Stage::told(const std::string& reason) const {
  return std::ranges::any_of(events,
                             [&](const DeployEvent& event) { return event.reason == reason; });
}

std::string Stage::message(const std::string& reason) const {
  std::string text;
  for (const DeployEvent& event : events) {
    if (event.reason == reason) text = event.message;
  }
  return text;
}

void Stage::settle() { world.advance(Milliseconds{60'000}); }

Deployer::Deployer(Stage& stage)
    : cluster(stage.world),
      clock(stage.world),
      once(cluster, clock),
      stage_(stage),
      http_(std::make_unique<Answers>(stage)),
      pods_(std::make_unique<NamedPods>()) {
  cluster.on_call([this](const Call& call) { return on_call(call); });
}

void Deployer::kill_when(std::function<bool(const Call&)> condition, Fault how) {
  kill_ = std::move(condition);
  how_ = how;
}

// A dead process says nothing more, whatever its destructors would like to.
Fault Deployer::on_call(const Call& call) {
  if (dead_) return Fault::unreachable;
  if (watch_) watch_();
  if (!kill_ || !kill_(call)) return Fault::none;
  dead_ = true;
  return how_;
}

Session::Tools Deployer::tools() {
  return {.cluster = once.cluster(),
          .clock = once.clock(),
          .tell = [this](const DeployEvent& event) { stage_.events.push_back(event); }};
}

DeployTools Deployer::deploy_tools() {
  return {.http = *http_,
          .metrics = nullptr,
          .pods = pods_.get(),
          .force_from_unhealthy = stage_.force,
          .retry = stage_.retry};
}

DeployResult Deployer::go(Session session) {
  const auto strategy = session.state().strategy == StrategyKind::blue_green
                            ? make_blue_green(deploy_tools())
                            : make_rolling(deploy_tools());
  return run_deployment(session, *strategy);
}

DeployResult Deployer::deploy(const std::string& tag) {
  Session session = Session::begin(tools(), stage_.plan, patience, false);
  const auto strategy = stage_.plan.strategy == StrategyKind::blue_green
                            ? make_blue_green(deploy_tools())
                            : make_rolling(deploy_tools());
  strategy->plan(session, {.asked = "ghcr.io/acme/chat:" + tag,
                           .pinned = image(tag),
                           .digest = image(tag).substr(image(tag).find('@') + 1)});
  CountedStrategy counted(*strategy, cluster, calls);
  return run_deployment(session, counted);
}

State Deployer::planned(const std::string& tag) {
  Session session = Session::rehearse(tools(), stage_.plan);
  const auto strategy = stage_.plan.strategy == StrategyKind::blue_green
                            ? make_blue_green(deploy_tools())
                            : make_rolling(deploy_tools());
  strategy->plan(session, {.asked = tag, .pinned = image(tag), .digest = {}});
  return session.state();
}

DeployResult Deployer::rollback(const std::optional<std::string>& to) {
  Session session = Session::begin(tools(), stage_.plan, patience, false);
  plan_rollback(session, to);
  return go(std::move(session));
}

DeployResult Deployer::resume() {
  once.end();
  return go(Session::begin(tools(), stage_.plan, Milliseconds{60'000}, true));
}

DeployResult Deployer::abort() {
  once.end();
  Session session = Session::begin(tools(), stage_.plan, Milliseconds{60'000}, true);
  session.state().abort_asked = true;
  return go(std::move(session));
}

}  // namespace mlopsctl::testing
