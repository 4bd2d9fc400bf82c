// Intervals: what Flagger does in a tick.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/canary/canary.hpp"
#include "deploy/canary/canary_objects.hpp"
#include "deploy/canary/weights.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::canary {
namespace {

using Severity = DeployEvent::Severity;

constexpr Milliseconds gateway_patience{60'000};  // for a router to take a weight
constexpr double another_weight = 2;              // points: somebody else set it

Json containers_of(const Json& pod) {
  return pod.value("status", Json::object()).value("containerStatuses", Json::array());
}

int restarts_of(const Json& pod) {
  int restarts = 0;
  for (const Json& container : containers_of(pod)) restarts += container.value("restartCount", 0);
  return restarts;
}

// How a container of the pod ended, now or before it was started again; empty: none did.
std::string end_of(const Json& pod, const char* which) {
  const auto at = Json::json_pointer(fmt::format("/{}/terminated", which));
  for (const Json& container : containers_of(pod)) {
    if (!container.contains(at)) continue;
    const Json& end = container.at(at);
    return fmt::format("{}, exit code {}", end.value("reason", "Error"), end.value("exitCode", 0));
  }
  return {};
}

std::string names_of(const std::vector<HookResult>& results) {
  return fmt::format("hook {}: {}", results.back().name, results.back().text);
}

}  // namespace

// Looked at between the intervals, too; empty: the canary is well, or may become so again.
std::string Canary::trouble_of(Session& session, const View& view) {
  const Rollout& rollout = view.rollout;
  if (rollout.verdict == RolloutVerdict::failed)
    return rollout.reason + rollout::last_words(session.cluster(), rollout);
  for (const Json& pod : view.workload.pods) {
    if (session.plan().budgets.tolerate_until_deadline) break;
    if (pod.at("metadata").contains("deletionTimestamp")) continue;
    const std::string name = pod.at("metadata").at("name").get<std::string>();
    const int restarts = restarts_of(pod);
    const auto [known, first] = restarts_.emplace(name, restarts);
    std::string end = end_of(pod, "state");
    if (end.empty() && !first && restarts > known->second) end = end_of(pod, "lastState");
    if (end.empty()) continue;
    return fmt::format("pod {} ended after it had been ready: {}", name, end) +
           rollout::last_words(session.cluster(), rollout);
  }
  if (rollout.ready_pods.empty()) return "no pod of the canary is ready any more";
  return {};
}

// Weights that were set but that the router or the pods have not followed yet: no interval begins
// before they did.
std::optional<Tick> Canary::settle(Session& session) {
  State& state = session.state();
  if (!state.notes.contains("settling")) return std::nullopt;
  const Shares shares = router(session).set(session, state.weight);
  if (!shares.pending.empty()) {
    const Milliseconds now = session.clock().monotonic();
    if (!unsettled_) unsettled_ = now;
    const bool by_pods = session.plan().canary.traffic.router == RouterKind::replicas;
    if (now - *unsettled_ >= (by_pods ? session.plan().budgets.rollout : gateway_patience)) {
      turn_back(session, fmt::format("{} did not take a weight of {} %: {}",
                                     router(session).describe(), state.weight, shares.pending));
      return Tick{};
    }
    return Tick{.again_in = by_pods ? rollout::poll_pods : Milliseconds{500}, .outcome = {}};
  }
  unsettled_.reset();
  state.notes.erase("settling");
  begin_interval(session);
  const std::string real = std::abs(shares.actual - state.weight) < 0.5
                               ? ""
                               : fmt::format(" ({:.0f} % in reality)", shares.actual);
  const std::string seen = analysis_.empty() ? "" : "; " + analysis_;
  tell(session, Severity::info, "WeightIncreased",
       fmt::format("the canary has {} % of the traffic{}{}", state.weight, real, seen), values_);
  return std::nullopt;
}

// From the end of what was done: an interval that was slept through is not made up for.
void Canary::begin_interval(Session& session) {
  const CanaryPlan& plan = session.plan().canary;
  session.state().next_tick = session.clock().wall() + plan.interval + plan.traffic.settle;
  session.save();
}

Tick Canary::progress(Session& session, const View& view) {
  State& state = session.state();
  const CanaryPlan& plan = session.plan().canary;
  if (const std::string trouble = trouble_of(session, view); !trouble.empty()) {
    turn_back(session, trouble);
    return {};
  }
  if (state.is_rollback || plan.skip_analysis || state.notes.contains("promote")) {
    const bool asked = state.notes.contains("promote");
    tell(session, Severity::warn, "AnalysisSkipped",
         asked ? "promoted by 'mlopsctl deploy promote'" : "promoted without analysis");
    session.enter(Phase::promoting);
    return {};
  }
  if (const auto waiting = settle(session)) return *waiting;
  if (state.phase == Phase::rolling_back) return {};
  // All are to be ready, whoever scaled them: else the step waits, within the budget of a rollout.
  const Milliseconds now = session.clock().monotonic();
  if (view.rollout.verdict != RolloutVerdict::ready) {
    if (!unwell_) {
      unwell_ = now;
      tell(session, Severity::warn, "CanaryNotReady",
           fmt::format("{} of {} canary pods are ready; nothing goes on until all are",
                       view.rollout.ready, view.rollout.wanted));
    }
    return {.again_in = poll_health, .outcome = {}};
  }
  unwell_.reset();
  if (state.paused) {
    if (!told_pause_) {
      tell(session, Severity::warn, "Paused",
           fmt::format("the weight stays at {} % until 'mlopsctl deploy resume'", state.weight));
    }
    told_pause_ = true;
    return {.again_in = poll_health, .outcome = {}};
  }
  told_pause_ = false;
  const Timestamp wall = session.clock().wall();
  const Timestamp latest = wall + plan.interval + plan.traffic.settle;  // whatever clock wrote it
  state.next_tick = std::min(state.next_tick, latest);
  if (wall < state.next_tick) {
    return {.again_in = std::min(poll_health, state.next_tick - wall), .outcome = {}};
  }
  const Timestamp due = state.next_tick;
  interval(session, view);
  const bool goes_on = state.phase == Phase::progressing || state.phase == Phase::waiting_promotion;
  if (goes_on && state.next_tick == due) begin_interval(session);
  return {};
}

void Canary::interval(Session& session, const View& view) {
  State& state = session.state();
  const int threshold = std::max(1, session.plan().canary.threshold);
  const auto asked = ask(session, HookKind::rollback);
  if (!asked.empty() && asked.back().yes) {
    turn_back(session, fmt::format("rollback hook {} said yes", asked.back().name));
    return;
  }
  if (state.failed_checks >= threshold) {
    turn_back(session, fmt::format("{} of {} failed checks: {}", state.failed_checks, threshold,
                                   state.notes["last_failure"]));
    return;
  }
  if (state.weight > 0 && session.plan().canary.traffic.router != RouterKind::replicas) {
    const auto shares = router(session).read(session.cluster());
    if (!shares || std::abs(shares->actual - state.weight) > another_weight) {
      turn_back(session, fmt::format("somebody else changed the weights of {}: {} instead of {} %",
                                     router(session).describe(),
                                     shares ? fmt::format("{:.0f} %", shares->actual) : "no canary",
                                     state.weight));
      return;
    }
  }
  const bool first = state.weight == 0 && state.iterations == 0;
  if (first ? begin_analysis(session, view) : analyse(session, view)) advance(session);
}

void Canary::failed_check(Session& session, const std::string& why) {
  State& state = session.state();
  ++state.failed_checks;
  state.notes["last_failure"] = why;
  session.save();
  tell(session, Severity::warn, "CheckFailed",
       fmt::format("{}; failed check {} of {}, the weight stays at {} %", why, state.failed_checks,
                   std::max(1, session.plan().canary.threshold), state.weight),
       values_);
}

// Before the first weight: smoke checks and pre-rollout hooks, no metrics.
bool Canary::begin_analysis(Session& session, const View& view) {
  values_.clear();
  analysis_.clear();
  const auto smoke = rollout::smoke_pods(session, tools_, view.rollout.ready_pods);
  if (!smoke.passed) {
    failed_check(session, "smoke test: " + smoke.text);
    return false;
  }
  const auto results = ask(session, HookKind::pre_rollout);
  if (!results.empty() && !results.back().yes) {
    failed_check(session, "pre-rollout " + names_of(results));
    return false;
  }
  return true;
}

bool Canary::analyse(Session& session, const View& view) {
  values_.clear();
  analysis_.clear();
  const auto hooks = ask(session, HookKind::rollout);
  if (!hooks.empty() && !hooks.back().yes) {
    failed_check(session, "rollout " + names_of(hooks));
    return false;
  }
  if (tools_.metrics == nullptr) return true;
  session.keep();
  std::vector<std::string> texts;
  std::string hold;
  std::string failure;
  for (const GateResult& result :
       judge_canary(*tools_.metrics, session.plan().canary, subject(session, view))) {
    if (result.value) values_[result.name] = *result.value;
    texts.push_back(result.text);
    if (result.verdict == GateVerdict::fail && failure.empty()) failure = result.text;
    if (result.verdict == GateVerdict::hold && hold.empty()) hold = result.text;
  }
  analysis_ = join(texts, ", ");
  if (!failure.empty()) {
    failed_check(session, failure);
    return false;
  }
  if (!hold.empty()) {
    tell(session, Severity::warn, "NoAnswerYet",
         fmt::format("{}; the weight stays at {} %", hold, session.state().weight), values_);
    return false;
  }
  return true;
}

AnalysisSubject Canary::subject(Session& session, const View& view) {
  const DeployPlan& plan = session.plan();
  const std::string& object = plan.canary.traffic.object;
  AnalysisSubject subject{.name_space = session.cluster().name_space(),
                          .target = canary_name(plan.app),
                          .stable_target = plan.app,
                          .service = service_of(plan),
                          .ingress = object.empty() ? plan.app : object,
                          .route = object.empty() ? plan.app : object,
                          .pods = view.rollout.pods,
                          .stable_pods = {},
                          .router = plan.canary.traffic.router};
  if (!plan.canary.compare_to_stable) return subject;
  const auto track = Json::parse(session.state().notes.at("canary.selector")).get<Labels>();
  const std::vector<ObjectRef> pods{
      {.kind = "pods", .name = {}, .selector = session.state().notes.at("selector")}};
  for (const Json& pod : session.cluster().get(pods)) {
    if (selects(track, labels_at(pod, "/metadata/labels"))) continue;
    subject.stable_pods.push_back(pod.at("metadata").at("name").get<std::string>());
  }
  return subject;
}

void Canary::advance(Session& session) {
  State& state = session.state();
  const CanaryPlan& plan = session.plan().canary;
  if (plan.iterations > 0) {
    advance_iteration(session);
    return;
  }
  const int next = next_weight(plan, state.weight);
  if (next == state.weight) {
    ask_promotion(session);
    return;
  }
  switch (confirm(session, HookKind::confirm_traffic_increase)) {
    case Confirmation::yes:
      set_weight(session, next);
      break;
    case Confirmation::timed_out:
      state.abort_asked = true;
      turn_back(session, "confirm-traffic-increase was not given in time");
      break;
    case Confirmation::no:
      break;
  }
}

// Analyses without users, then, where a router can do that, all traffic for one more.
void Canary::advance_iteration(Session& session) {
  State& state = session.state();
  const CanaryPlan& plan = session.plan().canary;
  if (state.iterations < plan.iterations) {
    ++state.iterations;
    session.save();
    tell(session, Severity::info, "Advanced",
         fmt::format("iteration {} of {}{}{}", state.iterations, plan.iterations,
                     analysis_.empty() ? "" : "; ", analysis_),
         values_);
    return;
  }
  const bool all = state.weight == 100 || plan.traffic.router == RouterKind::replicas;
  if (all) {
    ask_promotion(session);
    return;
  }
  switch (confirm(session, HookKind::confirm_promotion)) {
    case Confirmation::yes:
      set_weight(session, 100);
      break;
    case Confirmation::timed_out:
      state.abort_asked = true;
      turn_back(session, "confirm-promotion was not given in time");
      break;
    case Confirmation::no:
      if (state.phase != Phase::waiting_promotion) session.enter(Phase::waiting_promotion);
      break;
  }
}

void Canary::ask_promotion(Session& session) {
  switch (confirm(session, HookKind::confirm_promotion)) {
    case Confirmation::yes:
      session.enter(Phase::promoting);
      break;
    case Confirmation::timed_out:
      session.state().abort_asked = true;
      turn_back(session, "confirm-promotion was not given in time");
      break;
    case Confirmation::no:
      if (session.state().phase != Phase::waiting_promotion)
        session.enter(Phase::waiting_promotion);
      break;
  }
}

// Written down before it is done; settle() does it, now or in the next process.
void Canary::set_weight(Session& session, int weight) {
  State& state = session.state();
  state.weight = weight;
  ++state.step;
  state.notes["settling"] = "yes";
  if (state.phase == Phase::waiting_promotion) state.phase = Phase::progressing;
  session.save();
  settle(session);
}

}  // namespace mlopsctl::canary
