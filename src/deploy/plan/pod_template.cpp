#include "deploy/plan/pod_template.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace mlopsctl {

namespace {

constexpr const char* port_name = "http";
constexpr const char* shm = "shm";

// Requests go on for this long after the process was told to end.
constexpr int finish_seconds = 50;

Json probe(const std::string& path, int period, int failures) {
  return {{"httpGet", {{"path", path}, {"port", port_name}}},
          {"periodSeconds", period},
          {"timeoutSeconds", 5},
          {"failureThreshold", failures}};
}

// Until the first success of the startup probe the other two are not asked, so that a model may
// take all the time of the rollout to load.
int startup_failures(const DeployPlan& plan, int period) {
  const std::int64_t seconds = plan.budgets.rollout.count() / 1000;
  return static_cast<int>(std::max<std::int64_t>(30, (seconds + period - 1) / period));
}

void add_probes(Json& container, const DeployPlan& plan) {
  constexpr int startup_period = 5;
  container["startupProbe"] =
      probe(plan.server.ready_path, startup_period, startup_failures(plan, startup_period));
  container["readinessProbe"] = probe(plan.server.ready_path, 5, 3);
  container["livenessProbe"] = probe(plan.server.live_path, 10, 6);
}

Json resources(const ServerPlan& server) {
  Json requests = Json::object(), limits = Json::object();
  const auto put = [](Json& map, const char* name, const std::string& amount) {
    if (!amount.empty()) map[name] = amount;
  };
  put(requests, "cpu", server.cpu_request);
  put(requests, "memory", server.memory_request);
  put(limits, "cpu", server.cpu_limit);
  put(limits, "memory", server.memory_limit);
  if (server.gpus > 0) {
    // Extended resources cannot be overcommitted: both have to be the same.
    requests["nvidia.com/gpu"] = std::to_string(server.gpus);
    limits["nvidia.com/gpu"] = std::to_string(server.gpus);
  }
  return {{"requests", std::move(requests)}, {"limits", std::move(limits)}};
}

// "vllm serve MODEL --host … --port …", with the user's own options last, where they win.
void add_vllm(Json& container, const DeployPlan& plan) {
  if (plan.server.command.empty()) container["command"] = {"vllm", "serve"};
  Json args = Json::array();
  if (!plan.server.model.empty()) args.push_back(plan.server.model);
  for (const std::string& arg : {std::string("--host"), std::string("0.0.0.0"),
                                 std::string("--port"), std::to_string(plan.port)}) {
    args.push_back(arg);
  }
  if (plan.server.gpus > 1) {
    args.push_back("--tensor-parallel-size");
    args.push_back(std::to_string(plan.server.gpus));
  }
  for (const std::string& arg : plan.server.args) args.push_back(arg);
  container["args"] = std::move(args);
  container["volumeMounts"] = {{{"name", shm}, {"mountPath", "/dev/shm"}}};
}

void add_environment(Json& container, const ServerPlan& server) {
  for (const auto& [name, value] : server.env) {
    container["env"].push_back({{"name", name}, {"value", value}});
  }
  for (const std::string& name : server.config_maps) {
    container["envFrom"].push_back({{"configMapRef", {{"name", name}}}});
  }
  for (const std::string& name : server.secrets) {
    container["envFrom"].push_back({{"secretRef", {{"name", name}}}});
  }
}

Json container_of(const DeployPlan& plan) {
  const ServerPlan& server = plan.server;
  Json container{{"name", plan.container.empty() ? plan.app : plan.container},
                 {"image", plan.image},
                 {"ports", {{{"name", port_name}, {"containerPort", plan.port}}}},
                 {"resources", resources(server)}};
  if (!server.command.empty()) container["command"] = server.command;
  if (server.preset == "vllm") {
    add_vllm(container, plan);
  } else if (!server.args.empty()) {
    container["args"] = server.args;
  }
  add_environment(container, server);
  add_probes(container, plan);
  if (server.pre_stop_seconds > 0) {
    // Pods are told to end while proxies still send requests to them (k8s #43576).
    container["lifecycle"]["preStop"]["exec"]["command"] = {
        "sleep", std::to_string(server.pre_stop_seconds)};
  }
  return container;
}

}  // namespace

Json render_pod_template(const DeployPlan& plan, const Json& labels) {
  Json spec{{"containers", Json::array({container_of(plan)})},
            {"terminationGracePeriodSeconds", plan.server.pre_stop_seconds + finish_seconds}};
  if (plan.server.preset == "vllm") {
    Json memory{{"medium", "Memory"}};
    if (!plan.server.shared_memory.empty()) memory["sizeLimit"] = plan.server.shared_memory;
    spec["volumes"] = Json::array({{{"name", shm}, {"emptyDir", std::move(memory)}}});
  }
  return {{"metadata", {{"labels", labels}}}, {"spec", std::move(spec)}};
}

}  // namespace mlopsctl
