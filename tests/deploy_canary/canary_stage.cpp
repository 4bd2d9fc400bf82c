#include "deploy_canary/canary_stage.hpp"

#include "mlopsctl/deploy/hooks.hpp"

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
    door->address = "http://pod/" + pod;
    return door;
  }
};

// http://hooks/KIND and http://pod/NAME/…
class Answers : public HttpClient {
 public:
  explicit Answers(CanaryStage& stage) : stage_(stage) {}
  HttpResponse send(const HttpRequest& request) override {
    HttpResponse response;
    response.status = 200;
    if (request.url.starts_with("http://hooks/")) {
      const std::string kind = request.url.substr(13);
      stage_.hooks.push_back(kind);
      if (stage_.hook) response.status = stage_.hook(kind, std::get<std::string>(request.body));
    } else {
      stage_.smoked.push_back(request.url.substr(11, request.url.find('/', 11) - 11));
      response.status = stage_.smoke_passes ? 200 : 503;
    }
    return response;
  }

 private:
  CanaryStage& stage_;
};

Json http_route() {
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "HTTPRoute"},
          {"metadata", {{"name", "chat"}}},
          {"spec",
           {{"parentRefs", {{{"name", "public"}}}},
            {"rules",
             {{{"matches", {{{"path", {{"type", "PathPrefix"}, {"value", "/docs"}}}}}},
               {"backendRefs", {{{"name", "docs"}, {"port", 80}}}}},
              {{"backendRefs", {{{"name", "chat"}, {"port", 80}}}}}}}}}};
}

Json virtual_service() {
  return {{"apiVersion", "networking.istio.io/v1"},
          {"kind", "VirtualService"},
          {"metadata", {{"name", "chat"}}},
          {"spec",
           {{"hosts", {"chat"}},
            {"http",
             {{{"match", {{{"uri", {{"prefix", "/docs"}}}}}},
               {"route", {{{"destination", {{"host", "docs"}}}}}}},
              {{"mirror", {{"host", "shadow"}}},
               {"mirrorPercentage", {{"value", 5.0}}},
               {"route", {{{"destination", {{"host", "chat.default.svc.cluster.local"}}}}}}}}}}}};
}

Json ingress() {
  return {{"apiVersion", "networking.k8s.io/v1"},
          {"kind", "Ingress"},
          {"metadata",
           {{"name", "chat"},
            {"annotations", {{"nginx.ingress.kubernetes.io/proxy-body-size", "8m"}}}}},
          {"spec",
           {{"ingressClassName", "nginx"},
            {"rules",
             {{{"host", "chat.example.org"},
               {"http",
                {{"paths",
                  {{{"path", "/"},
                    {"pathType", "Prefix"},
                    {"backend",
                     {{"service", {{"name", "chat"}, {"port", {{"number", 80}}}}}}}}}}}}}}}}}};
}

}  // namespace

QueryAnswer value(double number) { return {.value = number, .text = {}, .query = {}}; }

QueryAnswer no_value(QueryProblem problem, const std::string& text) {
  return {.value = {}, .problem = problem, .text = text, .query = {}};
}

CanaryStage::CanaryStage(RouterKind router, int replicas) : router_(router), replicas_(replicas) {
  plan.app = "chat";
  plan.strategy = StrategyKind::canary;
  plan.image = "ghcr.io/acme/chat:1.4";
  plan.canary.traffic.router = router;
  MetricGate gate;
  gate.name = "request-success-rate";
  gate.range.min = 99;
  plan.canary.metrics = {gate};
  metric = [](std::size_t) { return value(99.5); };
  world.make(deployment_manifest("chat", image("1.4"), replicas));
  world.make(service_manifest("chat", {{"app", "chat"}}));
  make_route();
  REQUIRE(world.advance_until(
      [&] { return static_cast<int>(world.ready_endpoints("chat").size()) == replicas; }));
  route_before_ = route();
  started_ = world.now();
}

void CanaryStage::make_route() {
  if (router_ == RouterKind::gateway_api || router_ == RouterKind::istio) {
    world.make(deployment_manifest("docs", image("1.0"), 1));
    world.make(service_manifest("docs", {{"app", "docs"}}));
  }
  if (router_ == RouterKind::gateway_api) world.make(http_route());
  if (router_ == RouterKind::istio) world.make(virtual_service());
  if (router_ == RouterKind::nginx) world.make(ingress());
}

Json CanaryStage::route() {
  switch (router_) {
    case RouterKind::gateway_api:
      return world.object("httproutes", "chat").at("spec").at("rules");
    case RouterKind::istio:
      return world.object("virtualservices", "chat").at("spec").at("http");
    case RouterKind::nginx:
      return world.object("ingresses", "chat").at("spec");
    case RouterKind::replicas:
      break;
  }
  return world.object("services", "chat").at("spec").at("selector");
}

bool CanaryStage::everybody_is_served() {
  const auto served = [&](const std::string& service) {
    return !world.ready_endpoints(service).empty();
  };
  if (!served("chat")) return false;
  if (router_ == RouterKind::replicas) return true;
  if (router_ == RouterKind::nginx) {
    const Json canary = world.object("ingresses", "chat-canary");
    if (canary.is_null()) return true;
    const Json annotations = canary.at("metadata").at("annotations");
    return annotations.at("nginx.ingress.kubernetes.io/canary-weight") == "0" ||
           served("chat-canary");
  }
  const bool gateway = router_ == RouterKind::gateway_api;
  const Json rules = route();  // kept for the loop
  for (const Json& backend : rules.at(1).at(gateway ? "backendRefs" : "route")) {
    const std::string name = gateway ? backend.at("name").get<std::string>()
                                     : backend.at("destination").at("host").get<std::string>();
    if (backend.value("weight", 1) > 0 && !served(name.substr(0, name.find('.')))) return false;
  }
  return true;
}

