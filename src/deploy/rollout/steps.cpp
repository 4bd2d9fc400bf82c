#include "deploy/rollout/steps.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::rollout {
namespace {

constexpr int log_lines = 20;
constexpr std::size_t longest_log = 2'000;  // bytes
constexpr std::string_view log_heading = "\nlast lines of container ";
using Severity = DeployEvent::Severity;

bool is_of_the_image(const PodTrouble& trouble) {
  return trouble.container.empty() || trouble.reason.find("Image") != std::string::npos ||
         trouble.reason.starts_with("CreateContainer");
}

}  // namespace

Milliseconds PhaseTimer::age(Session& session) {
  const Milliseconds now = session.clock().monotonic();
  if (phase_ != session.state().phase) {
    phase_ = session.state().phase;
    since_ = now;
  }
  return now - since_;
}

void Narrator::tell(Session& session, const std::string& who, const Rollout& rollout) {
  if (rollout.ready != ready_ && rollout.verdict != RolloutVerdict::failed) {
    ready_ = rollout.ready;
    session.tell(
        Severity::info, "PodsReady",
        fmt::format("{}: {} of {} new pods are ready", who, rollout.ready, rollout.wanted));
  }
  for (const std::string& warning : rollout.warnings) {
    if (told_.insert(warning).second) session.tell(Severity::warn, "Waiting", warning);
  }
}

std::string last_words(Cluster& cluster, const Rollout& rollout) {
  const auto spoke = std::ranges::find_if_not(rollout.troubles, is_of_the_image);
  if (spoke == rollout.troubles.end()) return {};
  for (const bool previous : {spoke->had_run, false}) {
    try {
      const std::string text = cluster.logs({.pod = spoke->pod,
                                             .container = spoke->container,
                                             .previous = previous,
                                             .lines = log_lines});
      std::string_view end = trim(text);
      if (end.empty()) continue;
      if (end.size() > longest_log) end.remove_prefix(end.size() - longest_log);
      return fmt::format("{}'{}' of pod {}:\n{}", log_heading, spoke->container, spoke->pod,
                         mask_secrets(valid_utf8(end)));
    } catch (const ClusterError&) {  // the reason stands without them
    }
  }
  return {};
}

void turn_back(Session& session, const std::string& reason) {
  State& state = session.state();
  // Log lines are for whoever watches, not for the history.
  if (state.reason.empty()) state.reason = reason.substr(0, reason.find(log_heading));
  session.enter(Phase::rolling_back);
  session.tell(state.abort_asked ? Severity::warn : Severity::error, "RollingBack",
               fmt::format("going back to {}: {}", state.from.image, reason));
}

bool turn_back_if_asked(Session& session) {
  const State& state = session.state();
  if (!state.abort_asked || state.phase == Phase::rolling_back || state.phase == Phase::done)
    return false;
  turn_back(session, state.reason.empty() ? "aborted" : state.reason);
  return true;
}

ReleaseOutcome turned_back(const State& state) {
  return state.abort_asked ? ReleaseOutcome::aborted : ReleaseOutcome::rolled_back;
}

Tick stop(Session& session, const std::string& reason) {
  State& state = session.state();
  state.reason = state.reason.empty() ? reason : fmt::format("{}; {}", state.reason, reason);
  session.tell(Severity::error, "SomebodyElse",
               reason + ": stopped without touching it, look at it and deploy again");
  return {.again_in = at_once, .outcome = ReleaseOutcome::failed};
}

void take_request(Session& session, Request request) {
  State& state = session.state();
  switch (request) {
    case Request::none:
      return;
    case Request::abort:
      state.abort_asked = true;
      if (state.reason.empty()) state.reason = "aborted by 'mlopsctl deploy abort'";
      break;
    case Request::pause:
      state.paused = true;
      session.tell(Severity::warn, "Paused", "paused by 'mlopsctl deploy pause'");
      break;
    case Request::go_on:
      state.paused = false;
      session.tell(Severity::info, "Resumed", "goes on");
      break;
    case Request::promote:
      state.paused = false;
      state.notes["promote"] = "asked";
      break;
  }
  session.save();
}

namespace {

SmokeOutcome smoke(Session& session, const DeployTools& tools, const std::string& base) {
  const auto wait = [&](Milliseconds time) { take_request(session, session.pause(time)); };
  const auto results = run_smoke(tools.http, base, session.plan().smoke, wait);
  if (all_passed(results)) return {};
  return {.passed = false, .reached = true, .text = describe_failures(results)};
}

}  // namespace

SmokeOutcome smoke_pods(Session& session, const DeployTools& tools,
                        const std::vector<std::string>& pods) {
  constexpr std::size_t enough = 3;
  if (session.plan().smoke.empty() || tools.pods == nullptr) return {};
  for (std::size_t i = 0; i < std::min(pods.size(), enough); ++i) {
    session.keep();
    try {
      const auto door = tools.pods->open(pods[i], session.plan().port);
      SmokeOutcome outcome = smoke(session, tools, door->url());
      if (outcome.passed) continue;
      outcome.text = fmt::format("pod {}: {}", pods[i], outcome.text);
      return outcome;
    } catch (const ClusterError&) {
      throw;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) throw;
      return {.passed = false,
              .reached = false,
              .text = fmt::format("pod {} cannot be reached: {}", pods[i], error.what())};
    }
  }
  return {};
}

SmokeOutcome smoke_public(Session& session, const DeployTools& tools) {
  if (session.plan().smoke.empty() || session.plan().smoke_url.empty()) return {};
  return smoke(session, tools, session.plan().smoke_url);
}

}  // namespace mlopsctl::rollout
