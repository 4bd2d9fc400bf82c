// The stable Deployment takes the new template while the canary goes on serving; then the traffic
// goes back to it, and the canary's pods go.
#include "mlopsctl/base/text.hpp"

#include "deploy/canary/canary.hpp"
#include "deploy/canary/canary_objects.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::canary {
namespace {

using Severity = DeployEvent::Severity;

// Proxies go on for a moment along the weights that they knew (reference 2.4).
constexpr Milliseconds longest_drain{30'000};

Json operation(const char* op, const std::string& path, const Json& value) {
  return {{"op", op}, {"path", path}, {"value", value}};
}

}  // namespace

// False: it has it already.
bool Canary::set_template(Session& session, const Json& stable, const Release& release) {
  if (runs(stable, release)) return false;
  const std::string& app = session.plan().app;
  Json operations =
      Json::array({operation("test", "/spec/template", rollout::pod_template(stable)),
                   operation("replace", "/spec/template", Json::parse(release.pod_template_text)),
                   operation("add", "/metadata/annotations/kubernetes.io~1change-cause",
                             "mlopsctl: " + release.image)});
  session.change(deployment_ref(app), operations,
                 [&](const Json& found) { return runs(found, release); });
  return true;
}

void Canary::scale(Session& session, const std::string& deployment, int replicas) {
  session.change(deployment_ref(deployment),
                 Json::array({operation("add", "/spec/replicas", replicas)}),
                 [&](const Json& found) { return rollout::replicas_of(found) == replicas; });
}

Tick Canary::promote(Session& session, const View& view) {
  State& state = session.state();
  if (!state.notes.contains("stable_changed")) {
    state.notes["stable_changed"] = "yes";
    session.save();
  }
  const Tick soon{.again_in = rollout::poll_pods, .outcome = {}};
  if (set_template(session, view.stable, state.to)) {
    tell(session, Severity::info, "Promoting",
         fmt::format("Deployment {} takes {}; the canary goes on serving", session.plan().app,
                     state.to.image));
    return soon;
  }
  if (const std::string trouble = trouble_of(session, view); !trouble.empty()) {
    turn_back(session, "while it was promoted: " + trouble);
    return {};
  }
  const WorkloadView workload =
      read_workload(session.cluster(), session.plan().app, state.notes.at("selector"));
  const Rollout rollout =
      rollout::judge(session, view.stable, workload, timer_.age(session), state.to.replicas);
  narrator_.tell(session, session.plan().app, rollout);
  if (rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, fmt::format("the stable Deployment did not come up with the new version: {}",
                                   rollout.reason) +
                           rollout::last_words(session.cluster(), rollout));
    return {};
  }
  if (rollout.verdict != RolloutVerdict::ready) return soon;
  session.enter(Phase::finalising);
  return {};
}

// True when the data plane had time to follow; the time is noted, so that it is waited for once.
bool Canary::drained(Session& session) {
  State& state = session.state();
  if (session.plan().canary.traffic.router == RouterKind::replicas) return true;
  const Timestamp now = session.clock().wall();
  if (!state.notes.contains("drained_at")) {
    const Milliseconds drain = std::min(longest_drain, session.plan().canary.interval);
    state.notes["drained_at"] = std::to_string((now + drain).ms);
    session.save();
  }
  const auto until = parse_integer(state.notes.at("drained_at")).value_or(0);
  return now.ms >= until || until - now.ms > longest_drain.count();
}

bool is_short_of_room(const Rollout& rollout) {
  return std::ranges::any_of(rollout.troubles, [](const PodTrouble& trouble) {
    return trouble.reason == "Unschedulable";
  });
}

// Of replica ratios: the pods that the canary took from the stable side come back before its own
// go, where there is room for both.
bool Canary::restore_size(Session& session, const View& view) {
  const State& state = session.state();
  if (session.plan().canary.traffic.router != RouterKind::replicas ||
      state.notes.contains("route.autoscaler") || view.candidate.is_null() ||
      rollout::replicas_of(view.candidate) == 0)
    return true;
  const int size = std::max(1, state.from.replicas);
  if (rollout::replicas_of(view.stable) < size) {
    scale(session, session.plan().app, size);
    return false;
  }
  const WorkloadView workload =
      read_workload(session.cluster(), session.plan().app, state.notes.at("selector"));
  const Milliseconds age = timer_.age(session);
  const Rollout rollout = rollout::judge_return(session, view.stable, workload, age, size);
  return rollout.verdict == RolloutVerdict::ready || is_short_of_room(rollout) ||
         age >= longest_drain * 4;
}

Tick Canary::finalise(Session& session, const View& view) {
  State& state = session.state();
  const Tick soon{.again_in = rollout::poll_pods, .outcome = {}};
  if (!restore_size(session, view)) return soon;
  if (state.weight != 0 || !state.notes.contains("returned")) {
    state.weight = 0;
    state.notes["returned"] = "yes";
    session.save();
  }
  if (!state.notes.contains("drained_at")) {
    const Shares shares = router(session).set(session, 0);
    const Milliseconds now = session.clock().monotonic();
    if (!returning_) returning_ = now;
    if (!shares.pending.empty() && now - *returning_ < longest_drain * 2) return soon;
  }
  if (!drained(session)) return soon;
  if (!view.candidate.is_null() && rollout::replicas_of(view.candidate) > 0) {
    scale(session, canary_name(session.plan().app), 0);
    return soon;
  }
  router(session).tidy(session);
  return ended(session, ReleaseOutcome::succeeded);
}

}  // namespace mlopsctl::canary
