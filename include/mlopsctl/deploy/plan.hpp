// What to deploy and how: deploy.yaml, or a Flagger Canary manifest, as a value. Every default is
// the reference's (Flagger v1.44.0 for canaries). docs: `mlopsctl help deploy-file`.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

using Json = nlohmann::json;

enum class StrategyKind { rolling, blue_green, canary };
std::string_view to_string(StrategyKind kind);

// A bound on a metric; both ends belong to the good side (value < min and value > max fail).
struct ThresholdRange {
  std::optional<double> min, max;
};

enum class NoData { fail, hold, pass };

struct MetricGate {
  std::string name;  // "request-success-rate" (percent), "request-duration" (p99, ms) or the user's
  std::string
      query;  // PromQL of the user's own, with {{ namespace }} … replaced; empty: a built-in
  ThresholdRange range;
  Milliseconds interval{60'000};  // window of the rate
  NoData no_data = NoData::fail;
  // Of the built-ins: fewer requests in the window are no data (reference 4.2).
  std::uint64_t minimum_requests = 0;
  std::map<std::string, std::string> variables;  // {{ variables.x }}
};

// Comparison with the stable version in the same minutes.
struct ComparisonGate {
  double alpha = 0.01;                   // one-sided, for each test
  std::uint64_t minimum_requests = 100;  // of each side, or there is no answer yet
  bool success_rate = true;              // two-proportion z-test on failed requests
  bool latency = true;                   // Mann-Whitney on the histogram buckets
};

enum class HookKind {
  confirm_rollout,
  pre_rollout,
  rollout,
  confirm_traffic_increase,
  confirm_promotion,
  rollback,
  post_rollout,
  event
};

struct Webhook {
  HookKind kind = HookKind::rollout;
  std::string name, url;
  Milliseconds timeout{10'000};
  int retries = 0;
  bool verify_tls = true;
  std::map<std::string, std::string> metadata;
};

// One check of `smoke`, of a blue-green switch and of a canary's start.
struct SmokeCheck {
  std::string name, method = "GET", path = "/health", body;
  std::map<std::string, std::string> headers;
  int status = 200;
  std::map<std::string, std::string>
      json;  // JSON path (as JsonPath) to the value it must have; empty value: it must be there
  std::string contains;
  Milliseconds within{0};  // answer time; 0: no limit
  Milliseconds timeout{10'000};
  std::string completion_model;  // set: POST an OpenAI completion to `path` and require text
  int attempts = 3;
};

enum class RouterKind { replicas, gateway_api, istio, nginx };

struct TrafficPlan {
  RouterKind router = RouterKind::replicas;
  std::string object;  // HTTPRoute, VirtualService or Ingress; empty: the app's name
  Milliseconds settle{0};
};

struct CanaryPlan {
  Milliseconds interval{60'000};
  int threshold = 5;  // failed checks in all, not in a row
  int max_weight = 50, step_weight = 10;
  std::vector<int> step_weights;  // instead of the two
  int iterations = 0;             // Flagger's blue-green: analyses without weights
  std::vector<MetricGate> metrics;
  std::optional<ComparisonGate> compare_to_stable;
  std::vector<Webhook> webhooks;
  TrafficPlan traffic;
  Milliseconds gate_timeout{0};  // of a confirm hook; 0: it may wait forever
  bool skip_analysis = false;
  double largest_share_error = 0.10;  // of replica ratios: actual against asked share
};

struct BlueGreenPlan {
  std::string label = "version", blue = "blue", green = "green";
  Milliseconds settle{30'000};    // live checks after the switch
  Milliseconds keep_old{30'000};  // full size of the old colour after that
};

struct Budgets {  // each begins anew for its own step
  Milliseconds rollout{600'000}, smoke{60'000}, rollback{600'000}, image_pull_grace{30'000},
      config_grace{30'000};
  int restarts = 3;  // of one container: it crash-loops
  bool tolerate_until_deadline = false;
};

struct AutoscalePlan {  // HPA v2; specification 21
  bool enabled = false;
  int min = 2, max = 10;
  std::optional<int> cpu = 70, gpu, requests_per_second;  // percent, percent, requests a pod
  // Names under which a metrics adapter serves the two pod metrics.
  std::string gpu_metric = "gpu_utilization", requests_metric = "http_requests_per_second";
};

// What `deploy render` writes a Deployment from, where the user has none.
struct ServerPlan {
  std::string preset = "http";  // "vllm"
  std::string model;            // of vllm: a name on the Hub or a path in the container
  std::vector<std::string> command, args;
  std::map<std::string, std::string> env;
  std::vector<std::string> config_maps, secrets;  // envFrom
  std::string cpu_request = "2", memory_request = "4Gi", cpu_limit = "4", memory_limit = "8Gi";
  int gpus = 1;
  std::string ready_path = "/health", live_path = "/health";
  int pre_stop_seconds = 10;
  std::string shared_memory = "2Gi";  // of vllm: /dev/shm
  std::optional<int> disruption_min_available;
};

struct DeployPlan {
  std::filesystem::path file;  // where it was read
  std::string app, name_space, context;
  std::string image;      // as the user wrote it; the tag is resolved by pin_image
  std::string container;  // whose image it is; empty: the only one, or the one named as the app
  std::string service;    // empty: the app's name
  int port = 8000;        // of the container
  int service_port = 0;   // of the Service; 0: as port
  int replicas = 3;
  StrategyKind strategy = StrategyKind::rolling;
  BlueGreenPlan blue_green;
  CanaryPlan canary;
  Budgets budgets;
  std::vector<SmokeCheck> smoke;
  std::string
      smoke_url;  // public address for checks after the switch; empty: through a port-forward
  ServerPlan server;
  AutoscalePlan autoscale;
  std::string prometheus;           // URL
  std::vector<std::string> notify;  // settings names of receivers, never secrets themselves
  bool flagger = false;             // read from a Canary manifest
  // What the file has and a deployment does not heed, each with its line: to be shown.
  std::vector<std::string> warnings;
};

// Reads deploy.yaml or a file with one Canary (flagger.app/v1beta1), with its MetricTemplates.
// Unknown keys, wrong types and values out of range throw Error{config} naming file, line and key;
// near misses are suggested. The image may be missing: the command line can give it.
DeployPlan read_plan(const std::filesystem::path& file);
// The same of a text; `name` is how messages call it ("'deploy.yaml'").
DeployPlan parse_plan(std::string_view text, const std::string& name);
// Key=value as `--set canary.stepWeight=20`; the same checks. Items of lists by name or number
// (canary.metrics.request-duration.thresholdRange.max=300), values as YAML has them.
void set_in_plan(DeployPlan& plan, std::string_view assignment);

// All of a plan, with its defaults, in the shape of deploy.yaml; and back. Throws Error{corrupt}.
std::string plan_json(const DeployPlan& plan);
DeployPlan parse_plan_json(std::string_view text);

// One key of deploy.yaml, for its guide: in the order of the file, sections before what is in them.
struct PlanKeyDoc {
  std::string path;           // "canary.metrics[].thresholdRange.min"
  std::string type, initial;  // "duration", "1m"; a section: "" and ""
  std::string text;
};
std::vector<PlanKeyDoc> plan_keys();

// The commented deploy.yaml that `deploy init` writes.
std::string starting_plan(std::string_view app, std::string_view image, StrategyKind kind,
                          std::string_view preset);

// The label that tells a canary's pods ("canary") from the stable ones ("stable").
inline constexpr std::string_view track_label = "mlopsctl.dev/track";

// The manifests for a plan, in the order in which they are to be applied; of blue-green both
// colours. Throws Error{config} if the plan has no image.
std::vector<Json> render_manifests(const DeployPlan& plan);
std::string manifests_yaml(const std::vector<Json>& manifests);

struct LintFinding {
  bool error = false;  // else a warning
  std::string object;  // "Deployment/chat-blue"
  std::string rule;    // "no-pre-stop", "latest-tag", "selector-mismatch", …
  std::string message, hint;
};
std::vector<LintFinding> lint_manifests(const std::vector<Json>& manifests);

// Manifests from a file of YAML documents or JSON, "-" for standard input; Lists are taken apart.
// Throws Error{config} naming file and line.
std::vector<Json> read_manifests(const std::string& file);
std::vector<Json> parse_manifests(std::string_view text, const std::string& name);

// "ghcr.io/acme/chat:1.4" → "ghcr.io/acme/chat@sha256:…", by one HEAD of the registry's manifest
// (Docker-Content-Digest), with the credentials of docker's config.json (auths, credHelpers,
// credsStore) or podman's auth.json. Registries on this machine are spoken to over http. A
// reference with a digest is returned as it is. Throws Error{usage} (no reference), {not_found} (no
// such image), {unavailable}.
class HttpClient;
struct PinnedImage {
  std::string asked, pinned, digest;
};
PinnedImage pin_image(HttpClient& client, const std::string& image);

// An image made of a folder with a Dockerfile.
struct ImageBuild {
  std::filesystem::path folder;
  std::string image;                   // with a tag: the version
  std::vector<std::string> arguments;  // NAME=VALUE
  std::string tool;                    // docker, podman or buildctl; empty: the first there is
};
// Builds, pushes it as the version and as `latest`, and reads the digest back from the registry.
// What the tool writes goes to standard error as it comes. Throws Error{usage} (no tag, tag
// latest), {not_found} (no folder), {unavailable} (no tool, or it failed).
PinnedImage build_image(HttpClient& client, const ImageBuild& build);
// The commands of build_image, in order.
std::vector<std::vector<std::string>> build_commands(const ImageBuild& build);

}  // namespace mlopsctl
