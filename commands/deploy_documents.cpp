// JUnit, Markdown, messages and the record of a deployment.
#include "commands/deploy_documents.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/markdown.hpp"
#include "mlopsctl/tracking/model.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::size_t told_lines = 6, markdown_events = 40;

bool is_live(const DeployStory& story) { return story.result.outcome == ReleaseOutcome::succeeded; }

std::string title_of(const DeployPlan& plan, const State& state, const std::string& what) {
  return fmt::format("{}: {} {}", plan.app, state.is_rollback ? "rollback" : "deployment", what);
}

std::vector<std::string> worst_lines(const DeployStory& story) {
  std::vector<std::string> lines;
  for (auto told = story.events.rbegin(); told != story.events.rend(); ++told) {
    if (told->event.severity == DeployEvent::Severity::info) continue;
    if (lines.size() == told_lines) break;
    lines.push_back(fmt::format("{}: {}", told->event.reason, told->event.message));
  }
  std::ranges::reverse(lines);
  return lines;
}

JUnitCase required_case(const RequiredCheck& check) {
  const JUnitOutcome outcome = check.answer == RequiredCheck::Answer::passed ? JUnitOutcome::passed
                               : check.answer == RequiredCheck::Answer::bad  ? JUnitOutcome::failed
                                                                            : JUnitOutcome::skipped;
  return {.class_name = "deploy.required",
          .name = fmt::format("{} {}", check.kind, check.name),
          .outcome = outcome,
          .message = check.text};
}

JUnitSuite junit(const DeployStory& story) {
  JUnitSuite suite{.name = "deploy " + story.plan->app, .started = story.started};
  suite.seconds = static_cast<double>((story.finished - story.started).count()) / 1000;
  suite.properties = {{"image", story.result.state.to.image}, {"cluster", story.cluster}};
  for (const RequiredCheck& check : story.required) suite.cases.push_back(required_case(check));
  for (const auto& [name, value] : story.values) {
    const GateText gate = gate_text(name, value, story.plan->canary);
    suite.cases.push_back({.class_name = "deploy.gates",
                           .name = name,
                           .outcome = gate.good ? JUnitOutcome::passed : JUnitOutcome::failed,
                           .message = gate.good ? "" : gate.text,
                           .details = gate.text});
  }
  std::string events;
  for (const ToldEvent& told : story.events) events += event_line(told, story.plan->app) + '\n';
  suite.cases.push_back({.class_name = "deploy",
                         .name = std::string(to_string(story.result.state.strategy)),
                         .outcome = is_live(story) ? JUnitOutcome::passed : JUnitOutcome::failed,
                         .message = conclusion_of(story),
                         .details = events});
  return suite;
}

std::string markdown(const DeployStory& story) {
  const State& state = story.result.state;
  std::string text = fmt::format(
      "## {} {}\n\n{}\n\n", is_live(story) ? "\xe2\x9c\x85" : "\xf0\x9f\x94\xb4",
      markdown_text(title_of(*story.plan, state, std::string(to_string(story.result.outcome)))),
      markdown_text(conclusion_of(story)));
  const std::vector<std::vector<std::string>> facts{
      {"From", state.from.image.empty() ? "–" : markdown_code(image_of(state.from))},
      {"To", markdown_code(state.to.image)},
      {"Strategy", std::string(to_string(state.strategy))},
      {"Cluster", markdown_text(story.cluster)},
      {"Took", human_duration(story.finished - story.started)}};
  text += markdown_table(std::vector<MarkdownColumn>{{"What"}, {"Value"}}, facts);
  std::vector<std::vector<std::string>> rows;
  for (const ToldEvent& told : story.events) {
    if (rows.size() == markdown_events) break;
    rows.push_back({to_rfc3339(told.at), markdown_code(phase_text(told.event.state)),
                    markdown_text(told.event.reason), markdown_text(told.event.message)});
  }
  if (rows.empty()) return text;
  const std::vector<MarkdownColumn> columns{{"Time"}, {"Phase"}, {"Event"}, {"What"}};
  return text + "\n" + markdown_table(columns, rows);
}

// The values of one series, a step an event: an event without a value of it repeats the one before.
class Series {
 public:
  void add(const std::string& name, Timestamp at, double value) {
    for (auto& [known, points] : all_) {
      if (known == name) return points.emplace_back(at, value), void();
    }
    all_.push_back({name, {{at, value}}});
  }
  auto take() { return std::move(all_); }

 private:
  std::vector<std::pair<std::string, std::vector<std::pair<Timestamp, double>>>> all_;
};

std::string digest_of(const std::string& image) {
  const std::size_t at = image.find("@sha256:");
  return at == image.npos ? std::string() : image.substr(at + 1);
}

}  // namespace

Message deploy_message(const DeployPlan& plan, const State& state, const std::string& title,
                       const std::string& text, const std::string& link) {
  Message message{.title = title_of(plan, state, title), .text = text, .link = link};
  message.fields = {{"From", state.from.image.empty() ? "nothing" : image_of(state.from)},
                    {"To", image_of(state.to)},
                    {"Strategy", std::string(to_string(state.strategy))},
                    {"Phase", phase_text(state)}};
  if (state.strategy == StrategyKind::canary) {
    message.fields.emplace_back(
        "Failed checks", fmt::format("{} of {}", state.failed_checks, plan.canary.threshold));
  }
  if (!state.to.by.empty()) message.fields.emplace_back("By", state.to.by);
  return message;
}

