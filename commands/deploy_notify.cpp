#include "commands/deploy_notify.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <utility>

namespace mlopsctl::commands {

namespace {

// Far below the 30 s that the lock lives without a renewal.
constexpr Milliseconds patience{5'000};

class QuickClient : public HttpClient {
 public:
  HttpResponse send(const HttpRequest& request) override {
    HttpRequest quick = request;
    quick.connect_timeout = quick.total_timeout = patience;
    return inner_->send(quick);
  }

 private:
  std::unique_ptr<HttpClient> inner_ = make_http_client();
};

Receiver receiver_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  if (colon == text.npos || (kind != "slack" && kind != "webhook")) {
    throw Error(ErrorKind::config, fmt::format("{} is no receiver in 'notify'", quote(text)),
                "slack:NAME or webhook:NAME, with the variable that holds the URL");
  }
  return {kind == "slack", Endpoint::from_environment(text.substr(colon + 1))};
}

bool waits_for_people(Phase phase) {
  return phase == Phase::waiting || phase == Phase::waiting_promotion;
}

}  // namespace

OptionSpec notify_option() {
  return {.name = "notify-on",
          .value = "WHEN",
          .help =
              "When messages are sent; bad: when it is not live, and when somebody has to "
              "decide",
          .choices = {"bad", "always", "never"},
          .default_text = "bad"};
}

DeployNotifier::DeployNotifier(const Arguments& arguments, const DeployPlan& plan,
                               std::function<void(const std::string&)> warn)
    : plan_(plan),
      warn_(std::move(warn)),
      receivers_(message_receivers(arguments)),
      when_(arguments.text_or("notify-on", "bad")),
      link_(arguments.text_or("report-url", "")) {
  if (when_ == "never") {
    receivers_.clear();
    return;
  }
  for (const std::string& text : plan.notify) receivers_.push_back(receiver_of(text));
}

void DeployNotifier::event(const DeployEvent& event) {
  const bool first = !std::exchange(began_, true);
  if (first && when_ == "always") send(event.state, "begins", event.message, {});
  const Phase phase = event.state.phase;
  if (waits_for_people(phase) && told_waiting_ != phase) {
    send(event.state, "waits for somebody to decide",
         fmt::format("{}. 'mlopsctl deploy promote {}' goes on, 'mlopsctl deploy abort {}' goes "
                     "back.",
                     event.message, plan_.app, plan_.app),
         {});
  }
  told_waiting_ = phase;
}

void DeployNotifier::over(const DeployStory& story) {
  const bool live = story.result.outcome == ReleaseOutcome::succeeded;
  if (live && when_ != "always") return;
  std::vector<std::string> lines;
  for (const ToldEvent& told : story.events) {
    if (told.event.severity == DeployEvent::Severity::info) continue;
    lines.push_back(fmt::format("{}: {}", told.event.reason, told.event.message));
  }
  constexpr std::size_t most = 6;
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - most);
  send(story.result.state, std::string(to_string(story.result.outcome)), conclusion_of(story),
       lines);
}

void DeployNotifier::refused(const std::string& why) {
  send(state_of_refusal(plan_), "refused", why, {});
}

void DeployNotifier::broke(const State& state, const std::string& why) {
  send(state, "stopped in the middle of it", why, {});
}

void DeployNotifier::send(const State& state, const std::string& title, const std::string& text,
                          const std::vector<std::string>& lines) {
  QuickClient client;
  for (const Receiver& receiver : receivers_) {
    try {
      if (receiver.slack) {
        Message message = deploy_message(plan_, state, title, text, link_);
        message.lines = lines;
        send_message(client, receiver.endpoint, "Slack", slack_json(message), [](Milliseconds) {});
      } else {
        send_message(client, receiver.endpoint, "the webhook",
                     deploy_webhook_json(plan_, state, title, text, link_), [](Milliseconds) {});
      }
    } catch (const Error& error) {
      warn_(fmt::format("a message was not sent: {}", error.what()));
    }
  }
}

}  // namespace mlopsctl::commands
