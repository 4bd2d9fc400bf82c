// Deployments roll as Kubernetes rolls them, and images fail as they do there.
#include "support/cluster/images.hpp"
#include "support/cluster/manifests.hpp"
#include "support/cluster/virtual_clock.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Seconds = std::chrono::seconds;

namespace {

struct App {
  Kubernetes world;
  explicit App(int replicas = 3, const std::string& image = "acme/chat:1") {
    world.make(deployment_manifest("chat", image, replicas));
    world.make(service_manifest("chat", {{"app", "chat"}}));
  }
  Json deployment() { return world.object("deployment", "chat"); }
  bool done() {
    const auto now = deployment();
    const int wanted = now["spec"]["replicas"];
    const auto& status = now["status"];
    return status.value("observedGeneration", 0) >= now["metadata"]["generation"].get<int>() &&
           status.value("updatedReplicas", 0) == wanted && status.value("replicas", 0) == wanted &&
           status.value("availableReplicas", 0) == wanted;
  }
  void set_image(const std::string& image) {
    world.patch(
        {}, {&type("deployments"), "default", "chat", {}}, PatchType::strategic,
        {{"spec",
          {{"template", {{"spec", {{"containers", {{{"name", "chat"}, {"image", image}}}}}}}}}}});
  }
  std::string condition(const std::string& type, const std::string& field) {
    const Json now = deployment();
    const auto* found = find_condition(now["status"]["conditions"], type);
    return found ? found->value(field, "") : "";
  }
  // "reason message" of the one container of the newest pod.
  Json newest_container() {
    Json newest;
    for (const auto& pod : world.objects("pods"))
      if (newest.is_null() || world.plane().born[uid_of(pod)] >= world.plane().born[uid_of(newest)])
        newest = pod;
    return newest["status"]["containerStatuses"][0];
  }
  std::string waiting() { return text_at(newest_container(), {"state", "waiting", "reason"}); }
};

}  // namespace