std::string deploy_webhook_json(const DeployPlan& plan, const State& state,
                                const std::string& title, const std::string& text,
                                const std::string& link) {
  const auto text_or_null = [](const std::string& value) {
    return value.empty() ? Ordered() : Ordered(value);
  };
  const Ordered json{{"schema", "mlopsctl.deploy.message/1"},
                     {"app", plan.app},
                     {"title", title},
                     {"text", text},
                     {"id", state.id},
                     {"strategy", to_string(state.strategy)},
                     {"phase", to_string(state.phase)},
                     {"outcome", to_string(state.outcome)},
                     {"rollback", state.is_rollback},
                     {"from", text_or_null(state.from.image)},
                     {"to", text_or_null(state.to.image)},
                     {"weight", state.weight},
                     {"failed_checks", state.failed_checks},
                     {"reason", text_or_null(state.reason)},
                     {"report", text_or_null(link)}};
  return json.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

CheckDocuments deploy_documents(const DeployStory& story) {
  const auto title = [&story] { return std::string(to_string(story.result.outcome)); };
  return {.name = story.plan->app,
          .answered = true,
          .junit = [&story] { return junit(story); },
          .markdown = [&story] { return markdown(story); },
          .message =
              [&story, title](const std::string& link) {
                Message message = deploy_message(*story.plan, story.result.state, title(),
                                                 conclusion_of(story), link);
                message.lines = worst_lines(story);
                return message;
              },
          .webhook_json =
              [&story, title](const std::string& link) {
                return deploy_webhook_json(*story.plan, story.result.state, title(),
                                           conclusion_of(story), link);
              }};
}

State state_of_refusal(const DeployPlan& plan) {
  State state;
  state.strategy = plan.strategy;
  state.to.image = plan.image;
  return state;
}

CheckDocuments refusal_documents(const DeployPlan& plan, const std::vector<RequiredCheck>& required,
                                 const std::string& why) {
  const auto suite = [&plan, &required] {
    JUnitSuite result{.name = "deploy " + plan.app, .started = now()};
    result.properties = {{"image", plan.image}};
    for (const RequiredCheck& check : required) result.cases.push_back(required_case(check));
    return result;
  };
  const auto text = [&plan, &why] {
    const std::string title = title_of(plan, state_of_refusal(plan), "refused");
    return fmt::format("## \xf0\x9f\x94\xb4 {}\n\n{}. Nothing was changed.\n", markdown_text(title),
                       markdown_text(why));
  };
  return {.name = plan.app, .answered = true, .junit = suite, .markdown = text};
}

CheckRecord deploy_record(const DeployStory& story) {
  const State& state = story.result.state;
  CheckRecord record{.kind = "deploy",
                     .name = story.plan->app,
                     .experiment = deploy_experiment,
                     .checked_at = story.started,
                     .verdict = std::string(to_string(story.result.outcome)),
                     .reason = conclusion_of(story)};
  record.params = {{"strategy", std::string(to_string(state.strategy))},
                   {"image", state.to.image},
                   {"from", state.from.image},
                   {"cluster", story.cluster},
                   {"replicas", std::to_string(state.to.replicas)},
                   {"plan", story.plan->file.string()}};
  record.tags = {{"deploy.id", state.id},
                 {"deploy.release", std::to_string(state.to.number)},
                 {"deploy.image", state.to.image},
                 {"deploy.digest", digest_of(state.to.image)},
                 {"deploy.tag", state.to.tag},
                 {"deploy.strategy", std::string(to_string(state.strategy))},
                 {"deploy.outcome", std::string(to_string(story.result.outcome))},
                 {"deploy.rollback", state.is_rollback ? "true" : "false"}};
  for (const auto& [key, value] : state.to.origin) {
    if (value.empty()) continue;
    record.tags.push_back({"deploy." + key, value});
    if (key == "git.commit") record.tags.push_back({std::string(tag_names::git_commit), value});
  }
  std::erase_if(record.tags, [](const KeyValue& tag) { return tag.value.empty(); });
  record.totals = {
      {"deploy/seconds", static_cast<double>((story.finished - story.started).count()) / 1000},
      {"deploy/failed_checks", static_cast<double>(state.failed_checks)},
      {"deploy/kubectl_calls", static_cast<double>(story.calls)}};
  return record;
}

std::vector<std::pair<std::string, std::vector<std::pair<Timestamp, double>>>> deploy_series(
    const DeployStory& story) {
  Series series;
  for (const ToldEvent& told : story.events) {
    if (told.event.state.strategy == StrategyKind::canary) {
      series.add("weight", told.at, told.event.state.weight);
      series.add("failed_checks", told.at, told.event.state.failed_checks);
    }
    for (const auto& [name, value] : told.event.values) {
      series.add(metric_key("gate", name), told.at, value);
    }
  }
  return series.take();
}

}  // namespace mlopsctl::commands
