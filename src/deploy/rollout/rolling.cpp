// Rolling update of one Deployment. What is live is told by the pod template alone: it is the one
// of before, ours, or somebody else's.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/deploy.hpp"

#include "deploy/rollout/new_release.hpp"
#include "deploy/rollout/steps.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl {
namespace {

using namespace rollout;
using Severity = DeployEvent::Severity;

constexpr const char* change_cause = "kubernetes.io/change-cause";
constexpr const char* retry_annotation = "mlopsctl.dev/deploy-id";

class Rolling : public Strategy {
 public:
  explicit Rolling(const DeployTools& tools) : tools_(tools) {}

  void plan(Session& session, const PinnedImage& image) override;
  Tick tick(Session& session) override;
  std::vector<std::string> manual_steps(Session& session) const override;

 private:
  enum class Live { before, ours, foreign };

  Tick step(Session& session, const Json& deployment, const WorkloadView& view);
  Tick forward(Session& session, const Json& deployment, const WorkloadView& view);
  Tick smoke(Session& session, const Json& deployment, const WorkloadView& view);
  Tick back(Session& session, const Json& deployment, const WorkloadView& view);
  static Live live(Session& session, const Json& deployment);
  static void set_template(Session& session, const Json& deployment, const Release& release);

  DeployTools tools_;
  PhaseTimer timer_;
  Narrator narrator_;
};

void Rolling::plan(Session& session, const PinnedImage& image) {
  const std::string& name = session.plan().app;
  State& state = session.state();
  const Json deployment = require_deployment(session, name);
  refuse_paused(deployment);
  const Json& before = pod_template(deployment);
  const std::string container = container_of(session.plan(), before);
  const auto history = ReleaseHistory(session.cluster(), name).read();
  std::map<std::string, std::string> configs;
  Json next = planned_template(session.cluster(), name, before, configs);
  set_image(next, container, image.pinned);

  state.from = live_release(session.plan(), deployment, history);
  state.to = release_of(session, next, image, configs);
  state.to.replicas = replicas_of(deployment);
  state.to.deployment = name;
  state.notes["selector"] = selector_text(deployment);
  const bool same = state.to.template_hash == state.from.template_hash;
  const auto view = [&] { return read_workload(session.cluster(), name, state.notes["selector"]); };
  if (same && !tools_.retry) {
    require_healthy(session, view());
    throw AlreadyLive(fmt::format("{} serves already, with the same configuration", image.pinned));
  }
  if (same) {
    next["metadata"]["annotations"][retry_annotation] = state.id;
    state.to.pod_template_text = next.dump();
    if (const auto good = last_good(history, state.to.template_hash)) state.from = *good;
  }
  if (tools_.force_from_unhealthy) {
    state.notes["forced"] = "yes";
    return;
  }
  if (!same) require_healthy(session, view());
  state.notes["adopted"] = new_run_id();
}

Rolling::Live Rolling::live(Session& session, const Json& deployment) {
  const State& state = session.state();
  const Json& now = pod_template(deployment);
  const std::string hash = template_hash(now);
  if (hash == state.to.template_hash) {
    // A retry differs by its annotation only.
    const Json ours = Json::parse(state.to.pod_template_text);
    const Json::json_pointer mark("/metadata/annotations/mlopsctl.dev~1deploy-id");
    if (!ours.contains(mark) || (now.contains(mark) && now.at(mark) == ours.at(mark)))
      return Live::ours;
    return Live::before;
  }
  if (hash == state.from.template_hash) return Live::before;
  return Live::foreign;
}

void Rolling::set_template(Session& session, const Json& deployment, const Release& release) {
  const Json wanted = Json::parse(release.pod_template_text);
  const std::string cause = fmt::format("mlopsctl: {}", release.image);
  const std::string hash = template_hash(wanted);
  const Json operations{
      {{"op", "test"}, {"path", "/spec/template"}, {"value", pod_template(deployment)}},
      {{"op", "replace"}, {"path", "/spec/template"}, {"value", wanted}},
      {{"op", "add"},
       {"path", "/metadata/annotations/" + pointer_part(change_cause)},
       {"value", cause}}};
  session.change(deployment_ref(release.deployment), operations, [&](const Json& now) {
    return template_hash(pod_template(now)) == hash && annotation(now, change_cause) == cause;
  });
}

Tick Rolling::tick(Session& session) {
  const State& state = session.state();
  if (state.phase == Phase::preparing && state.abort_asked)
    return {.again_in = at_once, .outcome = ReleaseOutcome::aborted};
  if (state.paused) {
    session.tell(Severity::warn, "CannotPause", "a rolling update cannot be held, only aborted");
    session.state().paused = false;
    session.save();
  }
  turn_back_if_asked(session);
  const WorkloadView view =
      read_workload(session.cluster(), state.to.deployment, state.notes.at("selector"));
  if (view.deployment.empty())
    return stop(session, fmt::format("Deployment {} is gone", quote(state.to.deployment)));
  const Json& deployment = view.deployment.front();
  own(session, deployment);
  if (live(session, deployment) == Live::foreign) {
    return stop(session,
                fmt::format("somebody else changed the pods of Deployment {} (image {})",
                            quote(state.to.deployment),
                            image_of(pod_template(deployment),
                                     container_of(session.plan(), pod_template(deployment)))));
  }
  return step(session, deployment, view);
}

Tick Rolling::step(Session& session, const Json& deployment, const WorkloadView& view) {
  switch (session.state().phase) {
    case Phase::preparing:
      prepare(session);
      session.enter(Phase::starting);
      return {};
    case Phase::rolling_back:
      return back(session, deployment, view);
    case Phase::smoke:
      return smoke(session, deployment, view);
    default:
      return forward(session, deployment, view);
  }
}

Tick Rolling::forward(Session& session, const Json& deployment, const WorkloadView& view) {
  const State& state = session.state();
  const Milliseconds age = timer_.age(session);
  if (live(session, deployment) == Live::before) {
    set_template(session, deployment, state.to);
    session.tell(Severity::info, "RolloutStarted",
                 fmt::format("Deployment {}: {}", state.to.deployment, state.to.image));
    if (replicas_of(deployment) == 0) {
      session.tell(Severity::warn, "NoReplicas",
                   fmt::format("Deployment {} has 0 replicas: nothing will show whether it works",
                               state.to.deployment));
    }
    return {.again_in = poll_pods, .outcome = {}};
  }
  const Rollout rollout = judge(session, deployment, view, age, state.to.replicas);
  narrator_.tell(session, state.to.deployment, rollout);
  if (rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, rollout.reason + last_words(session.cluster(), rollout));
    return {};
  }
  if (rollout.verdict == RolloutVerdict::ready) {
    session.enter(Phase::smoke);
    return {};
  }
  return {.again_in = poll_pods, .outcome = {}};
}

