// How the cluster is spoken to through kubectl: which processes, and what becomes of their
// failures.
#include "mlopsctl/deploy/cluster.hpp"

#include "deploy/cluster/kubectl_config.hpp"
#include "deploy_cluster/fake_kubectl.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>
#include <optional>

using namespace mlopsctl;
using mlopsctl::testing::FakeKubectl;

namespace {

constexpr const char* refused =
    "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or "
    "port?";
constexpr const char* common = " --namespace=llm --context=prod --request-timeout=200ms";

std::unique_ptr<Cluster> open(const FakeKubectl& kubectl, Milliseconds budget = Milliseconds{0}) {
  return open_cluster({.program = kubectl.path(),
                       .context = "prod",
                       .name_space = "llm",
                       .kubeconfig = {},
                       .request_timeout = Milliseconds{200},
                       .request_budget = budget,
                       .no_answer_yet = {}});
}

Json object(const char* version, const char* kind, const char* name) {
  return {{"apiVersion", version}, {"kind", kind}, {"metadata", {{"name", name}}}};
}

std::string list(const std::vector<Json>& items) {
  return Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}.dump();
}

template <class Action>
std::optional<ClusterFailure> failure_of(const Action& action) {
  try {
    action();
  } catch (const ClusterError& error) {
    return error.failure();
  }
  return std::nullopt;
}

const ObjectRef service{.kind = "service", .name = "chat", .selector = {}};

}  // namespace

TEST_CASE("objects by name share one kubectl, lists with one selector another") {
  FakeKubectl kubectl;
  kubectl.answers(
      {.out = list({object("apps/v1", "Deployment", "chat"), object("v1", "Service", "chat")})});
  kubectl.answers(
      {.out = list({object("apps/v1", "ReplicaSet", "chat-1"), object("v1", "Pod", "chat-1-a")})});
  const auto cluster = open(kubectl);
  const std::array references{
      ObjectRef{.kind = "pods", .name = {}, .selector = "app=chat"}, service,
      ObjectRef{.kind = "replicasets.apps", .name = {}, .selector = "app=chat"},
      ObjectRef{.kind = "deployment.apps", .name = "chat", .selector = {}}};
  const auto found = cluster->get(references);
  CHECK(kubectl.argv(1) ==
        std::string("get service/chat deployment.apps/chat --ignore-not-found -o "
                    "json") +
            common);
  CHECK(kubectl.argv(2) == std::string("get pods,replicasets.apps --selector=app=chat "
                                       "--ignore-not-found -o json") +
                               common);
  REQUIRE(found.size() == 4);
  CHECK(found[0]["kind"] == "Pod");
  CHECK(found[1]["kind"] == "Service");
  CHECK(found[2]["kind"] == "ReplicaSet");
  CHECK(found[3]["kind"] == "Deployment");
  CHECK(cluster->calls() == 2);
}

TEST_CASE("what does not exist is left out") {
  FakeKubectl kubectl;
  kubectl.answers({});
  kubectl.answers({.out = object("v1", "Service", "chat").dump()});
  const auto cluster = open(kubectl);
  CHECK_FALSE(get_one(*cluster, service));
  const std::array references{service, ObjectRef{.kind = "secret", .name = "none", .selector = {}}};
  CHECK(cluster->get(references).size() == 1);
}

