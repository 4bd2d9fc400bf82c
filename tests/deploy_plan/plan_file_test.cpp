// What deploy.yaml may say, and how it is told what is wrong.
#include "mlopsctl/deploy/plan.hpp"

#include "support/expect_error.hpp"

#include <string>

using namespace mlopsctl;

namespace {

DeployPlan plan_of(const std::string& text) { return parse_plan(text, "'deploy.yaml'"); }

std::string error_text(const std::string& text) {
  const auto error = mlopsctl::testing::error_of([&] { (void)plan_of(text); });
  CHECK(error.kind() == ErrorKind::config);
  return std::string(error.what()) + (error.hint().empty() ? "" : " | " + error.hint());
}

const std::string whole = R"(
app: chat
namespace: llm
context: prod
image: ghcr.io/acme/chat:1.4
container: server
service: chat-api
port: 8000
servicePort: 80
replicas: 5
strategy: canary
canary:
  interval: 1m30s
  threshold: 3
  maxWeight: 60
  stepWeight: 20
  metrics:
    - name: request-success-rate
      thresholdRange: {min: 99}
      interval: 2m
    - name: tokens
      query: sum(rate(llm_tokens_total{pod=~"{{ variables.pods }}"}[{{ interval }}]))
      thresholdRange:
        min: 0.5
        max: 1000
      onNoData: hold
      variables: {pods: "chat-.*"}
  compareToStable: {alpha: 0.05, minimumRequests: 50, latency: false}
  webhooks:
    - name: ask
      type: confirm-promotion
      url: https://gate.example.com/gate
      timeout: 3s
      retries: 2
      disableTLS: true
      metadata: {team: "llm"}
traffic:
  router: gateway-api
  object: chat-route
  settle: 2s
smoke:
  url: https://chat.example.com
  checks:
    - name: answers
      path: /v1/completions
      completionModel: chat
      within: 5s
    - path: /health
      json: {status: ok}
budgets: {rollout: 20m, restarts: 5, tolerateUntilDeadline: true}
server:
  preset: vllm
  model: Qwen/Qwen2.5-7B-Instruct
  args: [--max-model-len, "8192"]
  env: {VLLM_LOGGING_LEVEL: INFO}
  secrets: [hf-token]
  resources:
    requests: {cpu: 2, memory: 4Gi}
    gpus: 2
autoscale: {max: 6, gpu: 70}
prometheus: http://prometheus.monitoring:9090
notify: [team-chat]
)";

}  // namespace

