// The way to the new colour: up, ready, smoke, switch, settle, and the old one down.
#include "deploy/rollout/blue_green.hpp"

#include "mlopsctl/base/text.hpp"

#include "deploy/rollout/new_release.hpp"
#include "deploy/rollout/pod_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::rollout {
namespace {

using Severity = DeployEvent::Severity;

constexpr Milliseconds poll_live{2'000};
constexpr Milliseconds smoke_every{5'000};
constexpr Milliseconds endpoints_patience{60'000};  // for EndpointSlices to follow a selector
constexpr Milliseconds blip{10'000};                // one readiness probe may fail
constexpr int most_raises = 3;  // an autoscaler of the colour may want it otherwise

bool is_part_of(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return std::ranges::all_of(
      some, [&](const std::string& name) { return std::ranges::find(all, name) != all.end(); });
}

Json operation(const char* op, const std::string& path, const Json& value) {
  return {{"op", op}, {"path", path}, {"value", value}};
}

}  // namespace

Tick BlueGreen::tick(Session& session) {
  const State& state = session.state();
  if (state.phase == Phase::preparing && state.abort_asked)
    return {.again_in = at_once, .outcome = ReleaseOutcome::aborted};
  turn_back_if_asked(session);
  const Colours colours = read_colours(session);
  if (const auto end = foreign(session, colours)) return *end;
  if (lost_its_ground(session, colours)) {
    turn_back(session, fmt::format("somebody else changed the pods of Deployment {}, which serves",
                                   quote(deployment_of(session.plan(), colours.live))));
  }
  for (const Json* object : {&colours.old_side, &colours.new_side, &colours.service})
    own(session, *object);
  return step(session, colours);
}

Tick BlueGreen::step(Session& session, const Colours& colours) {
  switch (session.state().phase) {
    case Phase::preparing:
      prepare(session);
      session.enter(Phase::starting);
      return {};
    case Phase::smoke:
      return smoke(session, colours);
    case Phase::promoting:
      return promote(session, colours);
    case Phase::finalising:
      return settle(session, colours);
    case Phase::rolling_back:
      return back(session, colours);
    default:
      return start(session, colours);
  }
}

std::optional<Tick> BlueGreen::foreign(Session& session, const Colours& colours) const {
  const State& state = session.state();
  const DeployPlan& plan = session.plan();
  for (const auto& [object, name] :
       {std::pair{&colours.service, "Service " + quote(service_of(plan))},
        std::pair{&colours.old_side,
                  "Deployment " + quote(deployment_of(plan, state.notes.at("old")))},
        std::pair{&colours.new_side, "Deployment " + quote(state.to.deployment)}}) {
    if (object->is_null()) return stop(session, name + " is gone");
  }
  if (colours.live != state.notes.at("old") && colours.live != state.notes.at("new"))
    return stop(session, fmt::format("somebody else changed the selector of Service {} to {}={}",
                                     quote(service_of(plan)), plan.blue_green.label, colours.live));
  const Json& now = pod_template(colours.new_side);
  const std::string hash = version_hash(plan, now);
  const bool untouched = hash == state.notes.at("parked") && colours.live == state.notes.at("old");
  if (hash == state.to.template_hash || untouched) return std::nullopt;
  return stop(session,
              fmt::format("somebody else changed the pods of Deployment {} (image {})",
                          quote(state.to.deployment), image_of(now, container_of(plan, now))));
}

// The live colour is not what it was when this was planned: a switch would undo somebody's work.
bool BlueGreen::lost_its_ground(Session& session, const Colours& colours) {
  const State& state = session.state();
  return state.phase != Phase::rolling_back && colours.live == state.notes.at("old") &&
         version_hash(session.plan(), pod_template(colours.old_side)) != state.from.template_hash;
}

Rollout BlueGreen::judge_new(Session& session, const Colours& colours) {
  Rollout rollout = judge(session, colours.new_side, colours.workload, timer_.age(session),
                          session.state().to.replicas);
  narrator_.tell(session, session.state().to.deployment, rollout);
  return rollout;
}

bool BlueGreen::raise(Session& session, const Json& deployment, int size) {
  const int now = replicas_of(deployment);
  if (now >= size || (now > 0 && raised_ >= most_raises)) return false;
  const std::string name = text_at(deployment.at("metadata"), "name");
  session.change(deployment_ref(name), Json::array({operation("add", "/spec/replicas", size)}),
                 [&](const Json& found) { return replicas_of(found) >= size; });
  ++raised_;
  session.tell(Severity::info, "Scaled", fmt::format("Deployment {}: {} replicas", name, size));
  return true;
}

Tick BlueGreen::start(Session& session, const Colours& colours) {
  State& state = session.state();
  const Json& side = colours.new_side;
  if (colours.live == state.notes.at("new")) {  // was switched by somebody who died since
    session.enter(Phase::promoting);
    return {};
  }
  const int size = std::max(state.to.replicas, replicas_of(colours.old_side));
  if (version_hash(session.plan(), pod_template(side)) != state.to.template_hash) {
    const std::string cause = "mlopsctl: " + state.to.image;
    const Json operations = Json::array(
        {operation("test", "/spec/template", pod_template(side)),
         operation("replace", "/spec/template", Json::parse(state.to.pod_template_text)),
         operation("add", "/spec/replicas", size),
         operation("add", "/metadata/annotations/kubernetes.io~1change-cause", cause)});
    session.change(deployment_ref(state.to.deployment), operations, [&](const Json& found) {
      return version_hash(session.plan(), pod_template(found)) == state.to.template_hash;
    });
    session.tell(
        Severity::info, "RolloutStarted",
        fmt::format("Deployment {}: {}, {} replicas", state.to.deployment, state.to.image, size));
    return {.again_in = poll_pods, .outcome = {}};
  }
  if (raise(session, side, size)) return {.again_in = poll_pods, .outcome = {}};
  const Rollout rollout = judge_new(session, colours);
  if (rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, rollout.reason + last_words(session.cluster(), rollout));
  } else if (rollout.verdict == RolloutVerdict::ready) {
    session.enter(state.is_rollback ? Phase::promoting : Phase::smoke);
  } else {
    return {.again_in = poll_pods, .outcome = {}};
  }
  return {};
}

Tick BlueGreen::smoke(Session& session, const Colours& colours) {
  const Rollout rollout = judge_new(session, colours);
  if (rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, rollout.reason + last_words(session.cluster(), rollout));
    return {};
  }
  if (rollout.ready_pods.empty()) return {.again_in = poll_pods, .outcome = {}};
  const SmokeOutcome outcome = smoke_pods(session, tools_, rollout.ready_pods);
  if (outcome.passed) {
    session.enter(Phase::promoting);
  } else if (!outcome.reached && timer_.age(session) < session.plan().budgets.smoke) {
    return {.again_in = poll_pods, .outcome = {}};
  } else {
    turn_back(session, "the smoke test failed: " + outcome.text);
  }
  return {};
}

Tick BlueGreen::promote(Session& session, const Colours& colours) {
  State& state = session.state();
  const Rollout rollout = judge_new(session, colours);
  if (colours.live == state.notes.at("new")) return verify_switch(session, colours, rollout);
  if (rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, rollout.reason + last_words(session.cluster(), rollout));
    return {};
  }
  if (state.paused) {
    if (!told_pause_)
      session.tell(Severity::warn, "Waiting", "ready to switch; 'mlopsctl deploy promote' does it");
    told_pause_ = true;
    return {.again_in = poll_live, .outcome = {}};
  }
  // The live colour may have grown since.
  if (raise(session, colours.new_side, replicas_of(colours.old_side)) ||
      rollout.verdict != RolloutVerdict::ready)
    return {.again_in = poll_pods, .outcome = {}};
  if (!state.notes.contains("switched")) {
    state.notes["switched"] = "yes";
    state.notes.erase("promote");  // that was for the switch; the next one is for the wait after it
    session.save();
  }
  const std::string path = "/spec/selector/" + pointer_part(session.plan().blue_green.label);
  const std::string& to = state.notes.at("new");
  session.change(
      service_ref(service_of(session.plan())),
      Json::array({operation("test", path, colours.live), operation("replace", path, to)}),
      [&](const Json& found) {
        return text_at(found.at("spec").at("selector"), session.plan().blue_green.label) == to;
      });
  session.tell(Severity::info, "Switched",
               fmt::format("Service {} sends its traffic to {}", service_of(session.plan()), to));
  return {.again_in = Milliseconds{500}, .outcome = {}};
}

// EndpointSlices follow the selector in a moment; what they hold is what users get.
Tick BlueGreen::verify_switch(Session& session, const Colours& colours, const Rollout& rollout) {
  const Milliseconds now = session.clock().monotonic();
  if (!switched_) switched_ = now;
  const bool followed = !colours.serving.empty() && is_part_of(colours.serving, rollout.pods);
  if (followed) {
    session.enter(Phase::finalising);
  } else if (rollout.verdict == RolloutVerdict::failed || rollout.ready_pods.empty()) {
    turn_back(session, "the new pods went away while the traffic was moved to them");
  } else if (now - *switched_ >= endpoints_patience) {
    turn_back(session, fmt::format("the endpoints of Service {} did not follow its selector in {}",
                                   service_of(session.plan()), human_duration(endpoints_patience)));
  } else {
    return {.again_in = Milliseconds{500}, .outcome = {}};
  }
  return {};
}

std::string BlueGreen::trouble_of(Session& session, const Colours& colours,
                                  const Rollout& rollout) {
  if (rollout.verdict == RolloutVerdict::failed)
    return rollout.reason + last_words(session.cluster(), rollout);
  if (rollout.ready_pods.empty()) return "no pod of the new version is ready any more";
  std::string unwell;
  const int size = std::min(session.state().to.replicas, rollout.wanted);
  if (colours.serving.empty()) {
    unwell = "the Service has no ready endpoint";
  } else if (!is_part_of(colours.serving, rollout.pods)) {
    unwell = "the Service sends traffic to pods that are not the new ones";
  } else if (rollout.ready < size) {
    unwell = fmt::format("only {} of {} pods are ready", rollout.ready, size);
  }
  const Milliseconds now = session.clock().monotonic();
  if (unwell.empty()) {
    unwell_.reset();
  } else if (!unwell_) {
    unwell_ = now;
  } else if (now - *unwell_ >= blip) {
    return unwell;
  }
  return {};
}

Tick BlueGreen::settle(Session& session, const Colours& colours) {
  const State& state = session.state();
  if (colours.live == state.notes.at("old"))
    return stop(session, fmt::format("somebody else switched Service {} back to {}",
                                     service_of(session.plan()), colours.live));
  const Milliseconds age = timer_.age(session);
  const Milliseconds now = session.clock().monotonic();
  const BlueGreenPlan& plan = session.plan().blue_green;
  const Milliseconds settle = state.is_rollback ? Milliseconds{0} : plan.settle;
  const Rollout rollout = judge_new(session, colours);
  std::string trouble = trouble_of(session, colours, rollout);
  if (trouble.empty() && age < settle && (!smoked_ || now - *smoked_ >= smoke_every)) {
    SmokeOutcome outcome = session.plan().smoke_url.empty()
                               ? smoke_pods(session, tools_, rollout.ready_pods)
                               : smoke_public(session, tools_);
    smoked_ = session.clock().monotonic();
    if (!outcome.passed) trouble = "a live check failed: " + outcome.text;
  }
  if (!trouble.empty()) {
    turn_back(session, trouble);
    return {};
  }
  const bool promoted = state.notes.contains("promote");
  // What a rollback left is nothing to go back to: it drains, and that is all.
  const Milliseconds keep =
      state.is_rollback ? std::min(plan.keep_old, longest_drain) : plan.keep_old;
  const Milliseconds left = promoted ? Milliseconds{0} : settle + keep - age;
  if (left > Milliseconds{0}) return {.again_in = std::min(poll_live, left), .outcome = {}};
  if (unwell_) return {.again_in = poll_live, .outcome = {}};
  return park_old(session, colours);
}

Tick BlueGreen::park_old(Session& session, const Colours& colours) {
  if (replicas_of(colours.old_side) == 0)
    return {.again_in = at_once, .outcome = ReleaseOutcome::succeeded};
  const std::string name = text_at(colours.old_side.at("metadata"), "name");
  session.change(deployment_ref(name), Json::array({operation("add", "/spec/replicas", 0)}),
                 [](const Json& found) { return replicas_of(found) == 0; });
  session.tell(Severity::info, "Scaled", fmt::format("Deployment {}: 0 replicas", name));
  return {};
}

}  // namespace mlopsctl::rollout
