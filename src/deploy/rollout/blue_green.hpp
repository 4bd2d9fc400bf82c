// Two Deployments, of which the Service selects one by a label. What is live is told by the
// selector alone; the other colour may be scaled and changed at will.
//
// notes: "old", "new" (colours), "parked" (hash of the new colour's template before), "old_size",
// "selector" (labels that both colours have), "switched" (traffic has been on the new colour).
#pragma once

#include "mlopsctl/deploy/deploy.hpp"

#include "deploy/rollout/steps.hpp"
#include "deploy/rollout/workload.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::rollout {

// For kube-proxies to follow the Service, before pods that got its traffic end.
inline constexpr Milliseconds longest_drain{30'000};

// All that a tick looks at, read in one call.
struct Colours {
  Json service, old_side, new_side;  // Deployments; null if they are gone
  WorkloadView workload;             // ReplicaSets and pods of both
  std::vector<std::string> serving;  // pods that the Service sends traffic to
  std::string live;                  // value of the Service's label
};
Colours read_colours(Session& session);

std::string service_of(const DeployPlan& plan);
std::string deployment_of(const DeployPlan& plan, const std::string& colour);
// blue for green, green for blue. Throws Error{conflict} for a Service that selects neither.
std::string other_colour(const DeployPlan& plan, const std::string& live);
std::string live_colour(const DeployPlan& plan, const Json& service);
// The template with labels and selectors of that colour, for the pods of its Deployment.
Json in_colour(const DeployPlan& plan, const Json& pod_template, const Json& deployment);

// Fills notes, sizes and the Deployments of State::to, for a template of any colour.
void plan_colours(Session& session, const Json& service, const Json& live_side,
                  const Json& other_side, const Json& next_template);

class BlueGreen : public Strategy {
 public:
  explicit BlueGreen(const DeployTools& tools) : tools_(tools) {}

  void plan(Session& session, const PinnedImage& image) override;
  Tick tick(Session& session) override;
  std::vector<std::string> manual_steps(Session& session) const override;

 private:
  Tick step(Session& session, const Colours& colours);
  Tick start(Session& session, const Colours& colours);
  Tick smoke(Session& session, const Colours& colours);
  Tick promote(Session& session, const Colours& colours);
  Tick verify_switch(Session& session, const Colours& colours, const Rollout& rollout);
  Tick settle(Session& session, const Colours& colours);
  Tick park_old(Session& session, const Colours& colours);
  Tick back(Session& session, const Colours& colours);
  Tick return_traffic(Session& session, const Colours& colours);
  Tick park_new(Session& session, const Colours& colours);
  static bool lost_its_ground(Session& session, const Colours& colours);
  std::optional<Tick> foreign(Session& session, const Colours& colours) const;
  // Raises a colour to a size; false when it is there already or was raised often enough.
  bool raise(Session& session, const Json& deployment, int size);
  Rollout judge_new(Session& session, const Colours& colours);
  // What is wrong with the traffic on the new colour; empty: nothing.
  std::string trouble_of(Session& session, const Colours& colours, const Rollout& rollout);

  DeployTools tools_;
  PhaseTimer timer_;
  Narrator narrator_;
  std::optional<Milliseconds> switched_, unwell_, returned_, smoked_;  // monotonic
  int raised_ = 0;
  bool told_pause_ = false;
};

}  // namespace mlopsctl::rollout