TEST_CASE("manifests and patches are given by standard input, never on the command line") {
  FakeKubectl kubectl;
  kubectl.answers({.out = object("v1", "Secret", "keys").dump()});
  kubectl.answers({.out = object("v1", "Service", "chat").dump()});
  const auto cluster = open(kubectl);
  Json secret = object("v1", "Secret", "keys");
  secret["data"]["key"] = std::string(200'000, 'a');
  cluster->create(secret);
  CHECK(kubectl.argv(1) == std::string("create -f - --validate=false --field-manager=mlopsctl -o "
                                       "json") +
                               common);
  CHECK(Json::parse(kubectl.input(1)) == secret);
  const Json patch = {{"spec", {{"replicas", 0}}}};
  cluster->patch(service, PatchKind::merge, patch);
  CHECK(kubectl.argv(2) == std::string("patch service chat --type=merge --patch-file=/dev/stdin "
                                       "--field-manager=mlopsctl -o json") +
                               common);
  CHECK(Json::parse(kubectl.input(2)) == patch);
}

TEST_CASE("reads are repeated while nothing answers, changes never are") {
  FakeKubectl kubectl;
  kubectl.fails(refused);
  kubectl.fails("Error from server (ServiceUnavailable): the server is currently unable");
  kubectl.answers({.out = object("v1", "Service", "chat").dump()});
  kubectl.fails(refused);
  const auto cluster = open(kubectl, Milliseconds{60'000});
  CHECK(get_one(*cluster, service));
  CHECK(kubectl.calls() == 3);
  CHECK(failure_of([&] { cluster->patch(service, PatchKind::merge, Json::object()); }) ==
        ClusterFailure::unreachable);
  CHECK(kubectl.calls() == 4);
}

TEST_CASE("whoever waits for a first answer is told why, once") {
  FakeKubectl kubectl;
  for (int i = 0; i < 2; ++i) kubectl.fails(refused);
  kubectl.answers({.out = object("v1", "Service", "chat").dump()});
  kubectl.fails(refused);
  kubectl.answers({.out = object("v1", "Service", "chat").dump()});
  std::vector<std::string> told;
  const auto cluster =
      open_cluster({.program = kubectl.path(),
                    .context = "prod",
                    .name_space = "llm",
                    .no_answer_yet = [&](const auto& why) { told.push_back(why); }});
  CHECK(get_one(*cluster, service));
  CHECK(get_one(*cluster, service));
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("was refused") != std::string::npos);
}

TEST_CASE("a read that is refused is not repeated") {
  FakeKubectl kubectl;
  kubectl.fails("Error from server (Forbidden): services \"chat\" is forbidden");
  const auto cluster = open(kubectl, Milliseconds{60'000});
  CHECK_ERROR(get_one(*cluster, service), ErrorKind::config, "auth can-i --list -n llm");
  CHECK(kubectl.calls() == 1);
}

TEST_CASE("kubectl that hangs is killed, and what it did is unknown") {
  FakeKubectl kubectl;
  kubectl.answers({.hangs = true});
  const auto cluster = open(kubectl);
  CHECK(failure_of([&] { cluster->patch(service, PatchKind::merge, Json::object()); }) ==
        ClusterFailure::unreachable);
}

TEST_CASE("an answer that was cut off is none") {
  FakeKubectl kubectl;
  const std::string whole = object("v1", "Service", "chat").dump();
  kubectl.answers({.out = whole.substr(0, 20)});
  kubectl.answers({.out = whole});
  kubectl.answers({.out = whole.substr(0, 20)});
  const auto cluster = open(kubectl, Milliseconds{60'000});
  CHECK(get_one(*cluster, service));
  CHECK(kubectl.calls() == 2);
  CHECK(failure_of([&] { cluster->create(object("v1", "Service", "chat")); }) ==
        ClusterFailure::unreachable);
}

TEST_CASE("manifests are applied by the server and never by force") {
  FakeKubectl kubectl;
  kubectl.answers({.out = list({object("v1", "Service", "a"), object("v1", "Service", "b")})});
  const auto cluster = open(kubectl);
  const std::array manifests{object("v1", "Service", "a"), object("v1", "Service", "b")};
  CHECK(cluster->apply(manifests, true).size() == 2);
  CHECK(kubectl.argv(1) ==
        std::string("apply --server-side --field-manager=mlopsctl --validate=false -f - -o json "
                    "--dry-run=server") +
            common);
  CHECK(Json::parse(kubectl.input(1))["items"].size() == 2);
}

TEST_CASE("removing and logs") {
  FakeKubectl kubectl;
  kubectl.answers({});
  kubectl.answers({.out = "CUDA out of memory\n"});
  const auto cluster = open(kubectl);
  cluster->remove(service);
  CHECK(kubectl.argv(1) ==
        std::string("delete service chat --ignore-not-found --wait=false") + common);
  CHECK(cluster->logs({.pod = "chat-1", .container = "server", .previous = true, .lines = 20}) ==
        "CUDA out of memory\n");
  CHECK(kubectl.argv(2) == std::string("logs chat-1 --tail=20 --limit-bytes=262144 "
                                       "--container=server --previous") +
                               common);
}

TEST_CASE("rights: all at once, then one by one those that the rules do not show") {
  FakeKubectl kubectl;
  Json rules{{"kind", "SelfSubjectRulesReview"}, {"metadata", Json::object()}};
  rules["status"]["incomplete"] = true;
  rules["status"]["resourceRules"] = Json::array(
      {{{"verbs", {"get", "list"}}, {"apiGroups", {"apps"}}, {"resources", {"deployments"}}},
       {{"verbs", {"*"}}, {"apiGroups", {""}}, {"resources", {"pods/log"}}},
       {{"verbs", {"patch"}},
        {"apiGroups", {""}},
        {"resources", {"services"}},
        {"resourceNames", {"other"}}}});
  const auto answer = [](bool allowed) {
    return Json{{"kind", "SelfSubjectAccessReview"}, {"status", {{"allowed", allowed}}}}.dump();
  };
  kubectl.answers({.out = rules.dump()});
  kubectl.answers({.out = answer(true) + "\n" + answer(false) + "\n"});
  const auto cluster = open(kubectl);
  const std::array rights{Right{.verb = "get", .resource = "deployments.apps"},
                          Right{.verb = "patch", .resource = "deployments.apps"},
                          Right{.verb = "get", .resource = "pods/log"},
                          Right{.verb = "patch", .resource = "services"}};
  const auto missing = cluster->missing_rights(rights);
  REQUIRE(missing.size() == 1);
  CHECK(missing[0] == rights[3]);
  CHECK(kubectl.calls() == 2);
  CHECK(Json::parse(kubectl.input(2))["items"].size() == 2);
}

TEST_CASE("context and namespace are fixed when the cluster is opened") {
  FakeKubectl kubectl;
  Json view{{"kind", "Config"}, {"current-context", "staging"}};
  view["contexts"] = Json::array({{{"name", "staging"}, {"context", {{"namespace", "models"}}}}});
  kubectl.answers({.out = view.dump()});
  kubectl.answers({});
  const auto cluster = open_cluster({.program = kubectl.path()});
  CHECK(cluster->describe() == "context staging, namespace models");
  get_one(*cluster, service);
  CHECK(kubectl.argv(2).find("--namespace=models --context=staging") != std::string::npos);
}

TEST_CASE("a context that does not exist is told at once") {
  FakeKubectl kubectl;
  kubectl.fails("error: cannot locate context prod");
  CHECK_ERROR(open_cluster({.program = kubectl.path(), .context = "prod"}), ErrorKind::config,
              "get-contexts");
}

TEST_CASE("without kubectl there is a hint how to get it") {
  CHECK_ERROR(open_cluster({.program = "/nonexistent/kubectl"}), ErrorKind::unavailable,
              "kubernetes-client");
}

TEST_CASE("kubectl is not stopped by its garbage collector, unless the user set one") {
  ::unsetenv("GOGC");
  CHECK(deploy::kubectl_environment() == Environment{{"GOGC", "400"}});
  ::setenv("GOGC", "50", 1);
  CHECK(deploy::kubectl_environment().empty());
  ::unsetenv("GOGC");
}
