// The phases, up to the pods of the canary; what is told, asked and noticed in all of them.
#include "deploy/canary/canary.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/canary/canary_objects.hpp"
#include "deploy/rollout/new_release.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlopsctl::canary {
namespace {

using Severity = DeployEvent::Severity;

Json operation(const char* op, const std::string& path, const Json& value) {
  return {{"op", op}, {"path", path}, {"value", value}};
}

bool is_before_traffic(Phase phase) {
  return phase == Phase::preparing || phase == Phase::waiting || phase == Phase::starting;
}

}  // namespace

bool runs(const Json& deployment, const Release& release) {
  const Json wanted = Json::parse(release.pod_template_text);
  return template_hash(as_stable(rollout::pod_template(deployment), wanted)) ==
         template_hash(wanted);
}

TrafficRouter& Canary::router(Session& session) {
  if (!router_) router_ = make_router(session.plan());
  return *router_;
}

const DeployPlan& Canary::hook_plan(Session& session) {
  if (!hook_plan_) {
    hook_plan_ = session.plan();
    hook_plan_->name_space = session.cluster().name_space();
  }
  return *hook_plan_;
}

void Canary::tell(Session& session, Severity severity, const std::string& reason,
                  const std::string& message, const std::map<std::string, double>& values) {
  session.tell(severity, reason, message, values);
  if (!has_hooks(session.plan(), HookKind::event)) return;
  try {
    call_hooks(
        tools_.http, hook_plan(session), HookKind::event, session.state(),
        {{"eventMessage", message},
         {"eventType", severity == Severity::info ? "Normal" : "Warning"},
         {"timestamp", std::to_string(session.clock().wall().ms)}},
        [](Milliseconds) {}, [&] { session.keep(); });
  } catch (const ClusterError&) {
    throw;
  } catch (const LockLost&) {
    throw;
  } catch (const Error&) {  // who listens must not disturb
  }
}

void Canary::turn_back(Session& session, const std::string& reason) {
  State& state = session.state();
  if (state.reason.empty()) state.reason = reason;
  session.enter(Phase::rolling_back);
  tell(session, state.abort_asked ? Severity::warn : Severity::error, "RollingBack",
       fmt::format("going back to {}: {}", state.from.image, reason));
}

std::vector<HookResult> Canary::ask(Session& session, HookKind kind) {
  if (!has_hooks(session.plan(), kind)) return {};
  const auto wait = [&](Milliseconds time) { rollout::take_request(session, session.pause(time)); };
  return call_hooks(tools_.http, hook_plan(session), kind, session.state(), {}, wait,
                    [&] { session.keep(); });
}

Confirmation Canary::confirm(Session& session, HookKind kind) {
  auto& notes = session.state().notes;
  const std::string gate(to_string(kind));
  const auto results = ask(session, kind);
  if (results.empty() || results.back().yes) {
    notes.erase("gate");
    notes.erase("gate.since");
    return Confirmation::yes;
  }
  const std::int64_t now = session.clock().wall().ms;
  if (!notes.contains("gate") || notes["gate"] != gate) {
    notes["gate"] = gate;
    notes["gate.since"] = std::to_string(now);
    session.save();
    tell(session, Severity::warn, "WaitingForGate",
         fmt::format("{} hook {}: {}", gate, results.back().name, results.back().text));
  }
  const Milliseconds patience = session.plan().canary.gate_timeout;
  const auto since = parse_integer(notes["gate.since"]).value_or(now);
  if (patience > Milliseconds{0} && now - since >= patience.count()) return Confirmation::timed_out;
  return Confirmation::no;
}