Tick Rolling::smoke(Session& session, const Json& deployment, const WorkloadView& view) {
  const Milliseconds age = timer_.age(session);
  if (live(session, deployment) == Live::before) {  // put back by hand meanwhile
    turn_back(session, "the version before was put back meanwhile");
    return {};
  }
  if (session.state().is_rollback)
    return {.again_in = at_once, .outcome = ReleaseOutcome::succeeded};
  const Rollout rollout = judge(session, deployment, view, age, session.state().to.replicas);
  if (rollout.verdict == RolloutVerdict::failed) {
    turn_back(session, rollout.reason + last_words(session.cluster(), rollout));
    return {};
  }
  SmokeOutcome outcome = smoke_pods(session, tools_, rollout.ready_pods);
  if (outcome.passed) outcome = smoke_public(session, tools_);
  if (outcome.passed) return {.again_in = at_once, .outcome = ReleaseOutcome::succeeded};
  if (!outcome.reached && age < session.plan().budgets.smoke)
    return {.again_in = poll_pods, .outcome = {}};
  turn_back(session, "the smoke test failed: " + outcome.text);
  return {};
}

Tick Rolling::back(Session& session, const Json& deployment, const WorkloadView& view) {
  State& state = session.state();
  const Milliseconds age = timer_.age(session);
  const Live now = live(session, deployment);
  if (now == Live::ours && state.from.template_hash == state.to.template_hash) {
    session.tell(Severity::error, "NothingToGoBackTo",
                 "no other version is known to have been good, so that nothing was put back");
    return {.again_in = at_once, .outcome = ReleaseOutcome::failed};
  }
  if (now == Live::ours) {
    Release before = state.from;
    before.deployment = state.to.deployment;
    set_template(session, deployment, before);
    return {.again_in = poll_pods, .outcome = {}};
  }
  const Rollout rollout = judge_return(session, deployment, view, age, state.to.replicas);
  narrator_.tell(session, state.to.deployment, rollout);
  const bool was_unhealthy = state.notes.contains("forced");  // and need not be better now
  if (rollout.verdict == RolloutVerdict::ready || was_unhealthy)
    return {.again_in = at_once, .outcome = turned_back(state)};
  if (rollout.verdict == RolloutVerdict::waiting) return {.again_in = poll_pods, .outcome = {}};
  session.tell(Severity::error, "RollbackFailed",
               fmt::format("{} was put back and does not come up: {}", state.from.image,
                           rollout.reason + last_words(session.cluster(), rollout)));
  return {.again_in = at_once, .outcome = ReleaseOutcome::failed};
}

std::vector<std::string> Rolling::manual_steps(Session& session) const {
  const State& state = session.state();
  if (state.from.image.empty()) return {};
  const Json before = Json::parse(state.from.pod_template_text);
  const std::string kubectl = kubectl_line(session);
  return {
      fmt::format("{} set image deployment/{} {}={}", kubectl, state.to.deployment,
                  container_of(session.plan(), before), state.from.image),
      fmt::format("{} rollout status deployment/{} --timeout=10m", kubectl, state.to.deployment)};
}

}  // namespace

std::unique_ptr<Strategy> make_rolling(const DeployTools& tools) {
  return std::make_unique<Rolling>(tools);
}

}  // namespace mlopsctl
