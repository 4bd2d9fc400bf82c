// The file that `deploy init` writes.
#include "mlopsctl/deploy/plan.hpp"

#include "support/expect_error.hpp"

#include <string>

using namespace mlopsctl;

TEST_CASE("what deploy init writes is read, rendered and linted without a word") {
  for (const auto kind : {StrategyKind::rolling, StrategyKind::blue_green, StrategyKind::canary}) {
    for (const auto* preset : {"http", "vllm"}) {
      const auto text = starting_plan("chat", "ghcr.io/acme/chat:1.4", kind, preset);
      const auto plan = parse_plan(text, "'deploy.yaml'");
      CHECK(plan.strategy == kind);
      CHECK(plan.server.preset == preset);
      CHECK(plan.warnings.empty());
      CHECK(plan.smoke.size() >= 1);
      CHECK(lint_manifests(render_manifests(plan)).empty());
    }
  }
}

TEST_CASE("what is commented out is right, too") {
  std::string text = starting_plan("chat", "", StrategyKind::canary, "vllm");
  for (const std::string key :
       {"#image: ", "#namespace: ", "  #- name: tokens-per-second", "  #  query: ",
        "  #  thresholdRange: ", "  #compareToStable: ", "  #webhooks: ", "  #- {name: load-test",
        "  #url: ", "  #secrets: ", "#autoscale: "}) {
    const auto at = text.find(key);
    REQUIRE_MESSAGE(at != std::string::npos, key);
    text.erase(text.find('#', at), 1);
  }
  const auto plan = parse_plan(text, "'deploy.yaml'");
  CHECK(plan.autoscale.enabled);
  CHECK(plan.canary.metrics.size() == 3);
  CHECK(plan.canary.compare_to_stable);
  CHECK(plan.canary.webhooks.size() == 1);
  CHECK(plan.image == "ghcr.io/acme/chat:1.0.0");
  CHECK(plan.smoke_url == "https://chat.example.com");
}

TEST_CASE("names that no Deployment can have are refused before anything is written") {
  CHECK_ERROR(starting_plan("Chat Bot", "", StrategyKind::rolling, "http"), ErrorKind::config,
              "'app'");
  CHECK_ERROR(starting_plan("chat", "no image", StrategyKind::rolling, "http"), ErrorKind::config,
              "'image'");
  CHECK_ERROR(starting_plan("chat", "", StrategyKind::rolling, "tgi"), ErrorKind::usage,
              "presets are http and vllm");
}
