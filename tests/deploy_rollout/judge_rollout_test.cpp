// deploy.md 2.3: what fails at once, what has a grace, what is waited for.
#include "deploy_rollout/pods_of_kubernetes.hpp"

#include <doctest/doctest.h>

namespace mlopsctl {
namespace {

using testing::Scene;

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_fails(const Scene& scene, const std::string& text) {
  const Rollout rollout = scene.judged();
  CHECK(rollout.verdict == RolloutVerdict::failed);
  CHECK_MESSAGE(mentions(rollout.reason, text), rollout.reason);
}

TEST_CASE("a rollout is ready when all pods are new and available") {
  Scene scene;
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  scene.complete();
  const Rollout rollout = scene.judged();
  CHECK(rollout.verdict == RolloutVerdict::ready);
  CHECK(rollout.template_hash == "new");
  CHECK(rollout.ready_pods.size() == 3);
}

TEST_CASE("a status that the controller has not brought up to date says nothing") {
  Scene scene;
  scene.complete();
  scene.deployment["metadata"]["generation"] = 3;
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
}

TEST_CASE("a rollout with old pods left is not ready") {
  Scene scene;
  scene.complete();
  scene.deployment["status"]["replicas"] = 4;
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
}

TEST_CASE("only pods of the newest ReplicaSet count") {
  Scene scene;
  scene.pods[0]["status"]["containerStatuses"][0]["restartCount"] = 99;
  scene.pods[0]["status"]["containerStatuses"][0]["state"] = {
      {"waiting", {{"reason", "CrashLoopBackOff"}}}};
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  CHECK(scene.judged().troubles.empty());
}

TEST_CASE("a name that is no image fails at once") {
  for (const std::string reason : {"InvalidImageName", "ErrImageNeverPull"}) {
    Scene scene;
    scene.age = Milliseconds{0};
    scene.waits(reason);
    check_fails(scene, reason);
  }
}

TEST_CASE("an image that cannot be pulled has 30 s, unless the registry's answer is final") {
  for (const std::string reason : {"ErrImagePull", "ImagePullBackOff"}) {
    Scene scene;
    scene.waits(reason, "dial tcp: i/o timeout");
    CHECK(scene.judged().verdict == RolloutVerdict::waiting);
    scene.age = Milliseconds{30'000};
    check_fails(scene, "ghcr.io/acme/chat:1.5");
    check_fails(scene, "i/o timeout");
    scene.age = Milliseconds{1'000};
    for (const std::string final : {"manifest unknown", "Unauthorized", "pull access denied",
                                    "ghcr.io/acme/chat:1.5: not found"}) {
      scene.waits(reason, final);
      check_fails(scene, final);
    }
  }
}

TEST_CASE("a pod that came late has its whole grace") {
  Scene scene;
  scene.age = Milliseconds{300'000};
  scene.waits("ErrImagePull", "i/o timeout");
  scene.newest()["metadata"]["creationTimestamp"] = to_rfc3339(scene.now - Milliseconds{10'000});
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  scene.newest()["metadata"]["creationTimestamp"] = to_rfc3339(scene.now - Milliseconds{40'000});
  CHECK(scene.judged().verdict == RolloutVerdict::failed);
}

TEST_CASE("a Secret may come 30 s late") {
  for (const std::string reason :
       {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}) {
    Scene scene;
    scene.waits(reason, "secret \"keys\" not found");
    CHECK(scene.judged().verdict == RolloutVerdict::waiting);
    scene.age = Milliseconds{30'000};
    check_fails(scene, "secret \"keys\" not found");
  }
}

TEST_CASE("a crash loop fails at once and says how the container ended") {
  Scene scene;
  scene.waits("CrashLoopBackOff", "back-off 10s restarting failed container");
  scene.ended("Error", 2, 1);
  check_fails(scene, "exit code 2");
  const PodTrouble trouble = scene.judged().troubles.at(0);
  CHECK(trouble.reason == "CrashLoopBackOff");
  CHECK(trouble.pod == "chat-new-a");
  CHECK(trouble.had_run);
}

TEST_CASE("a container that needs more memory than it may is told as such") {
  Scene scene;
  scene.waits("CrashLoopBackOff");
  scene.ended("OOMKilled", 137, 1);
  check_fails(scene, "memory");
  CHECK(scene.judged().troubles.at(0).reason == "OOMKilled");
}

TEST_CASE("a container of the initialisation is a container too") {
  Scene scene;
  scene.not_ready();
  scene.newest()["status"]["initContainerStatuses"] = {
      {{"name", "download"},
       {"restartCount", 1},
       {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
       {"lastState", {{"terminated", {{"exitCode", 1}, {"reason", "Error"}}}}}}};
  check_fails(scene, "'download'");
}

TEST_CASE("the third restart of a container is a crash loop even between two crashes") {
  Scene scene;
  scene.ended("Error", 1, 2);
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  CHECK(scene.judged().troubles.size() == 1);
  scene.ended("Error", 1, 3);
  CHECK(scene.judged().verdict == RolloutVerdict::failed);
  scene.budgets.restarts = 5;
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
}

TEST_CASE("restarts before this rollout are forgiven while the container is ready") {
  Scene scene;
  scene.complete();
  for (Json& pod : scene.pods) {
    pod["status"]["containerStatuses"][0]["restartCount"] = 7;
    pod["metadata"]["creationTimestamp"] = to_rfc3339(scene.now - Milliseconds{86'400'000});
  }
  CHECK(scene.judged().verdict == RolloutVerdict::ready);
}

TEST_CASE("one pod that lost its readiness makes the rollout not ready before the status says so") {
  Scene scene;
  scene.complete();
  scene.not_ready();
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
}

TEST_CASE("a pod that no node takes is a warning until the deadline: a node may be on its way") {
  Scene scene;
  scene.not_ready();
  scene.newest()["status"]["phase"] = "Pending";
  scene.newest()["status"]["containerStatuses"] = Json::array();
  scene.newest()["status"]["conditions"] = Json::parse(
      R"([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
           "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."}])");
  scene.age = Milliseconds{599'000};
  const Rollout rollout = scene.judged();
  CHECK(rollout.verdict == RolloutVerdict::waiting);
  REQUIRE(rollout.warnings.size() == 1);
  CHECK(mentions(rollout.warnings[0], "nvidia.com/gpu"));
  scene.age = Milliseconds{600'000};
  check_fails(scene, "nvidia.com/gpu");
}

TEST_CASE("a readiness gate that nobody sets is named") {
  Scene scene;
  scene.newest()["status"]["conditions"][2]["status"] = "False";
  scene.newest()["spec"]["readinessGates"] = {{{"conditionType", "target-health.elbv2.k8s.aws/x"}}};
  const Rollout rollout = scene.judged();
  CHECK(rollout.verdict == RolloutVerdict::waiting);
  REQUIRE(rollout.warnings.size() == 1);
  CHECK(mentions(rollout.warnings[0], "'target-health.elbv2.k8s.aws/x'"));
}

TEST_CASE("two evicted pods are bad luck, three are a failure") {
  Scene scene;
  Json evicted = Scene::pod("chat-new-e", "rs-2");
  evicted["status"] = {{"phase", "Failed"}, {"reason", "Evicted"}, {"message", "low on memory"}};
  scene.pods.insert(scene.pods.begin(), 2, evicted);
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  scene.pods.insert(scene.pods.begin(), evicted);
  check_fails(scene, "low on memory");
}

TEST_CASE("a quota fails at once with its own words") {
  Scene scene;
  scene.age = Milliseconds{0};
  scene.deployment["status"]["conditions"].push_back(
      {{"type", "ReplicaFailure"},
       {"status", "True"},
       {"reason", "FailedCreate"},
       {"message", "pods \"chat-new-x\" is forbidden: exceeded quota: gpus"}});
  check_fails(scene, "exceeded quota: gpus");
}

TEST_CASE("the Deployment's own deadline counts, unless it is of the rollout before") {
  Scene scene;
  Json& progress = scene.deployment["status"]["conditions"][0];
  progress = {{"type", "Progressing"},
              {"status", "False"},
              {"reason", "ProgressDeadlineExceeded"},
              {"message", "ReplicaSet \"chat-new\" has timed out progressing."},
              {"lastUpdateTime", to_rfc3339(scene.now)}};
  check_fails(scene, "timed out progressing");
  progress["lastUpdateTime"] = to_rfc3339(scene.now - Milliseconds{600'000});
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
}

TEST_CASE("failures can be waited out until the deadline") {
  Scene scene;
  scene.budgets.tolerate_until_deadline = true;
  scene.waits("CrashLoopBackOff");
  scene.ended("Error", 1, 9);
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  scene.age = scene.budgets.rollout;
  check_fails(scene, "crashes");
}

TEST_CASE("pods that an autoscaler adds meanwhile need not be ready") {
  Scene scene;
  scene.complete(3);
  scene.deployment["spec"]["replicas"] = 6;
  CHECK(scene.judged().verdict == RolloutVerdict::waiting);
  scene.expected = 3;
  CHECK(scene.judged().verdict == RolloutVerdict::ready);
  scene.deployment["spec"]["replicas"] = 2;
  CHECK(scene.judged().verdict == RolloutVerdict::ready);
}

TEST_CASE("a paused Deployment is told as such") {
  Scene scene;
  scene.deployment["spec"]["paused"] = true;
  REQUIRE(scene.judged().warnings.size() == 1);
  CHECK(mentions(scene.judged().warnings[0], "paused"));
}

TEST_CASE("pods that are on their way out are no pods of the rollout") {
  Scene scene;
  scene.complete();
  scene.not_ready();
  scene.newest()["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z";
  scene.deployment["spec"]["replicas"] = 2;
  CHECK(scene.judged().verdict == RolloutVerdict::ready);
}

TEST_CASE("a Service sends traffic to endpoints that are ready and not terminating") {
  const Json slice = Json::parse(R"({"endpoints": [
    {"conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": "b"}},
    {"conditions": {"ready": false}, "targetRef": {"kind": "Pod", "name": "c"}},
    {"conditions": {"ready": true, "terminating": true}, "targetRef": {"kind": "Pod", "name": "d"}},
    {"conditions": {}, "targetRef": {"kind": "Pod", "name": "a"}}]})");
  CHECK(serving_pods({slice, slice}) == std::vector<std::string>{"a", "b"});
  CHECK(serving_pods({Json{{"endpoints", nullptr}}}).empty());
}

}  // namespace
}  // namespace mlopsctl
