// How a deployment looks while it goes on, and before it begins.
#include "commands/deploy_rehearsal.hpp"
#include "commands/deploy_view.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::commands;

namespace {

std::string text_of(const std::vector<StyledLine>& lines) {
  std::string text;
  for (const auto& line : lines) text += line_text(line, 200, false, false) + '\n';
  return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

DeployPlan canary_plan() {
  DeployPlan plan;
  plan.app = "chat";
  plan.strategy = StrategyKind::canary;
  plan.canary.metrics = {
      {.name = "request-success-rate", .query = {}, .range = {99, {}}, .variables = {}},
      {.name = "request-duration", .query = {}, .range = {{}, 500}, .variables = {}}};
  return plan;
}

State progressing() {
  State state;
  state.id = "d1";
  state.strategy = StrategyKind::canary;
  state.phase = Phase::progressing;
  state.from.image = state.from.tag = "ghcr.io/acme/chat:1.4";
  state.to.image = "ghcr.io/acme/chat@sha256:0123456789abcdef0123";
  state.weight = 30;
  state.failed_checks = 1;
  state.started = {1'000'000};
  state.next_tick = {1'100'000};
  return state;
}

}  // namespace

TEST_CASE("the live block shows phase, weight, failed checks, pods, gates and the next tick") {
  const DeployPlan plan = canary_plan();
  DeployPicture picture{.plan = &plan, .state = progressing()};
  picture.pods = {{"chat", {3, 3}}, {"chat-canary", {0, 1}}};
  picture.values = {{"request-success-rate", 98.5}, {"request-duration", 320}};
  DeployEvent event{.reason = "WeightIncreased", .message = "30 % to the canary"};
  picture.events.push_back({{1'050'000}, event});
  const std::string text = text_of(live_lines(picture, {1'058'000}, false));
  CAPTURE(text);
  CHECK(has(text, "chat  canary  chat:1.4 -> chat@sha256:0123456789ab  progressing, 30 %"));
  CHECK(has(text, "[######..............] 30 % of at most 50 %"));
  CHECK(has(text, "failed checks 1 of 5"));
  CHECK(has(text, "next in 42s"));
  CHECK(has(text, "chat 3/3   chat-canary 0/1"));
  CHECK(has(text, "request-success-rate 98.5 (>= 99)"));
  CHECK(has(text, "request-duration 320 (<= 500)"));
  CHECK(has(text, "WeightIncreased  30 % to the canary"));
  CHECK(event_line({{0}, event}, "chat").starts_with("1970-01-01T00:00:00Z  chat  "));
}

TEST_CASE("bounds of gates are inclusive in the view as in the analysis") {
  const DeployPlan plan = canary_plan();
  CHECK(gate_text("request-success-rate", 99, plan.canary).good);
  CHECK_FALSE(gate_text("request-success-rate", 98.99, plan.canary).good);
  CHECK(gate_text("request-duration", 500, plan.canary).good);
  CHECK_FALSE(gate_text("request-duration", 501, plan.canary).good);
  CHECK(gate_text("unknown", 1, plan.canary).text == "unknown 1");
}

TEST_CASE("a line is cut to the terminal, colours do not count, and no text moves the cursor") {
  const StyledLine line{{"abcdef", Style::red}, {"ghij\033[2J"}};
  CHECK(line_text(line, 4, false, false).size() == 4);
  CHECK(line_text(line, 100, true, false).find('\033') == std::string::npos);
  CHECK(line_text({{"ab", Style::red}}, 10, true, true) == "\033[31mab\033[0m");
  CHECK(share_bar(0.5, 4, false) == "[##..]");
  CHECK(share_bar(2, 2, false) == "[##]");
}

TEST_CASE("weights rise in steps, and maxWeight is a limit") {
  CanaryPlan plan;
  CHECK(planned_weights(plan) == std::vector{10, 20, 30, 40, 50});
  plan.step_weight = 20;
  CHECK(planned_weights(plan) == std::vector{20, 40, 50});
  plan.max_weight = 100;
  plan.step_weight = 40;
  CHECK(planned_weights(plan) == std::vector{40, 80, 100});
  plan.step_weights = {1, 5, 50};
  CHECK(planned_weights(plan) == std::vector{1, 5, 50});
}

TEST_CASE("a dry run names what each strategy would touch") {
  DeployPlan plan = canary_plan();
  State state = progressing();
  state.to.deployment = "chat";
  std::string canary;
  for (const auto& step : planned_steps(plan, state)) canary += step + '\n';
  CHECK(has(canary, "10 %, 20 %, 30 %, 40 %, 50 %"));
  CHECK(has(canary, "request-success-rate >= 99"));
  CHECK(has(canary, "5 failed checks in all"));
  state.strategy = StrategyKind::blue_green;
  state.from.deployment = "chat-blue";
  state.to.deployment = "chat-green";
  plan.smoke_url = "https://chat.example.org";
  std::string colours;
  for (const auto& step : planned_steps(plan, state)) colours += step + '\n';
  CHECK(has(colours, "switch the selector of Service chat from chat-blue to chat-green"));
  CHECK(has(colours, "at https://chat.example.org"));
}