View Canary::look(Session& session) {
  const State& state = session.state();
  const std::string app = session.plan().app;
  const auto labels = Json::parse(state.notes.at("canary.selector")).get<Labels>();
  const std::string selector = selector_text(labels);
  const std::array<ObjectRef, 4> references{
      deployment_ref(app), deployment_ref(canary_name(app)),
      ObjectRef{.kind = "replicasets.apps", .name = {}, .selector = selector},
      ObjectRef{.kind = "pods", .name = {}, .selector = selector}};
  View view;
  for (Json& found : session.cluster().get(references)) {
    const std::string kind = found.value("kind", "");
    if (kind == "Pod") {
      view.workload.pods.push_back(std::move(found));
    } else if (kind == "ReplicaSet") {
      view.workload.replica_sets.push_back(std::move(found));
    } else {
      // In two steps: the right side of an assignment comes first, and leaves nothing to look at.
      Json& workload = found.at("metadata").at("name") == app ? view.stable : view.candidate;
      workload = std::move(found);
    }
  }
  if (!view.candidate.is_null()) {
    // Pods that were well once have the budget anew when they are not any more.
    const Milliseconds now = session.clock().monotonic();
    const bool up = state.phase != Phase::starting;
    const Milliseconds age = !up ? timer_.age(session) : unwell_ ? now - *unwell_ : Milliseconds{0};
    view.rollout = rollout::judge(session, view.candidate, view.workload, age, 0);
  }
  return view;
}

// What somebody else did to the objects of this deployment; empty: nothing.
std::string Canary::foreign(Session& session, const View& view) const {
  const State& state = session.state();
  const bool promoting = state.notes.contains("stable_changed");
  const auto image = [&](const Json& deployment) {
    const Json& pods = rollout::pod_template(deployment);
    return rollout::image_of(pods, rollout::container_of(session.plan(), pods));
  };
  if (!runs(view.stable, state.from) && !(promoting && runs(view.stable, state.to))) {
    return fmt::format("somebody else changed the pods of Deployment {} (image {})",
                       quote(session.plan().app), image(view.stable));
  }
  if (is_before_traffic(state.phase) || state.phase == Phase::finalising) return {};
  const std::string name = canary_name(session.plan().app);
  if (view.candidate.is_null())
    return fmt::format("somebody else removed Deployment {}", quote(name));
  if (runs(view.candidate, state.to)) return {};
  return fmt::format("somebody else changed the pods of Deployment {} (image {})", quote(name),
                     image(view.candidate));
}

Tick Canary::tick(Session& session) {
  State& state = session.state();
  if (state.phase == Phase::preparing) {
    if (state.abort_asked) return {.again_in = {}, .outcome = ReleaseOutcome::aborted};
    return prepare(session);
  }
  timer_.age(session);  // begins with the phase
  if (state.abort_asked && state.phase != Phase::rolling_back) {
    turn_back(session, state.reason.empty() ? "aborted" : state.reason);
  }
  const View view = look(session);
  if (view.stable.is_null()) {
    return rollout::stop(session, fmt::format("Deployment {} is gone", quote(session.plan().app)));
  }
  if (state.phase != Phase::rolling_back) {
    if (const std::string what = foreign(session, view); !what.empty()) {
      if (!runs(view.stable, state.from) && !runs(view.stable, state.to))
        state.notes["template_of_somebody"] = "yes";
      turn_back(session, what);
    }
  }
  own(session, deployment_ref(session.plan().app), view.stable);
  if (!view.candidate.is_null())
    own(session, deployment_ref(canary_name(session.plan().app)), view.candidate);
  return step(session, view);
}

Tick Canary::step(Session& session, const View& view) {
  switch (session.state().phase) {
    case Phase::waiting:
      return wait_for_rollout(session);
    case Phase::starting:
      return start(session, view);
    case Phase::promoting:
      return promote(session, view);
    case Phase::finalising:
      return finalise(session, view);
    case Phase::rolling_back:
      return back(session, view);
    default:
      return progress(session, view);
  }
}

Tick Canary::prepare(Session& session) {
  rollout::prepare(session);
  session.enter(Phase::waiting);
  return {};
}