TEST_CASE("a Deployment makes a ReplicaSet, pods and endpoints, each a little later") {
  App app;
  CHECK(app.world.objects("replicasets").empty());
  CHECK(app.world.advance_until([&] { return app.done(); }, Seconds(10)));
  CHECK(app.world.objects("replicasets").size() == 1);
  CHECK(app.world.objects("pods", "app=chat").size() == 3);
  app.world.advance(Seconds(1));
  CHECK(app.world.ready_endpoints("chat").size() == 3);
  CHECK(app.condition("Progressing", "reason") == "NewReplicaSetAvailable");
  CHECK(app.condition("Available", "status") == "True");
  CHECK(app.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1");
}

TEST_CASE("a change is not observed at once") {
  App app;
  app.world.advance_until([&] { return app.done(); });
  app.set_image("acme/chat:2");
  const auto now = app.deployment();
  CHECK(now["metadata"]["generation"] == 2);
  CHECK(now["status"]["observedGeneration"] == 1);
}

TEST_CASE(
    "a rolling update never has fewer ready endpoints than maxUnavailable allows, nor more pods "
    "than maxSurge") {
  App app(4);
  app.world.advance_until(
      [&] { return app.done() && app.world.ready_endpoints("chat").size() == 4; });
  app.set_image("acme/chat:2");
  std::size_t fewest = 4, most = 4;
  app.world.advance_until([&] {
    fewest = std::min(fewest, app.world.ready_endpoints("chat").size());
    std::size_t running = 0;
    for (const auto& pod : app.world.objects("pods"))
      running += pod["metadata"].contains("deletionTimestamp") ? 0U : 1U;
    most = std::max(most, running);
    return app.done();
  });
  CHECK(app.done());
  CHECK(fewest == 3);  // 25 % of 4, rounded down
  CHECK(most == 5);    // 25 % of 4, rounded up
  app.world.advance(Seconds(5));
  for (const auto& pod : app.world.objects("pods"))
    CHECK(pod["spec"]["containers"][0]["image"] == "acme/chat:2");
}

TEST_CASE("a template that comes back gets a new revision number") {
  App app;
  app.world.advance_until([&] { return app.done(); });
  app.set_image("acme/chat:2");
  app.world.advance(Seconds(1));
  app.world.advance_until([&] { return app.done(); });
  app.set_image("acme/chat:1");
  app.world.advance(Seconds(1));
  app.world.advance_until([&] { return app.done(); });
  std::vector<std::string> revisions;
  for (const auto& set : app.world.objects("replicasets"))
    revisions.push_back(set["metadata"]["annotations"]["deployment.kubernetes.io/revision"]);
  std::sort(revisions.begin(), revisions.end());
  CHECK(revisions == std::vector<std::string>{"2", "3"});
}

TEST_CASE("old ReplicaSets go beyond revisionHistoryLimit") {
  App app;
  app.world.edit("deployment", "chat", {{"spec", {{"revisionHistoryLimit", 1}}}});
  for (const auto* image : {"acme/chat:2", "acme/chat:3", "acme/chat:4"}) {
    app.set_image(image);
    app.world.advance(Seconds(1));
    REQUIRE(app.world.advance_until([&] { return app.done(); }));
    app.world.advance(Seconds(2));
  }
  CHECK(app.world.objects("replicasets").size() == 2);
}

TEST_CASE(
    "a bad image stops a rollout and leaves the old pods; the deadline changes a condition only") {
  App app;
  app.world.edit("deployment", "chat", {{"spec", {{"progressDeadlineSeconds", 30}}}});
  app.world.advance_until([&] { return app.done(); });
  app.set_image("acme/chat:2-missing");
  CHECK(app.world.advance_until([&] { return app.waiting() == "ErrImagePull"; }, Seconds(3)));
  app.world.advance(Seconds(2));
  CHECK(app.waiting() == "ImagePullBackOff");
  CHECK(app.condition("Progressing", "status") == "True");
  app.world.advance(Seconds(40));
  CHECK(app.condition("Progressing", "reason") == "ProgressDeadlineExceeded");
  CHECK(app.condition("Available", "status") == "True");
  CHECK(app.world.ready_endpoints("chat").size() == 3);
}

TEST_CASE("containers that crash are restarted with growing pauses, and keep their last words") {
  App app(1, "acme/chat:crash");
  app.world.advance(Seconds(2));
  app.world.advance(Seconds(3));
  CHECK(app.waiting() == "CrashLoopBackOff");
  CHECK(app.newest_container()["restartCount"] == 1);
  CHECK(app.newest_container()["lastState"]["terminated"]["exitCode"] == 1);
  app.world.advance(Seconds(60));
  CHECK(app.newest_container()["restartCount"] == 3);
  const auto pod = name_of(app.world.objects("pods").front());
  const auto log = app.world.log({}, {&type("pods"), "default", pod, {}}, "", true, 1);
  CHECK(log == "RuntimeError: cannot load the weights of chat\n");
}

TEST_CASE("images fail in the ways that they do on a cluster") {
  const auto after_a_while = [](const std::string& image) {
    App app(1, image);
    app.world.advance(Seconds(5));
    return app;
  };
  CHECK(after_a_while("acme/chat:denied").waiting() == "ImagePullBackOff");
  CHECK(after_a_while("acme/chat:config-error").waiting() == "CreateContainerConfigError");
  CHECK(after_a_while("acme/Chat:1").waiting() == "InvalidImageName");
  CHECK(after_a_while("acme/chat:oom").newest_container()["lastState"]["terminated"]["reason"] ==
        "OOMKilled");
  CHECK(after_a_while("acme/chat:never-ready").newest_container()["ready"] == false);
  auto quota = after_a_while("acme/chat:quota");
  CHECK(quota.world.objects("pods").empty());
  CHECK(quota.condition("ReplicaFailure", "reason") == "FailedCreate");
  auto full = after_a_while("acme/chat:unschedulable");
  const auto conditions = full.world.objects("pods")[0]["status"]["conditions"];
  CHECK(find_condition(conditions, "PodScheduled")->value("reason", "") == "Unschedulable");
}

TEST_CASE("a flapping pod becomes ready, then not") {
  App app(1, "acme/chat:flapping-4s");
  REQUIRE(app.world.advance_until([&] { return app.done(); }, Seconds(10)));
  CHECK(app.world.advance_until([&] { return !app.done(); }, Seconds(6)));
  CHECK(app.world.ready_endpoints("chat").empty());
}

TEST_CASE("a pod waits for its ConfigMap, and starts when it comes") {
  Kubernetes world;
  auto manifest = deployment_manifest("chat", "acme/chat:1", 1);
  manifest["spec"]["template"]["spec"]["containers"][0]["envFrom"] = {
      {{"configMapRef", {{"name", "chat-settings"}}}}};
  world.make(manifest);
  world.advance(Seconds(5));
  const auto status = world.objects("pods")[0]["status"]["containerStatuses"][0];
  CHECK(status["state"]["waiting"]["reason"] == "CreateContainerConfigError");
  CHECK(status["state"]["waiting"]["message"] == "configmap \"chat-settings\" not found");
  world.make(config_map_manifest("chat-settings", {{"A", "1"}}));
  world.advance(Seconds(3));
  CHECK(world.objects("pods")[0]["status"]["containerStatuses"][0]["ready"] == true);
}

TEST_CASE("a digest behaves as the tag that it was made of") {
  CHECK(image_behaviour(pinned("ghcr.io/acme/chat:2-crash-30s")).fate == Fate::crash);
  CHECK(image_behaviour(pinned("ghcr.io/acme/chat:2-crash-30s")).after == Seconds(30));
  CHECK(image_behaviour("acme/chat-slow-7s@sha256:" + std::string(64, 'a')).slow_start ==
        Seconds(7));
  CHECK(pinned("acme/chat:1").size() == std::string("acme/chat@sha256:").size() + 64);
  CHECK(pinned("acme/chat:1") != pinned("acme/chat:2"));
}

TEST_CASE("an autoscaler holds its bounds and leaves 0 alone") {
  App app(9);
  app.world.make({{"apiVersion", "autoscaling/v2"},
                  {"kind", "HorizontalPodAutoscaler"},
                  {"metadata", {{"name", "chat"}}},
                  {"spec",
                   {{"minReplicas", 2},
                    {"maxReplicas", 4},
                    {"scaleTargetRef",
                     {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "chat"}}}}}});
  app.world.advance(Seconds(5));
  CHECK(app.deployment()["spec"]["replicas"] == 4);
  app.world.edit("deployment", "chat", {{"spec", {{"replicas", 0}}}});
  app.world.advance(Seconds(5));
  CHECK(app.deployment()["spec"]["replicas"] == 0);
  const auto conditions = app.world.object("hpa", "chat")["status"]["conditions"];
  CHECK(find_condition(conditions, "ScalingActive")->value("reason", "") == "ScalingDisabled");
}

