// The manifests that are made of a plan.
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <map>
#include <string>

using namespace mlopsctl;

namespace {

std::vector<Json> rendered(const std::string& text) {
  return render_manifests(parse_plan("app: chat\nimage: ghcr.io/acme/chat:1.4\n" + text, "'d'"));
}

std::map<std::string, Json> by_name(const std::vector<Json>& manifests) {
  std::map<std::string, Json> found;
  for (const auto& manifest : manifests) {
    found[manifest["kind"].get<std::string>() + "/" +
          manifest["metadata"]["name"].get<std::string>()] = manifest;
  }
  return found;
}

}  // namespace

TEST_CASE("blue-green: two Deployments of 3 and 0, the Service at blue") {
  const auto all = by_name(rendered("strategy: blue-green\n"));
  CHECK(all.size() == 4);
  const auto& blue = all.at("Deployment/chat-blue");
  const auto& green = all.at("Deployment/chat-green");
  CHECK(blue["spec"]["replicas"] == 3);
  CHECK(green["spec"]["replicas"] == 0);
  CHECK(blue["spec"]["selector"]["matchLabels"] == Json{{"app", "chat"}, {"version", "blue"}});
  CHECK(green["spec"]["template"]["metadata"]["labels"] ==
        Json{{"app", "chat"}, {"version", "green"}});
  const auto& container = blue["spec"]["template"]["spec"]["containers"][0];
  CHECK(container["ports"][0]["containerPort"] == 8000);
  CHECK(container["resources"] ==
        Json{{"requests", {{"cpu", "2"}, {"memory", "4Gi"}, {"nvidia.com/gpu", "1"}}},
             {"limits", {{"cpu", "4"}, {"memory", "8Gi"}, {"nvidia.com/gpu", "1"}}}});
  CHECK(all.at("Service/chat")["spec"]["selector"] == Json{{"app", "chat"}, {"version", "blue"}});
  // One budget over both colours: two would block every drain of a node.
  CHECK(all.at("PodDisruptionBudget/chat")["spec"] ==
        Json{{"maxUnavailable", 1}, {"selector", {{"matchLabels", {{"app", "chat"}}}}}});
}

TEST_CASE("no request is lost while pods change") {
  const auto all = by_name(rendered("replicas: 1\n"));
  const auto& spec = all.at("Deployment/chat")["spec"];
  CHECK(spec["strategy"]["rollingUpdate"] == Json{{"maxUnavailable", 0}, {"maxSurge", 1}});
  const auto& pod = spec["template"]["spec"];
  const auto& container = pod["containers"][0];
  CHECK(container["lifecycle"]["preStop"]["exec"]["command"] == Json{"sleep", "10"});
  CHECK(pod["terminationGracePeriodSeconds"] == 60);
  CHECK(container["readinessProbe"]["httpGet"] == Json{{"path", "/health"}, {"port", "http"}});
}

TEST_CASE("a model may take all the time of the rollout to load") {
  const auto spec = by_name(rendered("budgets: {rollout: 30m}\n")).at("Deployment/chat")["spec"];
  const auto& probe = spec["template"]["spec"]["containers"][0]["startupProbe"];
  CHECK(probe["periodSeconds"].get<int>() * probe["failureThreshold"].get<int>() >= 1800);
  CHECK(spec["progressDeadlineSeconds"] == 1800);
}

TEST_CASE("a canary's stable pods have a label of their own; routers get a Service for each side") {
  const auto plain = by_name(rendered("strategy: canary\n"));
  CHECK(plain.at("Deployment/chat")["spec"]["selector"]["matchLabels"]["mlopsctl.dev/track"] ==
        "stable");
  CHECK(plain.at("Service/chat")["spec"]["selector"] == Json{{"app", "chat"}});
  CHECK(plain.count("Service/chat-canary") == 0);
  const auto routed = by_name(rendered("strategy: canary\ntraffic: {router: gateway-api}\n"));
  CHECK(routed.at("Service/chat-canary")["spec"]["selector"] ==
        Json{{"app", "chat"}, {"mlopsctl.dev/track", "canary"}});
  CHECK(routed.at("Service/chat-stable")["spec"]["selector"]["mlopsctl.dev/track"] == "stable");
}

