// What lint says of manifests, rule by rule, and that what we render is clean.
#include "mlopsctl/deploy/plan.hpp"

#include "support/expect_error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

using namespace mlopsctl;

namespace {

const std::string good = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat}
spec:
  replicas: 2
  selector: {matchLabels: {app: chat}}
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  template:
    metadata: {labels: {app: chat}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: chat
        image: ghcr.io/acme/chat:1.4
        env: [{name: LOG_LEVEL, value: info}]
        resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 1}}
        readinessProbe: {httpGet: {path: /health, port: 8000}}
        lifecycle: {preStop: {exec: {command: [sleep, "10"]}}}
---
apiVersion: v1
kind: Service
metadata: {name: chat}
spec: {selector: {app: chat}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: chat}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: chat}}}
)";

// "rule object", errors with an exclamation mark.
std::vector<std::string> rules(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& finding : lint_manifests(parse_manifests(text, "'m.yaml'"))) {
    CHECK_FALSE(finding.message.empty());
    found.push_back(finding.rule + " " + finding.object + (finding.error ? "!" : ""));
  }
  return found;
}

std::vector<std::string> with(const std::string& from, const std::string& to) {
  std::string text = good;
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return rules(text.replace(at, from.size(), to));
}

using Rules = std::vector<std::string>;

}  // namespace

TEST_CASE("manifests without faults have no findings") { CHECK(rules(good) == Rules{}); }

TEST_CASE("what deploy render writes is clean, whatever the strategy") {
  for (const auto* text :
       {"strategy: rolling", "strategy: blue-green", "strategy: canary",
        "strategy: canary\ntraffic: {router: istio}", "strategy: blue-green\nautoscale: true",
        "strategy: rolling\nreplicas: 1", "strategy: rolling\nautoscale: {gpu: 70}",
        "strategy: canary\nserver: {preset: vllm, model: m, resources: {gpus: 4}}"}) {
    const auto plan =
        parse_plan(std::string("app: chat\nimage: ghcr.io/acme/chat:1.4\n") + text, "'d'");
    for (const auto& finding : lint_manifests(render_manifests(plan))) {
      FAIL_CHECK(text << ": " << finding.rule << " " << finding.object << " " << finding.message);
    }
  }
}

TEST_CASE("images that mean something else tomorrow") {
  CHECK(with(":1.4", ":latest") == Rules{"latest-tag Deployment/chat!"});
  CHECK(with(":1.4", "") == Rules{"latest-tag Deployment/chat!"});
  CHECK(with("ghcr.io/acme/chat:1.4", "localhost:5000/chat") ==
        Rules{"latest-tag Deployment/chat!"});
  CHECK(with(":1.4", "@sha256:" + std::string(64, 'a')) == Rules{});
  CHECK(with("ghcr.io/acme/chat:1.4", "Ghcr.io/Acme") == Rules{"bad-image Deployment/chat!"});
}

TEST_CASE("requests that are lost while pods come and go") {
  CHECK(with("        readinessProbe: {httpGet: {path: /health, port: 8000}}\n", "") ==
        Rules{"no-readiness Deployment/chat!"});
  CHECK(with("        lifecycle: {preStop: {exec: {command: [sleep, \"10\"]}}}\n", "") ==
        Rules{"no-pre-stop Deployment/chat"});
  CHECK(with("terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 10") ==
        Rules{"pre-stop-too-long Deployment/chat!"});
  CHECK(with("replicas: 2\n", "replicas: 1\n") == Rules{});
  const std::string single =
      "  replicas: 1\n  selector: {matchLabels: {app: chat}}\n  strategy: "
      "{rollingUpdate: {maxUnavailable: ";
  const std::string before =
      "  replicas: 2\n  selector: {matchLabels: {app: chat}}\n  strategy: "
      "{rollingUpdate: {maxUnavailable: 0";
  CHECK(with(before, single + "1") == Rules{"unavailable-single Deployment/chat!"});
  // 25 % of one pod is none.
  CHECK(with(before, single + "25%") == Rules{});
  CHECK(with("{rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}", "{type: Recreate}") ==
        Rules{"recreate Deployment/chat"});
}

TEST_CASE("selectors") {
  CHECK(with("labels: {app: chat}", "labels: {app: chatty}") ==
        Rules{"selector-mismatch Deployment/chat!", "service-without-pods Service/chat"});
  std::string other = good.substr(0, good.find("---"));
  other.replace(other.find("name: chat}"), 11, "name: chat-two}");
  CHECK(rules(good + "---" + other) == Rules{"selectors-overlap Deployment/chat!"});
  CHECK(with("spec: {selector: {app: chat}, ports", "spec: {selector: {app: nobody}, ports") ==
        Rules{"service-without-pods Service/chat"});
}

TEST_CASE("drains, deadlines, autoscalers") {
  CHECK(with("maxUnavailable: 1,", "maxUnavailable: 0,") ==
        Rules{"blocks-drain PodDisruptionBudget/chat!"});
  CHECK(with("maxUnavailable: 1,", "minAvailable: 2,") ==
        Rules{"blocks-drain PodDisruptionBudget/chat!"});
  CHECK(with("maxUnavailable: 1,", "minAvailable: 1,") == Rules{});
  CHECK(with("  replicas: 2\n", "  replicas: 2\n  minReadySeconds: 600\n") ==
        Rules{"deadline-before-ready Deployment/chat!"});
  const std::string scaler =
      "---\nkind: HorizontalPodAutoscaler\nmetadata: {name: chat}\nspec: {scaleTargetRef: {kind: "
      "Deployment, name: chat}, minReplicas: 3, maxReplicas: 2}\n";
  CHECK(rules(good + scaler) == Rules{"replicas-and-autoscaler HorizontalPodAutoscaler/chat",
                                      "autoscaler-bounds HorizontalPodAutoscaler/chat!"});
}

TEST_CASE("secrets and GPUs") {
  CHECK(with("{name: LOG_LEVEL, value: info}", "{name: HF_TOKEN, value: abc}") ==
        Rules{"plain-secret Deployment/chat!"});
  CHECK(with("{name: LOG_LEVEL, value: info}", "{name: X, value: hf_abcdefghijklmnopqrstuvwxyz}") ==
        Rules{"plain-secret Deployment/chat!"});
  CHECK(with("limits: {nvidia.com/gpu: 1}", "limits: {nvidia.com/gpu: 2}") ==
        Rules{"gpu-requests-differ Deployment/chat!"});
  CHECK(with("requests: {nvidia.com/gpu: 1}, ", "") == Rules{});
}

TEST_CASE("manifests of any shape are read: Lists, JSON, several documents") {
  CHECK(parse_manifests(good, "'m'").size() == 3);
  CHECK(parse_manifests(R"({"kind": "List", "items": [{"kind": "A", "metadata": {"name": "x"}},
                           {"kind": "B", "metadata": {"name": "y"}}]})",
                        "'m'")
            .size() == 2);
  CHECK_ERROR(parse_manifests("a: 1", "'m'"), ErrorKind::config,
              "line 1 of 'm': this is no manifest");
  CHECK_ERROR(parse_manifests("kind: A\n---\nkind: B\nmetadata: {}", "'m'"), ErrorKind::config,
              "line 1 of 'm': this A has no metadata.name");
  CHECK_ERROR(parse_manifests("# nothing\n", "'m'"), ErrorKind::config, "no manifests");
  CHECK_ERROR(parse_manifests("kind: A\nmetadata: {name: x}\n---\n a: [\n", "'m'"),
              ErrorKind::config, " of 'm': ");
}
