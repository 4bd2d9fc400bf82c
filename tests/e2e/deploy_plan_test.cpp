// deploy init and deploy render, as a user calls them.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using mlopsctl::testing::Sandbox;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("deploy init writes a file that deploy render takes; 1 if there is one already") {
  Sandbox box;
  auto made = box.run({"deploy", "init", "chat", "--image", "ghcr.io/acme/chat:1.4"});
  CHECK(made.code == 0);
  CHECK(has(box.read("deploy.yaml"), "strategy: blue-green"));
  CHECK(box.run({"deploy", "init", "chat"}).code == 1);
  CHECK(box.run({"deploy", "init", "chat", "--force", "--strategy", "canary"}).code == 0);
  CHECK(has(box.read("deploy.yaml"), "strategy: canary"));
  const auto printed = box.run({"deploy", "init", "chat", "--preset", "vllm", "--file", "-"});
  CHECK(has(printed.out, "preset: vllm"));
  CHECK(box.run({"deploy", "init", "Chat Bot", "--file", "-"}).code == 2);
  CHECK(box.run({"deploy", "init", "--strategy", "big-bang"}).code == 2);
  const auto json_out = json::parse(
      box.output_of({"deploy", "init", "chat", "--json", "--file", "other.yaml", "--dry-run"}));
  CHECK(json_out["file"] == "other.yaml");
  CHECK(box.run({"deploy", "render", "--file", "other.yaml"}).code == 1);
}

TEST_CASE("deploy render prints manifests, with --set and --image; the plan is found from below") {
  Sandbox box;
  box.write("deploy.yaml", "app: chat\nstrategy: blue-green\n");
  const auto none = box.run({"deploy", "render"});
  CHECK(none.code == 2);
  CHECK(has(none.err, "no image"));
  box.write("deep/down/x", "");
  const auto shown =
      box.run({"deploy", "render", "--project", "deep/down", "--image", "ghcr.io/acme/chat:1.5",
               "--set", "replicas=5", "--set", "namespace=llm"});
  CHECK(shown.code == 0);
  CHECK(has(shown.out, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: chat-blue\n"));
  CHECK(has(shown.out, "namespace: llm"));
  CHECK(has(shown.out, "replicas: 5"));
  CHECK(shown.err.empty());
  const auto latest = box.run({"deploy", "render", "--image", "chat:latest"});
  CHECK(latest.code == 0);
  CHECK(has(latest.err, "latest-tag"));
  CHECK(box.run({"deploy", "render", "--set", "replicsa=5", "--image", "a:1"}).code == 2);
  CHECK(has(box.run({"deploy", "render", "--set", "replicsa=5"}).err, "did you mean 'replicas'?"));
  CHECK(box.run({"deploy", "render", "--image", "a:1", "-o", "m.yaml"}).code == 0);
  CHECK(has(box.read("m.yaml"), "kind: Service"));
  const auto report = json::parse(box.output_of({"deploy", "render", "--image", "a:1", "--json"}));
  CHECK(report["schema"] == "mlopsctl.deploy.render/1");
  CHECK(has(report["yaml"].get<std::string>(), "kind: PodDisruptionBudget"));
}

TEST_CASE("deploy render --lint: 0 sound, 3 not, also of manifests of one's own and of a pipe") {
  Sandbox box;
  box.write("deploy.yaml", "app: chat\nimage: ghcr.io/acme/chat:1.4\n");
  CHECK(box.run({"deploy", "render", "--lint"}).code == 0);
  CHECK(box.run({"deploy", "render", "--lint", "--image", "chat:latest"}).code == 3);
  const std::string manifests = box.output_of({"deploy", "render"});
  CHECK(box.run({"deploy", "render", "--lint", "-"}, manifests).code == 0);
  auto changed = manifests;
  changed.replace(changed.find("lifecycle:"), 10, "lifecycles:");
  box.write("mine.yaml", changed);
  CHECK(box.run({"deploy", "render", "--lint", "mine.yaml"}).code == 0);
  const auto strict = box.run({"deploy", "render", "--lint", "mine.yaml", "--strict", "--json"});
  CHECK(strict.code == 3);
  const auto report = json::parse(strict.out);
  REQUIRE(report["findings"].size() == 1);
  CHECK(report["findings"][0]["rule"] == "no-pre-stop");
  CHECK(report["findings"][0]["object"] == "Deployment/chat");
  CHECK(box.run({"deploy", "render", "mine.yaml"}).code == 2);
  CHECK(box.run({"deploy", "render", "--lint", "nothing.yaml"}).code == 1);
}

TEST_CASE("a deployment is rehearsed on manifests, where no cluster can be asked") {
  Sandbox box;
  box.write("deploy.yaml", "app: chat\nstrategy: blue-green\nimage: ghcr.io/acme/chat:1\n");
  CHECK(box.run({"deploy", "render", "-o", "live.yaml"}).code == 0);
  const auto next = [&](std::vector<std::string> more, const std::string& input = {}) {
    std::vector<std::string> line{"deploy",   "blue-green", "--no-pin",   "--image",
                                  "acme/c:2", "--dry-run",  "--manifests"};
    line.insert(line.end(), more.begin(), more.end());
    return box.run(line, input);
  };
  const auto planned = next({"live.yaml", "--json"});
  CHECK(planned.code == 0);
  const auto document = json::parse(planned.out);
  CHECK(document["outcome"] == "dry run");
  CHECK(document["from"] == "ghcr.io/acme/chat:1");
  CHECK(document["to"] == "acme/c:2");
  CHECK(has(document["cluster"], "'live.yaml'"));
  CHECK(has(planned.out, "switch the selector of Service chat from chat-blue to chat-green"));
  const auto piped = next({"-", "--json"}, box.read("live.yaml"));
  CHECK(piped.code == 0);
  CHECK(json::parse(piped.out)["to"] == "acme/c:2");

  const auto rolling =
      box.run({"deploy", "rolling", "--no-pin", "--dry-run", "--manifests", "live.yaml"});
  CHECK(rolling.code == 1);
  CHECK(has(rolling.err, "Deployment"));
  CHECK(next({"gone.yaml"}).code == 1);
  box.write("live.yaml", "just: text\n");
  CHECK(has(next({"live.yaml"}).err, "no manifest"));
  const auto real = box.run({"deploy", "blue-green", "--no-pin", "--manifests", "live.yaml"});
  CHECK(real.code == 2);
  CHECK(has(real.err, "--dry-run"));
}

TEST_CASE("help deploy-file lists every key") {
  Sandbox box;
  const auto guide = box.output_of({"help", "deploy-file"});
  CHECK(has(guide, "canary.metrics[].thresholdRange.min\tnumber"));
  CHECK(has(guide, "canary.interval\tduration\t1m\tbetween two looks"));
}