TEST_CASE("a paused Deployment does not roll, and says so") {
  App app;
  app.world.advance_until([&] { return app.done(); });
  app.world.edit("deployment", "chat", {{"spec", {{"paused", true}}}});
  app.set_image("acme/chat:2");
  app.world.advance(Seconds(10));
  CHECK(app.world.objects("replicasets").size() == 1);
  CHECK(app.condition("Progressing", "reason") == "DeploymentPaused");
  app.world.edit("deployment", "chat", {{"spec", {{"paused", false}}}});
  app.world.advance(Seconds(1));
  CHECK(app.world.advance_until([&] { return app.done(); }));
}

TEST_CASE("an HTTPRoute is accepted, and tells a backend that is not there") {
  Kubernetes world;
  world.make({{"apiVersion", "gateway.networking.k8s.io/v1"},
              {"kind", "HTTPRoute"},
              {"metadata", {{"name", "chat"}}},
              {"spec",
               {{"parentRefs", {{{"name", "gateway"}}}},
                {"rules", {{{"backendRefs", {{{"name", "chat"}, {"port", 80}}}}}}}}}});
  world.advance(Seconds(1));
  auto conditions = world.object("httproutes", "chat")["status"]["parents"][0]["conditions"];
  CHECK(find_condition(conditions, "ResolvedRefs")->value("reason", "") == "BackendNotFound");
  world.make(service_manifest("chat", {{"app", "chat"}}));
  world.advance(Seconds(1));
  conditions = world.object("httproutes", "chat")["status"]["parents"][0]["conditions"];
  CHECK(find_condition(conditions, "ResolvedRefs")->value("status", "") == "True");
}
