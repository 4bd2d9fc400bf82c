#include "mlopsctl/deploy/hooks.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl {
namespace {

constexpr std::size_t kept_body = 4096;  // bytes of an answer that are looked at
constexpr std::size_t shown_body = 300;
constexpr Milliseconds between_tries{1'000};

std::string body_of(const DeployPlan& plan, const Webhook& hook, const State& state,
                    const std::map<std::string, std::string>& more_metadata) {
  Json metadata = Json::object();
  for (const auto& [name, value] : hook.metadata) metadata[name] = value;
  for (const auto& [name, value] : more_metadata) metadata[name] = value;
  const Json body{{"name", plan.app},
                  {"namespace", plan.name_space},
                  {"phase", flagger_phase(state)},
                  {"checksum", state.to.template_hash},
                  {"metadata", metadata}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Answer {
  int status = 0;  // 0: none
  std::string text;
};

Answer send(HttpClient& client, const Webhook& hook, const std::string& body) {
  HttpRequest request;
  request.method = "POST";
  request.url = hook.url;
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = body;
  request.total_timeout = hook.timeout;
  request.connect_timeout = hook.timeout;
  request.tls.verify = hook.verify_tls;
  request.repeatable = false;  // how often is the user's to say
  std::string beginning;
  request.sink = [&](std::string_view bytes) {
    beginning += bytes.substr(0, kept_body - std::min(kept_body, beginning.size()));
  };
  try {
    const HttpResponse response = client.send(request);
    if (!response.ok()) beginning = response.body.substr(0, kept_body);
    return {.status = response.status, .text = beginning};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    return {.status = 0, .text = error.what()};
  }
}

bool is_yes(int status) { return status >= 200 && status <= 202; }

std::string text_of_no(const Answer& answer) {
  std::string text = mask_secrets(shortened(printable(trim(answer.text)), shown_body));
  if (answer.status == 0) return text;
  std::string line = fmt::format("HTTP {}", answer.status);
  if (answer.status > 202 && answer.status < 400) line += " (200, 201 and 202 are yes)";
  return text.empty() ? line : line + ": " + text;
}

HookResult call(HttpClient& client, const Webhook& hook, const std::string& body, const Wait& wait,
                const std::function<void()>& before_each) {
  Answer answer;
  for (int attempt = 0; attempt <= hook.retries; ++attempt) {
    if (attempt > 0) wait ? wait(between_tries) : interruptible_wait(between_tries);
    if (before_each) before_each();
    answer = send(client, hook, body);
    if (answer.status != 0 && answer.status < 500) break;
  }
  if (is_yes(answer.status)) return {.name = hook.name, .yes = true, .text = {}};
  return {.name = hook.name, .yes = false, .text = text_of_no(answer)};
}

bool decides(HookKind kind, bool yes) {
  if (kind == HookKind::event || kind == HookKind::post_rollout) return false;
  return yes == (kind == HookKind::rollback);
}

}  // namespace

std::vector<HookResult> call_hooks(HttpClient& client, const DeployPlan& plan, HookKind kind,
                                   const State& state,
                                   const std::map<std::string, std::string>& more_metadata,
                                   const Wait& wait, const std::function<void()>& before_each) {
  std::vector<HookResult> results;
  for (const auto& hook : plan.canary.webhooks) {
    if (hook.kind != kind) continue;
    results.push_back(
        call(client, hook, body_of(plan, hook, state, more_metadata), wait, before_each));
    if (decides(kind, results.back().yes)) break;
  }
  return results;
}

bool has_hooks(const DeployPlan& plan, HookKind kind) {
  return std::ranges::any_of(plan.canary.webhooks,
                             [&](const Webhook& hook) { return hook.kind == kind; });
}

std::string_view to_string(HookKind kind) {
  switch (kind) {
    case HookKind::confirm_rollout:
      return "confirm-rollout";
    case HookKind::pre_rollout:
      return "pre-rollout";
    case HookKind::rollout:
      return "rollout";
    case HookKind::confirm_traffic_increase:
      return "confirm-traffic-increase";
    case HookKind::confirm_promotion:
      return "confirm-promotion";
    case HookKind::rollback:
      return "rollback";
    case HookKind::post_rollout:
      return "post-rollout";
    case HookKind::event:
      break;
  }
  return "event";
}

std::string_view flagger_phase(const State& state) {
  switch (state.phase) {
    case Phase::preparing:
      return "Initialized";
    case Phase::waiting:
      return "Waiting";
    case Phase::starting:
    case Phase::smoke:
    case Phase::progressing:
      return "Progressing";
    case Phase::waiting_promotion:
      return "WaitingPromotion";
    case Phase::promoting:
      return "Promoting";
    case Phase::finalising:
      return state.outcome == ReleaseOutcome::succeeded ? "Succeeded" : "Finalising";
    case Phase::rolling_back:
      return "Failed";
    case Phase::done:
      break;
  }
  return state.outcome == ReleaseOutcome::succeeded ? "Succeeded" : "Failed";
}

}  // namespace mlopsctl