TEST_CASE("autoscaling is the specification's, one for each colour") {
  const auto all =
      by_name(rendered("strategy: blue-green\nautoscale: {gpu: 70, requestsPerSecond: 100}\n"));
  const auto& spec = all.at("HorizontalPodAutoscaler/chat-green")["spec"];
  CHECK(spec["scaleTargetRef"]["name"] == "chat-green");
  CHECK(spec["minReplicas"] == 2);
  CHECK(spec["maxReplicas"] == 10);
  REQUIRE(spec["metrics"].size() == 3);
  CHECK(spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 70);
  CHECK(spec["metrics"][1]["pods"]["target"]["averageValue"] == "70");
  CHECK(spec["metrics"][2]["pods"]["metric"]["name"] == "http_requests_per_second");
  CHECK(spec["behavior"]["scaleUp"] ==
        Json{{"stabilizationWindowSeconds", 60},
             {"policies",
              Json::array({{{"type", "Percent"}, {"value", 50}, {"periodSeconds", 60}}})}});
  CHECK(spec["behavior"]["scaleDown"] ==
        Json{{"stabilizationWindowSeconds", 300},
             {"policies", Json::array({{{"type", "Pods"}, {"value", 1}, {"periodSeconds", 60}}})}});
  // The number of pods is the autoscaler's; none parks it.
  CHECK_FALSE(all.at("Deployment/chat-blue")["spec"].contains("replicas"));
  CHECK(all.at("Deployment/chat-green")["spec"]["replicas"] == 0);
}

TEST_CASE("vLLM: its arguments, shared memory, health") {
  const auto all = by_name(rendered(
      "server: {preset: vllm, model: Qwen/Qwen2.5-7B-Instruct, args: [--max-model-len, '8192'], "
      "secrets: [hf-token], resources: {gpus: 2}}\n"));
  const auto& pod = all.at("Deployment/chat")["spec"]["template"]["spec"];
  const auto& container = pod["containers"][0];
  CHECK(container["command"] == Json{"vllm", "serve"});
  CHECK(container["args"] == Json{"Qwen/Qwen2.5-7B-Instruct", "--host", "0.0.0.0", "--port", "8000",
                                  "--tensor-parallel-size", "2", "--max-model-len", "8192"});
  CHECK(container["envFrom"] == Json::array({{{"secretRef", {{"name", "hf-token"}}}}}));
  CHECK(
      pod["volumes"] ==
      Json::array({{{"name", "shm"}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "2Gi"}}}}}));
  CHECK(container["volumeMounts"] == Json::array({{{"name", "shm"}, {"mountPath", "/dev/shm"}}}));
}

TEST_CASE("without an image there is nothing to render") {
  CHECK_ERROR(render_manifests(parse_plan("app: chat", "'d'")), ErrorKind::config, "no image");
}

TEST_CASE("YAML of manifests is what people write, and readers take texts for texts") {
  const std::vector<Json> manifests{{{"spec", {{"data", "a\nb\n"}, {"list", {1, "yes", "8"}}}},
                                     {"kind", "ConfigMap"},
                                     {"apiVersion", "v1"},
                                     {"metadata", {{"labels", Json::object()}, {"name", "x"}}}},
                                    {{"kind", "Service"}}};
  CHECK(manifests_yaml(manifests) ==
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels: {}\nspec:\n  data: |\n"
        "    a\n    b\n  list:\n  - 1\n  - \"yes\"\n  - \"8\"\n---\nkind: Service\n");
}

// MLOPSCTL_UPDATE_GOLDEN=1 writes the files anew.
TEST_CASE("rendered manifests are the golden ones") {
  const std::string folder = mlopsctl::testing::source_folder() + "/tests/golden/deploy/rendered/";
  for (const std::string name :
       {"rolling", "blue-green", "canary-gateway-api", "vllm-autoscaled"}) {
    const auto plan = parse_plan(read_file(folder + name + ".deploy.yaml"), name);
    const auto yaml = manifests_yaml(render_manifests(plan));
    if (std::getenv("MLOPSCTL_UPDATE_GOLDEN") != nullptr) {
      write_file_atomically(folder + name + ".yaml", yaml);
    }
    CHECK_MESSAGE(yaml == read_file(folder + name + ".yaml"), name);
  }
}
