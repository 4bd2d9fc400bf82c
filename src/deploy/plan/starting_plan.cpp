// The deploy.yaml that `deploy init` writes: short, and its comments teach what the next lines
// mean.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr const char* rolling = R"(
# New pods replace old ones one by one. No pod goes before its successor is ready.
strategy: rolling
)";

constexpr const char* blue_green = R"(
# The new version comes up beside the old one at full size, is checked, and takes all traffic at
# once. Until that has proved good the old one stays, so that going back takes a moment.
strategy: blue-green
blueGreen:
  settle: 30s       # checks under real traffic, after the switch
  keepOld: 30s      # the old colour stays at full size for so long after that
)";

constexpr const char* canary = R"(
# The new version gets a small share of the traffic first, and more while its metrics are good.
strategy: canary
canary:
  interval: 1m      # between two looks
  threshold: 5      # failed looks in all, not in a row, until it is rolled back
  stepWeight: 10    # per cent more at each good look: 10, 20, … 50, then it is promoted
  maxWeight: 50
  metrics:
  - name: request-success-rate    # per cent of requests that are not 5xx
    thresholdRange: {min: 99}     # the bound itself is good
    interval: 1m                  # window of the rate
  - name: request-duration        # 99th percentile in ms
    thresholdRange: {max: 500}
    interval: 1m
  #- name: tokens-per-second      # any PromQL that gives one number
  #  query: sum(rate(llm_tokens_total{namespace="{{ namespace }}"}[{{ interval }}]))
  #  thresholdRange: {min: 10}
  #compareToStable: true          # and not worse than the stable version in the same minutes
  #webhooks:                      # asked at each look; see `mlopsctl help deploy-file`
  #- {name: load-test, type: rollout, url: http://load-tester/, timeout: 5s}
# Shares are made by numbers of pods, which needs nothing else: 3 pods can give 25, 33, 50 … per cent.
# gateway-api, istio and nginx change the weights of a route instead.
traffic:
  router: replicas
  largestShareError: 0.2          # a step whose real share is further off is refused
# Where the metrics come from. Without it a canary cannot be judged.
prometheus: http://prometheus.monitoring:9090
)";

constexpr const char* smoke_http = R"(
# Asked of the new pods before they get any request of a user's, and again after the switch.
smoke:
  #url: https://chat.example.com  # after the switch, also through the public address
  checks:
  - path: /health
    status: 200
    within: 1s
)";

constexpr const char* smoke_vllm = R"(
# Asked of the new pods before they get any request of a user's, and again after the switch.
smoke:
  #url: https://chat.example.com  # after the switch, also through the public address
  checks:
  - path: /health
  - path: /v1/completions
    completionModel: {model}      # a short completion has to come back with text
    within: 30s
)";

constexpr const char* server_http = R"(
# What `mlopsctl deploy render` writes the pods from, where there are none yet.
server:
  preset: http
  readyPath: /health              # 200 when requests can be served
  preStopSeconds: 10              # a pod serves on while the others learn that it goes
  resources:
    requests: {cpu: 2, memory: 4Gi}
    limits: {cpu: 4, memory: 8Gi}
    gpus: 1                       # nvidia.com/gpu
  #env: {LOG_LEVEL: info}         # no secrets: they come from `secrets`
  #secrets: [chat-keys]
)";

constexpr const char* server_vllm = R"(
# What `mlopsctl deploy render` writes the pods from, where there are none yet.
server:
  preset: vllm                    # vllm serve MODEL, /health, /dev/shm in memory
  model: {model}
  args: [--max-model-len, "8192"]
  preStopSeconds: 10              # a pod serves on while the others learn that it goes
  resources:
    requests: {cpu: 2, memory: 4Gi}
    limits: {cpu: 4, memory: 8Gi}
    gpus: 1                       # nvidia.com/gpu; more than one: tensor parallelism
  #secrets: [hf-token]            # with HF_TOKEN, for models that ask for it
)";

constexpr const char* tail = R"(
# How long each step may take; each begins anew.
budgets:
  rollout: {rollout}                    # until the new pods are ready; a model has to load
  rollback: 10m
# A HorizontalPodAutoscaler; `replicas` is its own business then.
#autoscale: {min: 2, max: 10, cpu: 70, gpu: 70, requestsPerSecond: 100}
)";

constexpr std::string_view default_model = "Qwen/Qwen2.5-7B-Instruct";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  for (auto at = out.find(from); at != out.npos; at = out.find(from, at + to.size())) {
    out.replace(at, from.size(), to);
  }
  return out;
}

const char* strategy_text(StrategyKind kind) {
  return kind == StrategyKind::rolling      ? rolling
         : kind == StrategyKind::blue_green ? blue_green
                                            : canary;
}

}  // namespace

std::string starting_plan(std::string_view app, std::string_view image, StrategyKind kind,
                          std::string_view preset) {
  const bool vllm = preset == "vllm";
  if (!vllm && preset != "http") {
    throw Error(ErrorKind::usage, fmt::format("there is no preset {}", quote(preset)),
                "presets are http and vllm");
  }
  std::string text = fmt::format(
      "# How {0} is deployed. `mlopsctl help deploy-file` lists every key,\n"
      "# `mlopsctl deploy render` writes Kubernetes manifests from it.\n"
      "app: {0}\n",
      app);
  text += image.empty() ? fmt::format("#image: ghcr.io/acme/{}:1.0.0     # or give --image\n", app)
                        : fmt::format("image: {}\n", image);
  text +=
      "#namespace: models              # default: that of kubectl's context\n"
      "port: 8000                      # of the container\n"
      "replicas: 3\n";
  text += strategy_text(kind);
  text += replaced(vllm ? smoke_vllm : smoke_http, "{model}", default_model);
  text += replaced(vllm ? server_vllm : server_http, "{model}", default_model);
  text += replaced(tail, "{rollout}", vllm ? "20m" : "10m");
  // Whatever the names are: what is written can be read.
  (void)parse_plan(text, "the new deploy.yaml");
  return text;
}

}  // namespace mlopsctl
