// A canary, tick by tick. What is next is decided from the cluster and the State.
//
// Flagger's counting (reference 1.1): the pods come up, pre-rollout hooks, first weight without a
// look at metrics; then one analysis an interval, a step when it passes, the weight held when it
// does not; `threshold` failures in all end it at the beginning of the next interval; after the
// analysis at the last weight it is promoted. Beyond Flagger: pods are watched between the
// intervals, so that lost readiness and crashes end it at once; an interval begins when the step
// before it is done, so that nothing is caught up on after a pause; while the stable Deployment
// takes the new template, the canary keeps its pods and its traffic, and the template is put back
// when it does not come up (reference 4.1).
//
// notes: "selector" (of the stable pods), "canary.labels", "canary.selector" (JSON), "canary.pods"
// (how many at first), "settling" (a weight is set, but not all has followed), "last_failure",
// "stable_changed" (the stable Deployment was to take the new template), "returned", "gate" and
// "gate.since" (a confirmation is waited for), "promote", "template_of_somebody" (the stable
// template is another's and stays), "drained_at"; "route.…" are the router's.
#pragma once

#include "mlopsctl/deploy/deploy.hpp"
#include "mlopsctl/deploy/hooks.hpp"
#include "mlopsctl/deploy/traffic.hpp"

#include "deploy/rollout/steps.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::canary {

// All that a tick looks at: two calls.
struct View {
  Json stable, candidate;  // Deployments; null if they are gone
  WorkloadView workload;   // ReplicaSets and pods of the candidate
  Rollout rollout;         // of the candidate; waiting if there is none
};

enum class Confirmation { yes, no, timed_out };

class Canary : public Strategy {
 public:
  explicit Canary(const DeployTools& tools) : tools_(tools) {}

  void plan(Session& session, const PinnedImage& image) override;
  Tick tick(Session& session) override;
  std::vector<std::string> manual_steps(Session& session) const override;

 private:
  // canary_plan.cpp
  void plan_pods(Session& session, const Json& stable, const Json& pod_template);
  // canary.cpp
  View look(Session& session);
  std::string foreign(Session& session, const View& view) const;
  Tick step(Session& session, const View& view);
  Tick prepare(Session& session);
  Tick wait_for_rollout(Session& session);
  Tick start(Session& session, const View& view);
  TrafficRouter& router(Session& session);
  const DeployPlan& hook_plan(Session& session);  // with the namespace that it is
  void tell(Session& session, DeployEvent::Severity severity, const std::string& reason,
            const std::string& message, const std::map<std::string, double>& values = {});
  void turn_back(Session& session, const std::string& reason);
  std::vector<HookResult> ask(Session& session, HookKind kind);
  // Whether all hooks of a gate say yes; tells once that it waits.
  Confirmation confirm(Session& session, HookKind kind);
  Tick ended(Session& session, ReleaseOutcome outcome);

  // canary_progress.cpp
  Tick progress(Session& session, const View& view);
  std::string trouble_of(Session& session, const View& view);
  std::optional<Tick> settle(Session& session);
  void interval(Session& session, const View& view);
  bool begin_analysis(Session& session, const View& view);
  bool analyse(Session& session, const View& view);
  void failed_check(Session& session, const std::string& why);
  void advance(Session& session);
  void advance_iteration(Session& session);
  void ask_promotion(Session& session);
  void set_weight(Session& session, int weight);
  void begin_interval(Session& session);
  AnalysisSubject subject(Session& session, const View& view);

  // canary_promotion.cpp
  Tick promote(Session& session, const View& view);
  Tick finalise(Session& session, const View& view);
  bool drained(Session& session);
  bool restore_size(Session& session, const View& view);
  bool set_template(Session& session, const Json& stable, const Release& release);
  void scale(Session& session, const std::string& deployment, int replicas);

  // canary_return.cpp
  Tick back(Session& session, const View& view);
  bool stable_can_serve(Session& session, const View& view);

  DeployTools tools_;
  std::unique_ptr<TrafficRouter> router_;
  std::optional<DeployPlan> hook_plan_;
  rollout::PhaseTimer timer_;
  rollout::Narrator narrator_;
  std::optional<Milliseconds> unwell_, unsettled_, returning_;  // monotonic
  std::map<std::string, int> restarts_;   // of the canary's pods, as first seen
  std::map<std::string, double> values_;  // of the last analysis
  std::string analysis_;                  // the same for people
  bool told_pause_ = false, prepared_ = false;
};

inline constexpr Milliseconds poll_health{2'000};

std::string selector_text(const std::map<std::string, std::string>& labels);
// Pods of it find no node.
bool is_short_of_room(const Rollout& rollout);
// Whether the Deployment has the template of a release.
bool runs(const Json& deployment, const Release& release);

}  // namespace mlopsctl::canary
