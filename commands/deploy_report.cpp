// How a deployment ended, for people and scripts.
#include "mlopsctl/base/text.hpp"

#include "commands/deploy_documents.hpp"

#include <fmt/format.h>

#include <csignal>

namespace mlopsctl::commands {

namespace {

Cell text_or_none(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

Style outcome_style(ReleaseOutcome outcome) {
  return outcome == ReleaseOutcome::succeeded ? Style::green : Style::red;
}

void add_origin(Report& report, const Release& release) {
  Group origin{.key = "origin", .heading = "Origin"};
  for (const auto& [key, value] : release.origin) origin.entries.push_back({key, Cell(value)});
  if (!origin.entries.empty()) report.group(std::move(origin));
}

void add_required(Report& report, const std::vector<RequiredCheck>& checks) {
  if (checks.empty()) return;
  Table& table = report.table(Table{.key = "required",
                                    .heading = "Required checks",
                                    .columns = {{"kind", "KIND"},
                                                {"name", "NAME"},
                                                {"passed", "RESULT"},
                                                {.key = "text", .header = "WHAT", .wrap = true}}});
  for (const RequiredCheck& check : checks) {
    const bool passed = check.answer == RequiredCheck::Answer::passed;
    const bool known = check.answer != RequiredCheck::Answer::none;
    table.add({Cell(check.kind), Cell(check.name),
               known ? Cell(Value(passed), passed ? "passed" : "failed",
                            passed ? Style::green : Style::red)
                     : Cell(),
               Cell(check.text)});
  }
}

void add_gates(Report& report, const DeployStory& story) {
  if (story.values.empty()) return;
  Table& table = report.table(
      Table{.key = "gates",
            .heading = "Gates",
            .columns = {{"name", "GATE"}, {"value", "LAST VALUE", true}, {"good", "RESULT"}}});
  for (const auto& [name, value] : story.values) {
    const GateText gate = gate_text(name, value, story.plan->canary);
    table.add({Cell(name), Cell(Value(value)),
               Cell(Value(gate.good), gate.good ? "good" : "bad",
                    gate.good ? Style::green : Style::red)});
  }
}

void add_events(Report& report, const DeployStory& story) {
  const bool canary = story.result.state.strategy == StrategyKind::canary;
  Table& table = report.table(
      Table{.key = "events",
            .heading = "Events",
            .columns = {{"time", "TIME"},
                        {"phase", "PHASE"},
                        {.key = "weight", .header = "WEIGHT", .right = true, .terminal = canary},
                        {"reason", "EVENT"},
                        {.key = "message", .header = "WHAT", .wrap = true}}});
  for (const ToldEvent& told : story.events) {
    table.add({Cell(Value(told.at), to_rfc3339(Timestamp{told.at.ms / 1000 * 1000}).substr(11, 8)),
               Cell(to_string(told.event.state.phase)),
               Cell(Value(std::int64_t{told.event.state.weight})), Cell(told.event.reason),
               Cell(told.event.message)});
  }
}

}  // namespace

ExitCode exit_code_of(const DeployStory& story) {
  if (!story.result.manual_steps.empty()) return ExitCode::partial;
  if (story.result.outcome == ReleaseOutcome::succeeded) return ExitCode::done;
  if (story.stop_signal != 0) {
    return story.stop_signal == SIGTERM ? ExitCode::terminated : ExitCode::interrupted;
  }
  switch (story.result.outcome) {
    case ReleaseOutcome::rolled_back:
    case ReleaseOutcome::aborted:
      return ExitCode::bad_answer;
    case ReleaseOutcome::succeeded:
    case ReleaseOutcome::running:
    case ReleaseOutcome::failed:
      break;
  }
  return ExitCode::failed;
}

std::string conclusion_of(const DeployStory& story) {
  const State& state = story.result.state;
  const std::string took = human_duration(story.finished - story.started);
  const std::string before = state.from.image.empty() ? "what served before" : image_of(state.from);
  const std::string why = state.reason.empty() ? "no reason is known" : state.reason;
  if (!story.result.manual_steps.empty()) {
    return fmt::format(
        "NOT PUT BACK: {} of {} is bad ({}) and the rollback could not be completed; "
        "do it by hand with the commands above",
        image_of(state.to), story.plan->app, why);
  }
  switch (story.result.outcome) {
    case ReleaseOutcome::succeeded:
      return fmt::format("live: {} of {}{}, after {}", image_of(state.to), story.plan->app,
                         state.to.number > 0 ? fmt::format(", release {}", state.to.number) : "",
                         took);
    case ReleaseOutcome::rolled_back:
      return fmt::format("rolled back: {}; {} serves", why, before);
    case ReleaseOutcome::aborted:
      return fmt::format("aborted: {}; {} serves", why, before);
    case ReleaseOutcome::running:
      return fmt::format(
          "stopped in the middle of it, nothing was put back; go on with 'mlopsctl "
          "deploy resume {0}' or go back with 'mlopsctl deploy abort {0}'",
          story.plan->app);
    case ReleaseOutcome::failed:
      break;
  }
  return fmt::format("failed: {}", why);
}

Report deploy_report(Context& context, const DeployStory& story) {
  const State& state = story.result.state;
  const bool person = context.terminal().out_is_tty && !context.globals().json;
  Report report(story.schema);
  report.field("app", "app", Cell(story.plan->app));
  report.field(
      "outcome", "outcome",
      Cell(Value(std::string(to_string(story.result.outcome))),
           std::string(to_string(story.result.outcome)), outcome_style(story.result.outcome)));
  report.field("strategy", "strategy", Cell(to_string(state.strategy)));
  report.field("from", "from", text_or_none(state.from.image));
  report.field("to", "to", text_or_none(state.to.image));
  if (!person || !state.to.tag.empty()) report.field("tag", "tag", text_or_none(state.to.tag));
  report.field("release", "release",
               state.to.number > 0 ? Cell(Value(std::int64_t{state.to.number})) : Cell());
  if (!person || !state.reason.empty()) report.field("reason", "why", text_or_none(state.reason));
  report.field("cluster", "cluster", Cell(story.cluster));
  report.field("took_ms", "took", Cell(Value(story.finished - story.started)));
  if (!person) {
    report.field("id", "id", text_or_none(state.id));
    report.field("phase", "phase", Cell(to_string(state.phase)));
    report.field("weight", "weight", Cell(Value(std::int64_t{state.weight})));
    report.field("failed_checks", "failed checks", Cell(Value(std::int64_t{state.failed_checks})));
    report.field("kubectl_calls", "kubectl calls",
                 Cell(Value(static_cast<std::int64_t>(story.calls))));
    report.field("run_id", "run", text_or_none(story.run_id));
  }
  add_origin(report, state.to);
  add_required(report, story.required);
  add_gates(report, story);
  add_events(report, story);
  for (const std::string& step : story.result.manual_steps) {
    report.finding(Severity::bad, "do by hand: " + step);
  }
  report.verdict(exit_code_of(story));
  return report.summary(conclusion_of(story));
}

}  // namespace mlopsctl::commands
