// What 'deploy status' finds out with two calls.
#include "commands/deploy_look.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlopsctl;
using namespace mlopsctl::commands;

namespace {

// Objects that are there; get() answers by kind and name, or all pods.
class Objects : public Cluster {
 public:
  std::vector<Json> all;
  std::uint64_t made = 0;
  std::vector<Json> get(std::span<const ObjectRef> references) override {
    ++made;
    std::vector<Json> found;
    for (const auto& reference : references) {
      for (const Json& object : all) {
        std::string kind = object["kind"];
        kind[0] = static_cast<char>(kind[0] - 'A' + 'a');
        const bool list = reference.name.empty() && reference.kind.starts_with(kind);
        const std::string stem = reference.kind.substr(0, reference.kind.find('.'));
        std::string plain = kind == "configMap" ? "configmap" : kind;
        if (list || (stem == plain && object["metadata"]["name"] == reference.name)) {
          found.push_back(object);
        }
      }
    }
    return found;
  }
  Json create(const Json& manifest) override { return manifest; }
  Json patch(const ObjectRef&, PatchKind, const Json&) override { return {}; }
  void remove(const ObjectRef&) override {}
  std::vector<Json> apply(std::span<const Json>, bool) override { return {}; }
  std::string logs(const LogRequest&) override { return {}; }
  std::vector<Right> missing_rights(std::span<const Right>) override { return {}; }
  std::string name_space() const override { return "llm"; }
  std::string describe() const override { return "namespace llm"; }
  std::uint64_t calls() const override { return made; }
};

Json deployment(const std::string& name, const Json& labels, const std::string& image, int ready,
                int wanted) {
  return {{"kind", "Deployment"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"replicas", wanted},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", {{{"name", "server"}, {"image", image}}}}}}}}}},
          {"status", {{"readyReplicas", ready}}}};
}

Json service(const Json& selector) {
  return {
      {"kind", "Service"}, {"metadata", {{"name", "chat"}}}, {"spec", {{"selector", selector}}}};
}

const WorkloadLook& workload(const AppLook& look, const std::string& name) {
  for (const auto& one : look.workloads) {
    if (one.deployment == name) return one;
  }
  FAIL("no workload " << name);
  return look.workloads.front();
}

}  // namespace

TEST_CASE("of two colours the one that the Service selects is live") {
  Objects cluster;
  cluster.all = {
      service({{"app", "chat"}, {"version", "green"}}),
      deployment("chat-blue", {{"app", "chat"}, {"version", "blue"}}, "chat:1", 0, 0),
      deployment("chat-green", {{"app", "chat"}, {"version", "green"}}, "chat@sha256:22", 3, 3)};
  const AppLook look = look_at_app(cluster, "chat", nullptr);
  CHECK(look.live_image == "chat@sha256:22");
  CHECK(look.live_digest == "sha256:22");
  CHECK(workload(look, "chat-green").role == "live");
  CHECK(workload(look, "chat-green").weight == 100);
  CHECK(workload(look, "chat-blue").role == "idle");
  CHECK_FALSE(is_unfinished(look));
  CHECK(cluster.made == 1);
}

TEST_CASE("a canary behind the same Service has its share of the ready pods") {
  Objects cluster;
  cluster.all = {service({{"app", "chat"}}), deployment("chat", {{"app", "chat"}}, "chat:1", 3, 3),
                 deployment("chat-canary", {{"app", "chat"}, {"track", "canary"}}, "chat:2", 1, 1)};
  const AppLook look = look_at_app(cluster, "chat", nullptr);
  CHECK(look.live_image == "chat:1");
  CHECK(workload(look, "chat-canary").role == "canary");
  CHECK(workload(look, "chat-canary").weight == 25);
}

TEST_CASE("the digest of an image that was not pinned is that of its running pods: two calls") {
  Objects cluster;
  cluster.all = {
      service({{"app", "chat"}}),
      deployment("chat", {{"app", "chat"}}, "ghcr.io/a/chat:1", 1, 1),
      {{"kind", "Pod"},
       {"metadata", {{"name", "chat-1"}}},
       {"status",
        {{"containerStatuses",
          {{{"ready", true}, {"image", "ghcr.io/a/chat:1"}, {"imageID", "x@sha256:33"}}}}}}}};
  CHECK(look_at_app(cluster, "chat", nullptr).live_digest == "sha256:33");
  CHECK(cluster.made == 2);
}

TEST_CASE("an app that the cluster does not know is an error that says where was looked") {
  Objects cluster;
  CHECK_THROWS_WITH(look_at_app(cluster, "chat", nullptr),
                    "there is no app 'chat' (namespace llm)");
}

TEST_CASE("a lock is told by its holder and age") {
  LeaseView lease{.exists = true, .held = true, .holder = "ci-7:4711:abcd", .renewed = {1'000'000}};
  CHECK(holder_text(lease, {1'005'000}).starts_with("held by ci-7:4711, renewed"));
  CHECK_FALSE(looks_dead(lease, {1'020'000}));
  CHECK(looks_dead(lease, {1'040'000}));
  lease.held = false;
  CHECK(looks_dead(lease, {1'000'000}));
}
