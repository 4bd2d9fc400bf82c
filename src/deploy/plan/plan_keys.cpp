#include "deploy/plan/plan_keys.hpp"

#include <array>

namespace mlopsctl {

namespace {

constexpr double longest_wait = 7 * 24 * 3600;

template <class Enum>
void choose(PlanVisitor& visitor, const PlanKey& key, std::span<const char* const> words,
            Enum& value) {
  int index = static_cast<int>(value);
  visitor.choice(key, words, index);
  value = static_cast<Enum>(index);
}

template <class Item>
PlanItems items_of(std::vector<Item>& list, void (*visit)(Item&, PlanVisitor&)) {
  return {.size = [&list] { return list.size(); },
          .resize = [&list](std::size_t size) { list.assign(size, Item{}); },
          .visit = [&list, visit](std::size_t i, PlanVisitor& v) { visit(list.at(i), v); }};
}

void visit_range(ThresholdRange& range, PlanVisitor& v) {
  if (!v.section({.name = "thresholdRange", .text = "what is good; both ends belong to it"}))
    return;
  v.maybe({.name = "min", .text = "less fails", .least = -1e18, .most = 1e18}, range.min);
  v.maybe({.name = "max", .text = "more fails", .least = -1e18, .most = 1e18}, range.max);
  v.end();
}

void visit_metric(MetricGate& gate, PlanVisitor& v) {
  static constexpr std::array no_data{"fail", "hold", "pass"};
  v.text({.name = "name",
          .text = "request-success-rate (per cent, not 5xx), request-duration (99th percentile, "
                  "ms), or any name with a query",
          .least = 1,
          .needed = true},
         gate.name);
  visit_range(gate.range, v);
  v.duration({.name = "interval", .text = "window of the rate", .least = 1, .most = longest_wait},
             gate.interval);
  v.text({.name = "query",
          .text = "PromQL of your own; {{ namespace }}, {{ target }}, {{ service }}, "
                  "{{ interval }} and {{ variables.x }} are replaced",
          .most = 16384},
         gate.query);
  choose(v, {.name = "onNoData", .text = "what no value, or NaN, means"}, no_data, gate.no_data);
  int least = static_cast<int>(gate.minimum_requests);
  v.integer(
      {.name = "minimumRequests", .text = "of the two built-ins: fewer in the window are no data"},
      least);
  gate.minimum_requests = static_cast<std::uint64_t>(least);
  v.pairs({.name = "variables", .text = "values of {{ variables.x }}"}, gate.variables);
}

void visit_webhook(Webhook& hook, PlanVisitor& v) {
  static constexpr std::array kinds{
      "confirm-rollout",   "pre-rollout", "rollout",      "confirm-traffic-increase",
      "confirm-promotion", "rollback",    "post-rollout", "event"};
  v.text({.name = "name", .least = 1, .needed = true}, hook.name);
  choose(v, {.name = "type", .text = "when it is called: see below"}, kinds, hook.kind);
  v.text(
      {.name = "url",
       .text = "POST of {name, namespace, phase, checksum, metadata}; 200, 201 and 202 are a yes",
       .form = Form::url,
       .needed = true},
      hook.url);
  v.duration({.name = "timeout", .text = "", .least = 0.001, .most = 3600}, hook.timeout);
  v.integer({.name = "retries", .text = "after no answer and 5xx", .most = 100}, hook.retries);
  bool without_tls = !hook.verify_tls;
  v.flag({.name = "disableTLS", .text = "do not check the certificate"}, without_tls);
  hook.verify_tls = !without_tls;
  v.pairs({.name = "metadata", .text = "is sent along"}, hook.metadata);
}

void visit_check(SmokeCheck& check, PlanVisitor& v) {
  v.text({.name = "name"}, check.name);
  v.text({.name = "method"}, check.method);
  v.text({.name = "path", .form = Form::path}, check.path);
  v.pairs({.name = "headers"}, check.headers);
  v.text({.name = "body", .most = 65536}, check.body);
  v.integer({.name = "status", .text = "that the answer has", .least = 100, .most = 599},
            check.status);
  v.pairs({.name = "json",
           .text = "JSON path to the value there, such as choices[0].text; '' for any value"},
          check.json);
  v.text({.name = "contains", .text = "a text of the answer"}, check.contains);
  v.duration(
      {.name = "within", .text = "the answer takes at most; 0: no limit", .most = longest_wait},
      check.within);
  v.duration({.name = "timeout", .least = 0.001, .most = 3600}, check.timeout);
  v.text({.name = "completionModel",
          .text = "asks for a completion of this model, as OpenAI's API has it, and wants text"},
         check.completion_model);
  v.integer({.name = "attempts", .least = 1, .most = 1000}, check.attempts);
}

void visit_comparison(std::optional<ComparisonGate>& gate, PlanVisitor& v) {
  bool present = gate.has_value();
  const bool inside = v.section(
      {.name = "compareToStable",
       .text = "the stable version in the same minutes must not be better; true for the defaults"},
      &present);
  if (!present) gate.reset();
  if (present && !gate) gate.emplace();
  if (!inside) return;
  ComparisonGate& values = *gate;
  v.real({.name = "alpha", .text = "of each one-sided test", .least = 1e-6, .most = 0.5},
         values.alpha);
  int least = static_cast<int>(values.minimum_requests);
  v.integer(
      {.name = "minimumRequests", .text = "of each side, before there is an answer", .least = 1},
      least);
  values.minimum_requests = static_cast<std::uint64_t>(least);
  v.flag({.name = "successRate", .text = "compare failed requests"}, values.success_rate);
  v.flag({.name = "latency", .text = "compare latencies"}, values.latency);
  v.end();
}

void visit_canary(CanaryPlan& canary, PlanVisitor& v) {
  if (!v.section({.name = "canary", .text = "strategy: canary; keys are Flagger's"})) return;
  v.duration({.name = "interval", .text = "between two looks", .least = 0.01, .most = longest_wait},
             canary.interval);
  v.integer({.name = "threshold",
             .text = "failed looks in all, not in a row, until it is rolled "
                     "back",
             .least = 1},
            canary.threshold);
  v.integer({.name = "maxWeight",
             .text = "per cent; at it the canary is promoted",
             .least = 1,
             .most = 100},
            canary.max_weight);
  v.integer(
      {.name = "stepWeight", .text = "per cent more at each good look", .least = 1, .most = 100},
      canary.step_weight);
  v.integers({.name = "stepWeights",
              .text = "instead of the two: such as [1, 5, 25, 50]",
              .least = 1,
              .most = 100},
             canary.step_weights);
  v.integer({.name = "iterations",
             .text = "above 0: so many looks without weights, users stay on the stable version",
             .most = 10000},
            canary.iterations);
  v.duration({.name = "gateTimeout",
              .text = "a confirm hook that says no for so long aborts it; 0: it may wait forever",
              .most = longest_wait},
             canary.gate_timeout);
  v.flag({.name = "skipAnalysis", .text = "promote as soon as the pods are ready"},
         canary.skip_analysis);
  v.items({.name = "metrics", .text = "each is looked at once an interval"},
          items_of(canary.metrics, visit_metric));
  visit_comparison(canary.compare_to_stable, v);
  v.items({.name = "webhooks", .text = "gates, tests and load of your own"},
          items_of(canary.webhooks, visit_webhook));
  v.end();
}

void visit_traffic(CanaryPlan& canary, PlanVisitor& v) {
  static constexpr std::array routers{"replicas", "gateway-api", "istio", "nginx"};
  TrafficPlan& traffic = canary.traffic;
  if (!v.section({.name = "traffic", .text = "how a canary gets its share"})) return;
  choose(v, {.name = "router", .text = "replicas: by the number of pods, needs nothing"}, routers,
         traffic.router);
  v.text({.name = "object",
          .text = "name of the HTTPRoute, VirtualService or Ingress; default: the app's",
          .form = Form::label},
         traffic.object);
  v.duration({.name = "settle", .text = "until a new weight is in force everywhere", .most = 3600},
             traffic.settle);
  v.real({.name = "largestShareError",
          .text = "of replicas: a step whose real share is further off is refused",
          .most = 1},
         canary.largest_share_error);
  v.end();
}

void visit_blue_green(BlueGreenPlan& plan, PlanVisitor& v) {
  if (!v.section({.name = "blueGreen", .text = "strategy: blue-green"})) return;
  v.text({.name = "label", .text = "that tells the colours apart", .least = 1, .most = 316},
         plan.label);
  v.text({.name = "blue",
          .text = "its value; the Deployment is APP-blue",
          .form = Form::label,
          .least = 1,
          .most = 20},
         plan.blue);
  v.text({.name = "green", .form = Form::label, .least = 1, .most = 20}, plan.green);
  v.duration({.name = "settle", .text = "live checks after the switch", .most = longest_wait},
             plan.settle);
  v.duration({.name = "keepOld",
              .text = "the old colour stays at full size after that",
              .most = longest_wait},
             plan.keep_old);
  v.end();
}

void visit_smoke(DeployPlan& plan, PlanVisitor& v) {
  if (!v.section({.name = "smoke", .text = "checks before any user's request, and live"})) return;
  v.text({.name = "url",
          .text = "public address for checks after the switch; default: through a port-forward",
          .form = Form::url},
         plan.smoke_url);
  v.items({.name = "checks"}, items_of(plan.smoke, visit_check));
  v.end();
}

void visit_budgets(Budgets& budgets, PlanVisitor& v) {
  if (!v.section({.name = "budgets", .text = "each begins anew for its own step"})) return;
  v.duration(
      {.name = "rollout", .text = "until the pods are ready", .least = 1, .most = longest_wait},
      budgets.rollout);
  v.duration({.name = "smoke", .least = 1, .most = longest_wait}, budgets.smoke);
  v.duration({.name = "rollback", .least = 1, .most = longest_wait}, budgets.rollback);
  v.duration({.name = "imagePullGrace",
              .text = "an image that cannot be pulled is given up after",
              .most = longest_wait},
             budgets.image_pull_grace);
  v.duration({.name = "configGrace",
              .text = "a missing ConfigMap or Secret is given up after",
              .most = longest_wait},
             budgets.config_grace);
  v.integer({.name = "restarts",
             .text = "of one container, then it crash-loops",
             .least = 1,
             .most = 1000},
            budgets.restarts);
  v.flag({.name = "tolerateUntilDeadline",
          .text = "pods may crash until `rollout` is over, for apps that wait for others"},
         budgets.tolerate_until_deadline);
  v.end();
}

void visit_resources(ServerPlan& server, PlanVisitor& v) {
  if (!v.section({.name = "resources"})) return;
  if (v.section({.name = "requests"})) {
    v.text({.name = "cpu", .form = Form::quantity}, server.cpu_request);
    v.text({.name = "memory", .form = Form::quantity}, server.memory_request);
    v.end();
  }
  if (v.section({.name = "limits"})) {
    v.text({.name = "cpu", .form = Form::quantity}, server.cpu_limit);
    v.text({.name = "memory", .form = Form::quantity}, server.memory_limit);
    v.end();
  }
  v.integer({.name = "gpus", .text = "nvidia.com/gpu, requested and limited alike", .most = 64},
            server.gpus);
  v.end();
}

void visit_server(ServerPlan& server, PlanVisitor& v) {
  static constexpr std::array presets{"http", "vllm"};
  if (!v.section({.name = "server", .text = "what `deploy render` writes the pods from"})) return;
  int preset = server.preset == presets[1] ? 1 : 0;
  v.choice({.name = "preset"}, presets, preset);
  server.preset = presets.at(static_cast<std::size_t>(preset));
  v.text({.name = "model", .text = "of vllm: a name on the Hub, or a path in the container"},
         server.model);
  v.texts({.name = "command"}, server.command);
  v.texts({.name = "args"}, server.args);
  v.pairs({.name = "env", .text = "no secrets: they are for everybody to read"}, server.env);
  v.texts({.name = "configMaps", .text = "all their keys become variables"}, server.config_maps);
  v.texts({.name = "secrets", .text = "all their keys become variables"}, server.secrets);
  visit_resources(server, v);
  v.text({.name = "readyPath", .text = "200 when requests can be served", .form = Form::path},
         server.ready_path);
  v.text({.name = "livePath", .text = "200 unless only a restart helps", .form = Form::path},
         server.live_path);
  v.integer({.name = "preStopSeconds",
             .text = "serve on for so long after the pod was taken out of the Service",
             .most = 3600},
            server.pre_stop_seconds);
  v.text({.name = "sharedMemory", .text = "of vllm: size of /dev/shm", .form = Form::quantity},
         server.shared_memory);
  v.maybe({.name = "disruptionMinAvailable",
           .text = "pods that a drain leaves; default: it takes one at a time",
           .most = 100000},
          server.disruption_min_available);
  v.end();
}

void visit_autoscale(AutoscalePlan& plan, PlanVisitor& v) {
  if (!v.section({.name = "autoscale", .text = "a HorizontalPodAutoscaler; true for the defaults"},
                 &plan.enabled)) {
    return;
  }
  v.integer({.name = "min", .least = 1, .most = 100000}, plan.min);
  v.integer({.name = "max", .least = 1, .most = 100000}, plan.max);
  v.maybe({.name = "cpu", .text = "per cent of the request, on average", .least = 1, .most = 10000},
          plan.cpu);
  v.maybe({.name = "gpu",
           .text = "per cent, on average of the pods; needs a metrics adapter",
           .least = 1,
           .most = 100},
          plan.gpu);
  v.maybe({.name = "requestsPerSecond",
           .text = "of a pod, on average; needs a metrics adapter",
           .least = 1},
          plan.requests_per_second);
  v.text({.name = "gpuMetric", .text = "its name in the adapter", .least = 1}, plan.gpu_metric);
  v.text({.name = "requestsMetric", .text = "its name in the adapter", .least = 1},
         plan.requests_metric);
  v.end();
}

}  // namespace

void visit_plan(DeployPlan& plan, PlanVisitor& v) {
  static constexpr std::array strategies{"rolling", "blue-green", "canary"};
  // Names are made of it: mlopsctl-APP, APP-canary-….
  v.text({.name = "app",
          .text = "names the Deployment, and the lock",
          .form = Form::label,
          .least = 1,
          .most = 52,
          .needed = true},
         plan.app);
  v.text({.name = "namespace",
          .text = "default: that of the context",
          .form = Form::label,
          .most = 63},
         plan.name_space);
  v.text({.name = "context", .text = "of kubectl; default: the current one"}, plan.context);
  v.text({.name = "image",
          .text = "with a tag or a digest; or give --image",
          .form = Form::image,
          .most = 1024},
         plan.image);
  v.text({.name = "container",
          .text = "whose image it is; default: the only one, or APP",
          .form = Form::label,
          .most = 63},
         plan.container);
  v.text({.name = "service", .text = "default: APP", .form = Form::label, .most = 63},
         plan.service);
  v.integer({.name = "port", .text = "of the container", .least = 1, .most = 65535}, plan.port);
  v.integer({.name = "servicePort", .text = "of the Service; 0: as port", .most = 65535},
            plan.service_port);
  v.integer({.name = "replicas", .least = 1, .most = 100000}, plan.replicas);
  choose(v, {.name = "strategy"}, strategies, plan.strategy);
  visit_blue_green(plan.blue_green, v);
  visit_canary(plan.canary, v);
  visit_traffic(plan.canary, v);
  visit_smoke(plan, v);
  visit_budgets(plan.budgets, v);
  v.text({.name = "prometheus", .text = "where metrics are asked for", .form = Form::url},
         plan.prometheus);
  v.texts({.name = "notify",
           .text = "slack:NAME and webhook:NAME, with the variable that holds the URL"},
          plan.notify);
  visit_server(plan.server, v);
  visit_autoscale(plan.autoscale, v);
}

void visit_kept(DeployPlan& plan, PlanVisitor& v) {
  std::string file = plan.file.string();
  v.text({.name = "file", .most = 65536}, file);
  plan.file = file;
  v.flag({.name = "flagger"}, plan.flagger);
  v.texts({.name = "warnings"}, plan.warnings);
}

}  // namespace mlopsctl
