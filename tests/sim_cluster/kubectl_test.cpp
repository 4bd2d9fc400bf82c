// The real kubectl against the simulated cluster says and does what it says and does against a
// Kubernetes (texts as observed with kubectl 1.32 and a kube-apiserver 1.26). With the kubectl on
// PATH, or the one that MLOPSCTL_TEST_KUBECTL names.
#include "mlopsctl/platform/process.hpp"

#include "support/cluster/manifests.hpp"
#include "support/cluster/server.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

std::string kubectl() {
  const char* named = std::getenv("MLOPSCTL_TEST_KUBECTL");
  return named ? named : "kubectl";
}

void need_kubectl() {
  try {
    if (run_process({.argv = {kubectl(), "version", "--client"}, .timeout = Milliseconds(30'000)})
            .ok())
      return;
  } catch (const std::exception&) {
    // There is none.
  }
  std::cout << "skipped: there is no kubectl (apt-get install kubernetes-client)\n";
  std::exit(77);
}

// Time runs five times as fast.
class Setup {
 public:
  explicit Setup(const std::string& user = {}, bool istio = true) : server_(options(istio)) {
    need_kubectl();
    server_.write_kubeconfig(folder_ / "config", "llm", user);
  }
  ClusterServer& server() { return server_; }

  struct Said {
    int code;
    std::string out, err;
  };
  Said kubectl(std::vector<std::string> arguments, const Json& input = nullptr) {
    std::vector<std::string> argv{::kubectl(), "--kubeconfig", (folder_ / "config").string(),
                                  "--cache-dir", (folder_ / "cache").string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto result = run_process({.argv = argv,
                                     .extra_environment = {{"HOME", folder_.path().string()}},
                                     .input = input.is_null() ? "" : input.dump(),
                                     .timeout = Milliseconds(60'000)});
    return {result.exit_code.value_or(-1), result.out, result.err};
  }
  Json json(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", "json"});
    return Json::parse(kubectl(arguments).out);
  }
  void deploy(const std::string& image = "acme/chat:1") {
    REQUIRE(kubectl({"create", "-f", "-"}, deployment_manifest("chat", image, 3)).code == 0);
    REQUIRE(kubectl({"create", "-f", "-"}, service_manifest("chat", {{"app", "chat"}})).code == 0);
  }
  void wait() {
    const auto said = kubectl({"rollout", "status", "deploy/chat", "--timeout=30s"});
    INFO(said.out, said.err);
    REQUIRE(said.code == 0);
    CHECK(said.out.ends_with("deployment \"chat\" successfully rolled out\n"));
  }

 private:
  static ClusterServerOptions options(bool istio) {
    ClusterServerOptions made;
    made.kubernetes.name_space = "llm";
    made.kubernetes.istio = istio;
    made.speed = 5;
    return made;
  }
  TemporaryFolder folder_;
  ClusterServer server_;
};

}  // namespace

TEST_CASE("kubectl creates, waits, changes the image, and undoes") {
  Setup setup;
  setup.deploy();
  setup.wait();
  CHECK(setup.kubectl({"set", "image", "deploy/chat", "chat=acme/chat:2"}).out ==
        "deployment.apps/chat image updated\n");
  setup.wait();
  const auto same = setup.kubectl({"set", "image", "deploy/chat", "chat=acme/chat:2"});
  CHECK(same.code == 0);
  CHECK(same.out.empty());
  CHECK(setup.kubectl({"set", "image", "deploy/chat", "none=acme/chat:2"}).err ==
        "error: unable to find container named \"none\"\n");
  CHECK(setup.kubectl({"rollout", "undo", "deploy/chat"}).out ==
        "deployment.apps/chat rolled back\n");
  setup.wait();
  CHECK(setup.json({"get", "deploy",
                    "chat"})["metadata"]["annotations"]["deployment.kubernetes.io/revision"] ==
        "3");
  CHECK(setup.kubectl({"rollout", "undo", "deploy/chat", "--to-revision=9"}).err ==
        "error: unable to find specified revision 9 in history\n");
  CHECK(setup.kubectl({"rollout", "undo", "deploy/chat", "--to-revision=3"})
            .out.find("skipped rollback (current template already matches revision 3)") !=
        std::string::npos);
  CHECK(setup.kubectl({"rollout", "pause", "deploy/chat"}).code == 0);
  CHECK(setup.kubectl({"rollout", "pause", "deploy/chat"}).code == 1);
  CHECK(setup.kubectl({"rollout", "undo", "deploy/chat"})
            .err.find("you cannot rollback a paused deployment") != std::string::npos);
}

TEST_CASE("kubectl rollout status tells the deadline") {
  Setup setup;
  auto manifest = deployment_manifest("chat", "acme/chat:missing", 1);
  manifest["spec"]["progressDeadlineSeconds"] = 5;
  setup.kubectl({"create", "-f", "-"}, manifest);
  const auto said = setup.kubectl({"rollout", "status", "deploy/chat", "--timeout=30s"});
  CHECK(said.code == 1);
  CHECK(said.err.find("error: deployment \"chat\" exceeded its progress deadline") !=
        std::string::npos);
}

TEST_CASE("kubectl scales on a condition") {
  Setup setup;
  setup.deploy();
  CHECK(setup.kubectl({"scale", "deploy/chat", "--replicas=5", "--current-replicas=7"}).err ==
        "error: Expected replicas to be 7, was 3\n");
  CHECK(setup.kubectl({"scale", "deploy/chat", "--replicas=4", "--current-replicas=3"}).out ==
        "deployment.apps/chat scaled\n");
  CHECK(setup.kubectl({"scale", "deploy/chat", "--replicas=5", "--resource-version=1"})
            .err.starts_with("error: Expected resource version to be 1, was "));
}

TEST_CASE("kubectl patches by tests and versions") {
  Setup setup;
  setup.deploy();
  const auto json = setup.kubectl({"patch", "svc", "chat", "--type=json", "-p",
                                   R"([{"op":"test","path":"/spec/selector/app","value":"x"}])"});
  CHECK(json.err.starts_with("The request is invalid"));  // 1.20 says no more
  const auto stale = setup.kubectl({"patch", "svc", "chat", "--type=merge", "-p",
                                    R"({"metadata":{"resourceVersion":"1","labels":{"a":"b"}}})"});
  CHECK(stale.err ==
        "Error from server (Conflict): Operation cannot be fulfilled on services \"chat\": the "
        "object has been modified; please apply your changes "
        "to the latest version and try again\n");
  CHECK(setup
            .kubectl({"patch", "svc", "chat", "--type=merge", "-p",
                      R"({"spec":{"selector":{"app":"chat"}}})"})
            .out == "service/chat patched (no change)\n");
  CHECK(setup.kubectl({"annotate", "svc", "chat", "note=x"}).code == 0);
  CHECK(setup.kubectl({"annotate", "svc", "chat", "note=y"}).code == 1);
}

TEST_CASE("kubectl applies as a field manager") {
  Setup setup;
  const std::vector<std::string> apply{"apply", "--server-side", "--field-manager=mlopsctl", "-f",
                                       "-"};
  const auto manifest = deployment_manifest("chat", "acme/chat:1", 2);
  CHECK(setup.kubectl(apply, manifest).out == "deployment.apps/chat serverside-applied\n");
  setup.kubectl({"scale", "deploy/chat", "--replicas=3"});
  const auto said = setup.kubectl(apply, manifest);
  CHECK(said.code == 1);
  CHECK(said.err.starts_with("error: Apply failed with 1 conflict: conflict with \"kubectl"));
  CHECK(said.err.find(".spec.replicas") != std::string::npos);
  auto dry = apply;
  dry.insert(dry.begin() + 1, "--dry-run=server");
  CHECK(setup.kubectl(dry, service_manifest("chat", {{"app", "chat"}})).code == 0);
  CHECK(setup.kubectl({"get", "svc", "chat"}).err ==
        "Error from server (NotFound): services \"chat\" not found\n");
}

TEST_CASE("kubectl tells what is not there") {
  Setup setup({}, false);
  CHECK(setup.kubectl({"get", "virtualservices"}).err ==
        "error: the server doesn't have a resource type \"virtualservices\"\n");
  CHECK(setup.kubectl({"get", "httproutes"}).err == "No resources found in llm namespace.\n");
  CHECK(setup.kubectl({"get", "deploy", "x", "-n", "missing"}).err ==
        "Error from server (NotFound): namespaces \"missing\" not found\n");
  const auto nothing = setup.kubectl({"get", "deploy", "x", "--ignore-not-found", "-o", "json"});
  CHECK(nothing.code == 0);
  CHECK(nothing.out.empty());
  const auto several = setup.kubectl({"create", "-f", "-"}, config_map_manifest("a", {{"K", "1"}}));
  CHECK(several.out == "configmap/a created\n");
  CHECK(setup.kubectl({"create", "-f", "-"}, config_map_manifest("a", {{"K", "1"}}))
            .err.starts_with("Error from server (AlreadyExists): "));
}

TEST_CASE("kubectl reads the log of the run before, and events of a pod") {
  Setup setup;
  setup.deploy("acme/chat:crash");
  std::string pod, log;
  for (int i = 0; i < 40 && log.empty(); ++i) {
    const auto pods = setup.json({"get", "pods", "-l", "app=chat"});
    if (pods["items"].empty()) continue;
    pod = pods["items"][0]["metadata"]["name"];
    log = setup.kubectl({"logs", pod, "--previous", "--tail=1"}).out;
  }
  CHECK(log == "RuntimeError: cannot load the weights of chat\n");
  const auto events =
      setup.json({"get", "events", "--field-selector", "involvedObject.name=" + pod});
  CHECK_FALSE(events["items"].empty());
}

TEST_CASE("kubectl is told what the user may not do") {
  Setup setup("ci");
  setup.server().with([](Kubernetes& world) {
    world.restrict_user("ci", {{{"get", "list"}, {"*"}, {"*"}, {}},
                               {{"create"}, {"authorization.k8s.io"}, {"*"}, {}}});
  });
  const auto said = setup.kubectl({"create", "-f", "-"}, config_map_manifest("a", {{"K", "1"}}));
  CHECK(said.err.find("Error from server (Forbidden)") != std::string::npos);
  CHECK(said.err.find("User \"ci\" cannot create resource \"configmaps\" in API group \"\" in the "
                      "namespace \"llm\"") != std::string::npos);
  CHECK(setup.kubectl({"auth", "can-i", "get", "pods"}).code == 0);
  const auto no = setup.kubectl({"auth", "can-i", "patch", "deployments.apps"});
  CHECK(no.code == 1);
  CHECK(no.out == "no\n");
  setup.server().reject_user("ci");
  CHECK(setup.kubectl({"get", "pods"}).err.find("error: You must be logged in to the server") !=
        std::string::npos);
}

TEST_CASE("kubectl survives what happens to a server") {
  Setup setup;
  setup.deploy();
  setup.server().add_fault({.kind = RequestFault::Kind::drop_done,
                            .method = "PATCH",
                            .path = "/services/chat",
                            .times = 1,
                            .hang = {}});
  CHECK(setup
            .kubectl({"patch", "svc", "chat", "--type=merge", "-p",
                      R"({"metadata":{"labels":{"a":"b"}}})"})
            .code == 1);
  CHECK(setup.json({"get", "svc", "chat"})["metadata"]["labels"]["a"] == "b");
  setup.server().outage(Milliseconds(60'000));
  CHECK(setup.kubectl({"get", "pods", "--request-timeout=2s"}).code == 1);
}