TEST_CASE("every section of deploy.yaml is read") {
  const auto plan = plan_of(whole);
  CHECK(plan.app == "chat");
  CHECK(plan.name_space == "llm");
  CHECK(plan.image == "ghcr.io/acme/chat:1.4");
  CHECK(plan.service_port == 80);
  CHECK(plan.strategy == StrategyKind::canary);
  CHECK(plan.canary.interval == Milliseconds{90'000});
  CHECK(plan.canary.threshold == 3);
  CHECK(plan.canary.max_weight == 60);
  REQUIRE(plan.canary.metrics.size() == 2);
  CHECK(plan.canary.metrics[0].range.min == 99.0);
  CHECK(!plan.canary.metrics[0].range.max);
  CHECK(plan.canary.metrics[1].no_data == NoData::hold);
  CHECK(plan.canary.metrics[1].variables.at("pods") == "chat-.*");
  REQUIRE(plan.canary.compare_to_stable);
  CHECK(plan.canary.compare_to_stable->alpha == 0.05);
  CHECK(plan.canary.compare_to_stable->minimum_requests == 50);
  CHECK_FALSE(plan.canary.compare_to_stable->latency);
  REQUIRE(plan.canary.webhooks.size() == 1);
  CHECK(plan.canary.webhooks[0].kind == HookKind::confirm_promotion);
  CHECK_FALSE(plan.canary.webhooks[0].verify_tls);
  CHECK(plan.canary.traffic.router == RouterKind::gateway_api);
  CHECK(plan.canary.traffic.settle == Milliseconds{2000});
  CHECK(plan.smoke_url == "https://chat.example.com");
  REQUIRE(plan.smoke.size() == 2);
  CHECK(plan.smoke[0].completion_model == "chat");
  CHECK(plan.smoke[1].json.at("status") == "ok");
  CHECK(plan.budgets.rollout == Milliseconds{1'200'000});
  CHECK(plan.budgets.tolerate_until_deadline);
  CHECK(plan.server.preset == "vllm");
  CHECK(plan.server.cpu_request == "2");
  CHECK(plan.server.gpus == 2);
  CHECK(plan.autoscale.enabled);
  CHECK(plan.autoscale.min == 2);
  CHECK(plan.autoscale.gpu == 70);
  CHECK(plan.notify == std::vector<std::string>{"team-chat"});
  CHECK(plan.warnings.empty());
}

TEST_CASE("a kept plan comes back whole") {
  for (const auto& text :
       {whole, std::string("app: a"),
        std::string("app: a\ncanary: {stepWeights: [1, 5, 50]}\nautoscale: true"),
        std::string("app: a\nserver: {readyPath: '', sharedMemory: ''}\n"
                    "autoscale: {cpu: null, gpu: 50}")}) {
    auto plan = plan_of(text);
    plan.file = "here/deploy.yaml";
    plan.warnings = {"one"};
    const auto back = parse_plan_json(plan_json(plan));
    CHECK(plan_json(back) == plan_json(plan));
    CHECK(back.file == plan.file);
    CHECK(back.warnings == plan.warnings);
    CHECK(back.autoscale.enabled == plan.autoscale.enabled);
    CHECK(back.autoscale.cpu == plan.autoscale.cpu);
    CHECK(back.server.ready_path == plan.server.ready_path);
    CHECK(back.canary.step_weights == plan.canary.step_weights);
    CHECK(back.canary.max_weight == plan.canary.max_weight);
  }
  CHECK_ERROR(parse_plan_json("{}"), ErrorKind::corrupt, "'app' is missing");
}

TEST_CASE("defaults are the specification's") {
  const auto plan = plan_of("app: chat");
  CHECK(plan.port == 8000);
  CHECK(plan.replicas == 3);
  CHECK(plan.canary.interval == Milliseconds{60'000});
  CHECK(plan.canary.threshold == 5);
  CHECK(plan.canary.max_weight == 50);
  CHECK(plan.canary.step_weight == 10);
  CHECK(plan.server.memory_limit == "8Gi");
  CHECK_FALSE(plan.autoscale.enabled);
  CHECK_FALSE(plan.canary.compare_to_stable);
  // The last of the weights is where a canary is promoted.
  CHECK(plan_of("app: a\ncanary: {stepWeights: [1, 7]}").canary.max_weight == 7);
  // An interval of our own may be short: tests and small services need it.
  CHECK(plan_of("app: a\ncanary: {interval: 500ms}").canary.interval == Milliseconds{500});
}

TEST_CASE("errors name file, line and key, and suggest what is near") {
  CHECK(error_text("app: chat\ncanary:\n  stepWieght: 5\n") ==
        "line 3 of 'deploy.yaml': unknown key 'canary.stepWieght' | did you mean 'stepWeight'?");
  CHECK(error_text("app: chat\nreplicas: three\n") ==
        "line 2 of 'deploy.yaml': 'replicas' is text, not a whole number");
  CHECK(error_text("app: chat\nport: 99999\n") ==
        "line 2 of 'deploy.yaml': 'port' is 99999, but must be from 1 to 65535");
  CHECK(error_text("app: chat\nstrategy: blue_green\n") ==
        "line 2 of 'deploy.yaml': 'strategy' is 'blue_green' | did you mean 'blue-green'?");
  CHECK(error_text("app: Chat\n").find("line 1 of 'deploy.yaml': 'app' is lower-case letters") ==
        0);
  CHECK(error_text("image: a:1\n").find("'app' is missing") != std::string::npos);
  CHECK(error_text("app: c\nimage: 'UPPER/x'\n").find("'image' is no image") != std::string::npos);
  CHECK(error_text("app: c\ncanary:\n  interval: soon\n")
            .find("line 3 of 'deploy.yaml': "
                  "'canary.interval' is no duration") == 0);
  CHECK(error_text("app: c\nprometheus: prom:9090\n").find("begins with http:// or https://") !=
        std::string::npos);
  CHECK(error_text("app: c\nserver: {env: {PORT: 8000}}\n") ==
        "line 2 of 'deploy.yaml': 'server.env.PORT' is a number, not text | put it in quotes");
  CHECK(error_text("app: c\ncanary: {webhooks: [{name: x, url: 'http://a', type: prerollout}]}\n")
            .find("did you mean 'pre-rollout'?") != std::string::npos);
  CHECK(error_text("- 1\n").find("this is a list, not a map of keys") != std::string::npos);
  CHECK(error_text("").find("there is nothing in it") != std::string::npos);
  CHECK(error_text("app: c\n---\napp: d\n").find("line 3 of 'deploy.yaml': a second document") ==
        0);
  CHECK(error_text("app: c\n\n  bad\n: x").find("line ") == 0);
}

TEST_CASE("metrics that could never be judged are refused") {
  const auto metric = [](const std::string& text) {
    return error_text("app: c\ncanary:\n  metrics:\n  - " + text + "\n");
  };
  CHECK(metric("{name: request-sucess-rate, thresholdRange: {min: 99}}")
            .find("did you mean 'request-success-rate'?") != std::string::npos);
  CHECK(metric("{name: request-success-rate}").find("has no bound") != std::string::npos);
  CHECK(metric("{name: request-success-rate, thresholdRange: {max: 99}}")
            .find("needs thresholdRange.min") != std::string::npos);
  CHECK(metric("{name: request-duration, thresholdRange: {min: 1}}")
            .find("needs thresholdRange.max") != std::string::npos);
  CHECK(
      metric("{name: m, query: up, thresholdRange: {min: 2, max: 1}}").find("can never be good") !=
      std::string::npos);
  CHECK(metric("{name: m, query: up, thresholdRange: {min: 2}}\n  - {name: m, query: up, "
               "thresholdRange: {min: 2}}")
            .find("line 5 of 'deploy.yaml': there are two metrics 'm'") == 0);
}

TEST_CASE("what contradicts itself is refused") {
  CHECK(error_text("app: c\ncanary: {stepWeights: [1, 5], stepWeight: 2}")
            .find("does nothing beside stepWeights") != std::string::npos);
  CHECK(error_text("app: c\ncanary: {stepWeights: [5, 1]}").find("do not rise") !=
        std::string::npos);
  CHECK(error_text("app: c\ncanary: {maxWeight: 5}").find("is above maxWeight 5") !=
        std::string::npos);
  CHECK(error_text("app: c\nblueGreen: {blue: x, green: x}").find("same name") !=
        std::string::npos);
  CHECK(error_text("app: c\nautoscale: {min: 9, max: 3}").find("above 'autoscale.max'") !=
        std::string::npos);
  CHECK(error_text("app: c\nserver: {preset: vllm}").find("'server.model' is missing") !=
        std::string::npos);
}

TEST_CASE("hooks that outlast the interval are told") {
  const auto plan = plan_of(
      "app: c\nstrategy: canary\ncanary:\n  interval: 10s\n  webhooks:\n  - {name: load, url: "
      "'http://a', timeout: 6s}\n  - {name: more, url: 'http://a', timeout: 6s}\n");
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].find("make 12s, not less than the interval 10s") != std::string::npos);
}

TEST_CASE("--set changes one key and checks it as the file's") {
  auto plan = plan_of(whole);
  set_in_plan(plan, "canary.stepWeight=30");
  CHECK(plan.canary.step_weight == 30);
  set_in_plan(plan, "canary.metrics.request-success-rate.thresholdRange.min=95.5");
  CHECK(plan.canary.metrics[0].range.min == 95.5);
  set_in_plan(plan, "canary.metrics.1.thresholdRange.max=7");
  CHECK(plan.canary.metrics[1].range.max == 7.0);
  set_in_plan(plan, "canary.stepWeights=[1, 5, 25]");
  CHECK(plan.canary.step_weights == std::vector<int>{1, 5, 25});
  set_in_plan(plan, "canary.stepWeight=10");
  CHECK(plan.canary.step_weights.empty());
  // A version is a text although YAML takes it for a number.
  set_in_plan(plan, "server.env.VERSION=1.10");
  CHECK(plan.server.env.at("VERSION") == "1.10");
  set_in_plan(plan, "autoscale=false");
  CHECK_FALSE(plan.autoscale.enabled);
  set_in_plan(plan, "strategy=rolling");
  CHECK(plan.strategy == StrategyKind::rolling);
  CHECK_ERROR(set_in_plan(plan, "canary.stepWieght=10"), ErrorKind::config,
              "--set canary.stepWieght: unknown key");
  CHECK_ERROR(set_in_plan(plan, "canary.stepWieght=10"), ErrorKind::config,
              "did you mean 'stepWeight'?");
  CHECK_ERROR(set_in_plan(plan, "replicas=many"), ErrorKind::config, "not a whole number");
  CHECK_ERROR(set_in_plan(plan, "canary.metrics.nothing.interval=1m"), ErrorKind::config,
              "no item 'nothing'");
  CHECK_ERROR(set_in_plan(plan, "replicas"), ErrorKind::usage, "replicas");
  // What was refused has changed nothing.
  CHECK(plan.replicas == 5);
}

TEST_CASE("the guide has every key, with what it is and what it is without being given") {
  const auto keys = plan_keys();
  const auto key = [&](const std::string& path) {
    for (const auto& one : keys) {
      if (one.path == path) return one.type + ", " + one.initial;
    }
    return std::string("missing");
  };
  CHECK(key("app") == "name, needed");
  CHECK(key("canary.interval") == "duration, 1m");
  CHECK(key("canary.metrics[].thresholdRange.min") == "number, ");
  CHECK(key("strategy") == "rolling | blue-green | canary, rolling");
  CHECK(key("server.resources.limits.memory") == "amount, 8Gi");
  CHECK(key("autoscale.max") == "whole number, 10");
  CHECK(key("canary.compareToStable.alpha") == "number, 0.01");
}