void CanaryStage::check_tidy(const std::string& serves) {
  world.advance(Milliseconds{60'000});
  CHECK(stable_image() == serves);
  CHECK(replicas("chat") == replicas_);
  CHECK(static_cast<int>(world.ready_endpoints("chat").size()) == replicas_);
  for (const std::string& pod : world.ready_endpoints("chat")) {
    CHECK(world.object("pods", pod)["spec"]["containers"][0]["image"] == serves);
  }
  CHECK(route() == route_before_);
  CHECK(world.object("services", "chat-canary").is_null());
  CHECK(world.object("ingresses", "chat-canary").is_null());
  const Json canary = world.object("deployments", "chat-canary");
  CHECK((canary.is_null() || canary["spec"]["replicas"] == 0));
}

QueryAnswer CanaryStage::ask(const std::string& query) {
  analyses.push_back(now());
  QueryAnswer answer = metric(analyses.size() - 1);
  answer.query = query;
  return answer;
}

std::vector<std::pair<std::string, double>> CanaryStage::series(const std::string& /*query*/) {
  return {};
}

void CanaryStage::add_hook(HookKind kind) {
  Webhook added;
  added.kind = kind;
  added.name = std::string(to_string(kind));
  added.url = "http://hooks/" + added.name;
  plan.canary.webhooks.push_back(added);
}

std::vector<std::pair<int, int>> CanaryStage::weights() const {
  std::vector<std::pair<int, int>> reached;
  std::optional<Milliseconds> first;
  for (const Told& one : told) {
    if (one.event.reason != "WeightIncreased") continue;
    if (!first) first = one.at;
    reached.emplace_back(static_cast<int>((one.at - *first).count() / 1000),
                         one.event.state.weight);
  }
  return reached;
}

bool CanaryStage::has_told(const std::string& reason) const {
  return std::ranges::any_of(told, [&](const Told& one) { return one.event.reason == reason; });
}

std::string CanaryStage::message(const std::string& reason) const {
  std::string text;
  for (const Told& one : told) {
    if (one.event.reason == reason) text = one.event.message;
  }
  return text;
}

int CanaryStage::replicas(const std::string& deployment) {
  return world.object("deployments", deployment)["spec"]["replicas"];
}

std::string CanaryStage::stable_image() {
  return world.object("deployments", "chat")["spec"]["template"]["spec"]["containers"][0]["image"];
}

CanaryProcess::CanaryProcess(CanaryStage& stage)
    : cluster(stage.world),
      clock(stage.world),
      once(cluster, clock),
      stage_(stage),
      http_(std::make_unique<Answers>(stage)),
      pods_(std::make_unique<NamedPods>()) {
  cluster.on_call([this](const Call& call) { return on_call(call); });
}

void CanaryProcess::kill_at(std::uint64_t call, Fault how) {
  kill_at_ = call;
  how_ = how;
}

// A dead process says nothing more, whatever its destructors would like to.
Fault CanaryProcess::on_call(const Call& call) {
  if (dead_) return Fault::unreachable;
  if (watch_) watch_();
  if (call.number != kill_at_) return Fault::none;
  dead_ = true;
  return how_;
}

Session::Tools CanaryProcess::tools() {
  return {
      .cluster = once.cluster(), .clock = once.clock(), .tell = [this](const DeployEvent& event) {
        stage_.told.push_back({stage_.now(), event});
      }};
}

DeployTools CanaryProcess::deploy_tools() {
  return {.http = *http_,
          .metrics = stage_.with_metrics ? &stage_ : nullptr,
          .pods = pods_.get(),
          .force_from_unhealthy = stage_.force,
          .retry = stage_.retry};
}

namespace {

PinnedImage pinned_image(const std::string& tag) {
  return {.asked = "ghcr.io/acme/chat:" + tag,
          .pinned = image(tag),
          .digest = image(tag).substr(image(tag).find('@') + 1)};
}

}  // namespace

DeployResult CanaryProcess::deploy(const std::string& tag) {
  Session session = Session::begin(tools(), stage_.plan, patience, false);
  const auto strategy = make_canary(deploy_tools());
  strategy->plan(session, pinned_image(tag));
  CountedStrategy counted(*strategy, cluster, calls);
  return run_deployment(session, counted);
}

State CanaryProcess::planned(const std::string& tag) {
  Session session = Session::rehearse(tools(), stage_.plan);
  make_canary(deploy_tools())->plan(session, pinned_image(tag));
  return session.state();
}

DeployResult CanaryProcess::resume() {
  once.end();
  Session session = Session::begin(tools(), stage_.plan, Milliseconds{60'000}, true);
  return run_deployment(session, *make_canary(deploy_tools()));
}

DeployResult CanaryProcess::abort() {
  once.end();
  Session session = Session::begin(tools(), stage_.plan, Milliseconds{60'000}, true);
  session.state().abort_asked = true;
  return run_deployment(session, *make_canary(deploy_tools()));
}

}  // namespace mlopsctl::testing
