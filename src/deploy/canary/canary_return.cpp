// The way back: the old template, the traffic, then the canary's pods.
#include "mlopsctl/base/time.hpp"

#include "deploy/canary/canary.hpp"
#include "deploy/canary/canary_objects.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::canary {
namespace {

using Severity = DeployEvent::Severity;

int available_of(const Json& deployment) {
  const auto at = Json::json_pointer("/status/availableReplicas");
  return deployment.contains(at) ? deployment.at(at).get<int>() : 0;
}

}  // namespace

// While the canary is well, it keeps its traffic until all stable pods are ready: after a promotion
// that did not work, and where somebody only changed his mind. Else some stable pods are enough.
bool Canary::stable_can_serve(Session& session, const View& view) {
  State& state = session.state();
  if (available_of(view.stable) == 0) return false;
  const bool well =
      view.rollout.verdict != RolloutVerdict::failed && !view.rollout.ready_pods.empty();
  const bool patient = state.abort_asked || state.notes.contains("stable_changed");
  if (!well || !patient) return true;
  const WorkloadView workload =
      read_workload(session.cluster(), session.plan().app, state.notes.at("selector"));
  const Milliseconds age = timer_.age(session);
  if (age >= session.plan().budgets.rollback) return true;
  const Rollout rollout = rollout::judge_return(session, view.stable, workload, age, 0);
  return rollout.verdict == RolloutVerdict::ready || is_short_of_room(rollout);
}

Tick Canary::back(Session& session, const View& view) {
  State& state = session.state();
  const bool theirs = state.notes.contains("template_of_somebody");
  const bool by_replicas = session.plan().canary.traffic.router == RouterKind::replicas;
  const Tick soon{.again_in = rollout::poll_pods, .outcome = {}};
  if (!theirs && runs(view.stable, state.to) && set_template(session, view.stable, state.from)) {
    tell(session, Severity::warn, "TemplateRestored",
         fmt::format("Deployment {} gets {} back", session.plan().app, state.from.image));
    return soon;
  }
  const int size = std::max(1, state.from.replicas);
  if (by_replicas && !state.notes.contains("route.autoscaler") &&
      rollout::replicas_of(view.stable) < size) {
    scale(session, session.plan().app, size);
    return soon;
  }
  const bool served = by_replicas || std::ranges::any_of(state.notes, [](const auto& note) {
                        return note.first.starts_with("route.") && note.first != "route.autoscaler";
                      });
  if (served && !state.notes.contains("drained_at")) {
    if (!stable_can_serve(session, view)) {
      if (timer_.age(session) < session.plan().budgets.rollback) return soon;
      tell(session, Severity::error, "NothingToGoBackTo",
           fmt::format("no pod of Deployment {} became ready in {}; the canary keeps its traffic",
                       session.plan().app, human_duration(session.plan().budgets.rollback)));
      return {.again_in = {}, .outcome = ReleaseOutcome::failed};
    }
    state.weight = 0;
    state.notes.erase("settling");
    session.save();
    const Shares shares = router(session).set(session, 0);
    const Milliseconds now = session.clock().monotonic();
    if (!returning_) returning_ = now;
    if (!shares.pending.empty() && now - *returning_ < Milliseconds{60'000}) return soon;
  }
  if (served && !drained(session)) return soon;
  if (!view.candidate.is_null() && rollout::replicas_of(view.candidate) > 0) {
    scale(session, canary_name(session.plan().app), 0);
    return soon;
  }
  // All of it is as it was only when the stable pods are all there again.
  if (!theirs && timer_.age(session) < session.plan().budgets.rollback) {
    const WorkloadView workload =
        read_workload(session.cluster(), session.plan().app, state.notes.at("selector"));
    const Rollout rollout =
        rollout::judge_return(session, view.stable, workload, timer_.age(session), 0);
    narrator_.tell(session, session.plan().app, rollout);
    if (rollout.verdict != RolloutVerdict::ready && !state.notes.contains("forced")) return soon;
  }
  router(session).tidy(session);
  return ended(session, rollout::turned_back(state));
}

}  // namespace mlopsctl::canary
