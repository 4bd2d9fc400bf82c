// Deployments as a user and as CI make them, with the real kubectl on a simulated cluster.
#include "mlopsctl/platform/process.hpp"

#include "support/cluster/images.hpp"
#include "support/cluster/manifests.hpp"
#include "support/cluster/server.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

using namespace mlopsctl::testing;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

void need_kubectl() {
  if (mlopsctl::find_program("kubectl")) return;
  std::cout << "skipped: there is no kubectl (apt-get install kubernetes-client)\n";
  std::exit(77);  // all of this file needs it
}

// Five seconds of the cluster pass in one.
struct World {
  ClusterServer server{{.kubernetes = {}, .speed = 5}};
  Sandbox box;
  World() {
    server.write_kubeconfig(box.folder() / "kubeconfig", "default");
    box.set_environment("KUBECONFIG", (box.folder() / "kubeconfig").string());
    box.output_of({"init", "--project", "."});
  }
  void plan(const std::string& more) const { box.write("deploy.yaml", "app: chat\n" + more); }
  void make(const json& manifest) {
    server.with([&](Kubernetes& world) { return world.make(manifest); });
  }
  json object(const std::string& kind, const std::string& name) {
    return server.with([&](Kubernetes& world) { return world.object(kind, name); });
  }
  std::string image_of(const std::string& deployment) {
    return object("deployment", deployment)["spec"]["template"]["spec"]["containers"][0]["image"];
  }
  bool wait_until_ready(const std::string& deployment, int replicas) {
    for (int i = 0; i < 1200; ++i) {
      const json found = object("deployment", deployment);
      if (found["status"].value("readyReplicas", 0) == replicas) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  void wait_for_image(const std::string& image) {
    for (int i = 0; i < 1200 && image_of("chat") != image; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  // Sends the signal as soon as the deployment has the image, and waits for the end.
  Outcome deploy_until_changed(const std::string& image, int signal) {
    return box.interrupt({binary(), "deploy", "rolling", "--image", image}, signal,
                         [&] { return image_of("chat") == image; });
  }
  void one_deployment() {
    make(deployment_manifest("chat", pinned("acme/chat:1"), 2));
    make(service_manifest("chat", {{"app", "chat"}}));
    plan("image: " + pinned("acme/chat:2") + "\nreplicas: 2\n");
    REQUIRE(wait_until_ready("chat", 2));
  }
  void two_colours() {
    for (const char* colour : {"blue", "green"}) {
      json manifest =
          deployment_manifest("chat", pinned("acme/chat:1"), std::string(colour) == "blue" ? 2 : 0,
                              {{"version", colour}});
      manifest["metadata"]["name"] = std::string("chat-") + colour;
      make(manifest);
    }
    make(service_manifest("chat", {{"app", "chat"}, {"version", "blue"}}));
    plan("image: " + pinned("acme/chat:2") +
         "\nreplicas: 2\nstrategy: blue-green\nblueGreen: {settle: 1s, keepOld: 1s}\n");
    REQUIRE(wait_until_ready("chat-blue", 2));
  }
  std::size_t changes() {
    std::size_t count = 0;
    for (const std::string& request : server.requests()) {
      const bool review = has(request, "selfsubject");
      if (!request.starts_with("GET") && !review) ++count;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("a rolling deployment goes live, is recorded, shown and listed") {
  need_kubectl();
  World world;
  world.one_deployment();
  const Outcome live = world.box.run({"deploy", "rolling", "--origin", "model=chat-7b"});
  CHECK(live.code == 0);
  CHECK(has(live.err, "live: chat@sha256:"));
  CHECK(world.image_of("chat") == pinned("acme/chat:2"));
  REQUIRE(world.wait_until_ready("chat", 2));

  const json status = json::parse(world.box.output_of({"deploy", "status", "--json"}));
  CHECK(status["live_image"] == pinned("acme/chat:2"));
  CHECK(status["model"] == "chat-7b");
  CHECK(status["release"].is_number());
  CHECK(status["run_id"].is_string());
  const json history = json::parse(world.box.output_of({"deploy", "history", "--json"}));
  CHECK(history["releases"][0]["outcome"] == "succeeded");
  CHECK(history["local"][0]["outcome"] == "succeeded");
  const json run = json::parse(world.box.output_of({"run", "show", "@last", "--json"}));
  CHECK(run["tags"]["deploy.check"] == "chat");
  CHECK(run["tags"]["deploy.model"] == "chat-7b");

  const Outcome again = world.box.run({"deploy", "rolling"});
  CHECK(again.code == 0);
  CHECK(has(again.err, "nothing to do"));
}

TEST_CASE("a version that crashes is rolled back with 3, and CI is told why") {
  need_kubectl();
  World world;
  world.one_deployment();
  const Outcome bad = world.box.run({"deploy", "rolling", "--image", pinned("acme/chat:3-crash"),
                                     "--junit", "deploy.xml", "--json"});
  CHECK(bad.code == 3);
  const json report = json::parse(bad.out);
  CHECK(report["schema"] == "mlopsctl.deploy.rolling/1");
  CHECK(report["outcome"] == "rolled-back");
  CHECK(has(report["reason"], "CrashLoopBackOff"));
  CHECK(has(world.box.read("deploy.xml"), "CrashLoopBackOff"));
  CHECK(world.image_of("chat") == pinned("acme/chat:1"));
}

TEST_CASE("blue-green switches, rollback switches back, and each is one command") {
  need_kubectl();
  World world;
  world.two_colours();
  CHECK(world.box.run({"deploy", "blue-green"}).code == 0);
  CHECK(world.object("service", "chat")["spec"]["selector"]["version"] == "green");
  const Outcome dry = world.box.run({"rollback", "--dry-run"});
  const Outcome back = world.box.run({"rollback"});
  CHECK(dry.code == 0);
  CHECK(back.code == 0);
  CHECK(world.object("service", "chat")["spec"]["selector"]["version"] == "blue");
  CHECK(world.box.run({"rollback", "--to", "no-such"}).code == 1);
}

TEST_CASE("a dry run says what would be done and changes nothing") {
  need_kubectl();
  World world;
  world.two_colours();
  const std::size_t before = world.changes();
  const Outcome dry = world.box.run({"deploy", "blue-green", "--dry-run", "--json"});
  CHECK(dry.code == 0);
  CHECK(json::parse(dry.out)["outcome"] == "dry run");
  CHECK(has(dry.out, "switch the selector of Service chat from chat-blue to chat-green"));
  CHECK(world.changes() == before);
}

TEST_CASE("a second deployment is refused, and 'deploy abort' asks the first to go back") {
  need_kubectl();
  World world;
  world.one_deployment();
  const std::string slow = pinned("acme/chat:4-slow-600s");
  const std::string first =
      binary() + " deploy rolling --image " + slow + " >first.out 2>&1; echo $? >first.code";
  std::thread deploying([&] { world.box.run_program({"sh", "-c", first}); });
  world.wait_for_image(slow);
  const Outcome second = world.box.run({"deploy", "rolling", "--wait", "0"});
  const Outcome status = world.box.run({"deploy", "status"});
  const Outcome abort = world.box.run({"deploy", "abort"});
  deploying.join();
  CHECK(second.code == 1);
  CHECK(has(status.out + status.err, "held by"));
  CHECK(abort.code == 0);
  CHECK(world.box.read("first.code") == "3\n");
  CHECK(world.image_of("chat") == pinned("acme/chat:1"));
  CHECK(world.box.run({"deploy", "abort"}).code == 1);
  CHECK(world.box.run({"deploy", "promote"}).code == 1);
}

TEST_CASE("Ctrl-C goes back and ends with 130, SIGTERM with 143; a killed one is resumed") {
  need_kubectl();
  World world;
  world.one_deployment();
  const std::string slow = pinned("acme/chat:4-slow-600s");
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    CAPTURE(signal);
    REQUIRE(world.wait_until_ready("chat", 2));
    const Outcome stopped = world.deploy_until_changed(slow, signal);
    CAPTURE(stopped.err);
    CHECK(stopped.code == code);
    CHECK(world.image_of("chat") == pinned("acme/chat:1"));
  }
  REQUIRE(world.wait_until_ready("chat", 2));
  world.deploy_until_changed(slow, SIGKILL);
  CHECK(world.image_of("chat") == slow);
  const Outcome status = world.box.run({"deploy", "status"});
  CHECK(has(status.out + status.err, "unfinished"));
  const Outcome back = world.box.run({"deploy", "abort"});
  CHECK(back.code == 3);
  CHECK(world.image_of("chat") == pinned("acme/chat:1"));
}
TEST_CASE("a canary rises by its weights, is promoted, and leaves its curve in the run store") {
  need_kubectl();
  World world;
  world.make(deployment_manifest("chat", pinned("acme/chat:1"), 4));
  world.make(service_manifest("chat", {{"app", "chat"}}));
  world.plan("image: " + pinned("acme/chat:2") +
             "\nreplicas: 4\nstrategy: canary\n"
             "canary: {interval: 300ms, stepWeight: 25, maxWeight: 50}\n");
  REQUIRE(world.wait_until_ready("chat", 4));
  const Outcome live = world.box.run({"deploy", "canary", "--json"});
  CHECK(live.code == 0);
  CHECK(json::parse(live.out)["outcome"] == "succeeded");
  CHECK(world.image_of("chat") == pinned("acme/chat:2"));
  CHECK(world.object("deployment", "chat-canary")["spec"]["replicas"] == 0);
  const json run = json::parse(world.box.output_of({"run", "show", "@last", "--json"}));
  CHECK(run["metrics"].dump().find("weight") != std::string::npos);

  const Outcome bad = world.box.run(
      {"deploy", "canary", "--image", pinned("acme/chat:3-never-ready"), "--timeout", "4s"});
  CHECK(bad.code == 3);
  CHECK(world.image_of("chat") == pinned("acme/chat:2"));
}