Tick Canary::wait_for_rollout(Session& session) {
  const bool asked = session.state().notes.contains("promote") || session.state().is_rollback;
  switch (asked ? Confirmation::yes : confirm(session, HookKind::confirm_rollout)) {
    case Confirmation::yes:
      session.enter(Phase::starting);
      return {};
    case Confirmation::timed_out:
      session.state().abort_asked = true;
      turn_back(session, "confirm-rollout was not given in time");
      return {};
    case Confirmation::no:
      break;
  }
  return {.again_in = session.plan().canary.interval, .outcome = {}};
}

Tick Canary::start(Session& session, const View& view) {
  const State& state = session.state();
  const std::string name = canary_name(session.plan().app);
  const Json pod_template = Json::parse(state.to.pod_template_text);
  const int pods = static_cast<int>(parse_integer(state.notes.at("canary.pods")).value_or(1));
  const Identity identity{.labels = Json::parse(state.notes.at("canary.labels")).get<Labels>(),
                          .selector = Json::parse(state.notes.at("canary.selector")).get<Labels>(),
                          .changed_label = {}};
  const Json wanted = candidate_manifest(view.stable, pod_template, identity, pods);
  const Tick soon{.again_in = rollout::poll_pods, .outcome = {}};
  if (!view.candidate.is_null() &&
      labels_at(view.candidate, "/spec/selector/matchLabels") != identity.selector) {
    if (rollout::replicas_of(view.candidate) > 0) {
      turn_back(session,
                fmt::format("Deployment {} is there already and selects other pods", quote(name)));
      return {};
    }
    session.keep();
    session.cluster().remove(deployment_ref(name));  // a selector cannot be changed
    return soon;
  }
  if (!prepared_) router(session).prepare(session);
  prepared_ = true;
  if (view.candidate.is_null()) {
    session.create(wanted);
    tell(session, Severity::info, "CanaryStarted",
         fmt::format("Deployment {}: {}, {} pods", name, state.to.image, pods));
    return soon;
  }
  const Json& now = rollout::pod_template(view.candidate);
  const bool same =
      runs(view.candidate, state.to) && labels_at(now, "/metadata/labels") == identity.labels;
  if (!same || rollout::replicas_of(view.candidate) != pods) {
    Json operations = Json::array({operation("add", "/spec/replicas", pods)});
    if (!same) {
      operations.insert(operations.begin(), operation("test", "/spec/template", now));
      operations.push_back(
          operation("replace", "/spec/template", wanted.at("spec").at("template")));
    }
    session.change(deployment_ref(name), operations, [&](const Json& found) {
      return runs(found, state.to) && rollout::replicas_of(found) == pods;
    });
    tell(session, Severity::info, "CanaryStarted",
         fmt::format("Deployment {}: {}, {} pods", name, state.to.image, pods));
    return soon;
  }
  narrator_.tell(session, name, view.rollout);
  if (view.rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, view.rollout.reason + rollout::last_words(session.cluster(), view.rollout));
    return {};
  }
  if (view.rollout.verdict != RolloutVerdict::ready) return soon;
  session.state().next_tick = session.clock().wall();
  session.enter(Phase::progressing);
  return {};
}

Tick Canary::ended(Session& session, ReleaseOutcome outcome) {
  State last = session.state();
  last.phase = Phase::done;
  last.outcome = outcome;
  std::vector<HookResult> results;
  try {
    results = call_hooks(
        tools_.http, hook_plan(session), HookKind::post_rollout, last, {}, [](Milliseconds) {},
        [&] { session.keep(); });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) throw;
  }
  for (const auto& result : results) {
    if (result.yes) continue;
    tell(session, Severity::warn, "HookFailed",
         fmt::format("post-rollout hook {}: {}", result.name, result.text));
  }
  return {.again_in = {}, .outcome = outcome};
}

}  // namespace mlopsctl::canary

namespace mlopsctl {

std::unique_ptr<Strategy> make_canary(const DeployTools& tools) {
  return std::make_unique<canary::Canary>(tools);
}

}  // namespace mlopsctl
