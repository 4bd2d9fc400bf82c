// How a deployment ended, for CI, for people and for the run store.
#include "mlopsctl/formats/junit.hpp"

#include "commands/deploy_documents.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <csignal>

using namespace mlopsctl;
using namespace mlopsctl::commands;

namespace {

struct Ended {
  DeployPlan plan;
  DeployStory story;
  explicit Ended(ReleaseOutcome outcome) {
    plan.app = "chat";
    plan.canary.metrics = {
        {.name = "request-success-rate", .query = {}, .range = {99, {}}, .variables = {}}};
    story.plan = &plan;
    story.result.outcome = outcome;
    State& state = story.result.state;
    state.id = "d1";
    state.strategy = StrategyKind::canary;
    state.phase = Phase::done;
    state.outcome = outcome;
    state.from.image = "acme/chat:1.4";
    state.to.image = "acme/chat@sha256:ab";
    state.to.tag = "acme/chat:1.5";
    state.to.number = 7;
    state.to.origin = {{"git.commit", "c0ffee"}, {"model", "chat-7b"}};
    if (outcome != ReleaseOutcome::succeeded) state.reason = "success rate 97 % < 99 %";
    story.cluster = "context prod, namespace llm";
    story.finished = {60'000};
    DeployEvent event{.severity = DeployEvent::Severity::warn,
                      .reason = "CheckFailed",
                      .message = "97 < 99",
                      .state = state,
                      .values = {{"request-success-rate", 97}}};
    event.state.weight = 20;
    story.events = {{{1'000}, event}, {{2'000}, event}};
    story.values = event.values;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("exit codes: 0 live, 3 rolled back, 5 not put back, 1 failed, 130 and 143 stopped") {
  CHECK(exit_code_of(Ended(ReleaseOutcome::succeeded).story) == ExitCode::done);
  CHECK(exit_code_of(Ended(ReleaseOutcome::rolled_back).story) == ExitCode::bad_answer);
  CHECK(exit_code_of(Ended(ReleaseOutcome::aborted).story) == ExitCode::bad_answer);
  CHECK(exit_code_of(Ended(ReleaseOutcome::failed).story) == ExitCode::failed);
  Ended stopped(ReleaseOutcome::aborted);
  stopped.story.stop_signal = SIGINT;
  CHECK(exit_code_of(stopped.story) == ExitCode::interrupted);
  stopped.story.stop_signal = SIGTERM;
  CHECK(exit_code_of(stopped.story) == ExitCode::terminated);
  stopped.story.result.manual_steps = {"kubectl …"};
  CHECK(exit_code_of(stopped.story) == ExitCode::partial);
}

TEST_CASE("the last line says what serves now and why") {
  CHECK(conclusion_of(Ended(ReleaseOutcome::succeeded).story) ==
        "live: chat:1.5 of chat, release 7, after 1m 0s");
  CHECK(conclusion_of(Ended(ReleaseOutcome::rolled_back).story) ==
        "rolled back: success rate 97 % < 99 %; chat:1.4 serves");
  CHECK(has(conclusion_of(Ended(ReleaseOutcome::running).story), "mlopsctl deploy resume chat"));
  Ended stuck(ReleaseOutcome::failed);
  stuck.story.result.manual_steps = {"kubectl rollout undo deployment/chat"};
  CHECK(conclusion_of(stuck.story).starts_with("NOT PUT BACK"));
}

TEST_CASE("JUnit, Markdown, messages and the record tell the same") {
  const Ended bad(ReleaseOutcome::rolled_back);
  const CheckDocuments documents = deploy_documents(bad.story);
  const std::string junit = junit_xml(std::vector{documents.junit()});
  CHECK(has(junit, "request-success-rate 97"));
  CHECK(has(junit, "rolled back"));
  CHECK(has(documents.markdown(), "CheckFailed"));
  CHECK(has(documents.message("").lines.front(), "97 < 99"));
  const auto json = nlohmann::json::parse(documents.webhook_json("https://ci/1"));
  CHECK(json["schema"] == "mlopsctl.deploy.message/1");
  CHECK(json["to"] == "acme/chat@sha256:ab");

  const CheckRecord record = deploy_record(bad.story);
  const auto tag = [&](const std::string& key) {
    for (const auto& pair : record.tags) {
      if (pair.key == key) return pair.value;
    }
    return std::string();
  };
  CHECK(record.kind == "deploy");
  CHECK(tag("deploy.digest") == "sha256:ab");
  CHECK(tag("deploy.model") == "chat-7b");
  CHECK(tag("mlflow.source.git.commit") == "c0ffee");
  const auto series = deploy_series(bad.story);
  REQUIRE(series.size() == 3);
  CHECK(series[0].first == "weight");
  CHECK(series[0].second.size() == 2);
  CHECK(series[2].first == "gate/request-success-rate");
}
