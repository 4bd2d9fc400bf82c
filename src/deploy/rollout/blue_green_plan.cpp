#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/rollout/blue_green.hpp"
#include "deploy/rollout/new_release.hpp"
#include "deploy/rollout/pod_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::rollout {
namespace {

void require_apart(const DeployPlan& plan, const Json& one, const Json& other) {
  const std::string& label = plan.blue_green.label;
  for (const Json* side : {&one, &other}) {
    const std::string name = text_at(side->at("metadata"), "name");
    const Json own = side->at("spec").at("selector").value("matchLabels", Json::object());
    const std::string colour = text_at(own, label);
    if (deployment_of(plan, colour) == name) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("Deployment {} does not select its pods by {}={}", quote(name), label,
                            name.substr(std::min(name.size(), plan.app.size() + 1))),
                "a Deployment's selector cannot be changed: delete it and make it again with "
                "'mlopsctl deploy render'");
  }
}

WorkloadView view_of(Session& session, const Json& deployment, const std::string& selector) {
  return read_workload(session.cluster(), text_at(deployment.at("metadata"), "name"), selector);
}

}  // namespace

void plan_colours(Session& session, const Json& service, const Json& live_side,
                  const Json& other_side, const Json& next_template) {
  State& state = session.state();
  const DeployPlan& plan = session.plan();
  const std::string& label = plan.blue_green.label;
  require_apart(plan, live_side, other_side);
  const Json next = in_colour(plan, next_template, other_side);
  state.to.pod_template_text = next.dump();
  state.to.template_hash = version_hash(plan, next);
  state.to.deployment = text_at(other_side.at("metadata"), "name");
  state.to.replicas = std::max(plan.replicas, replicas_of(live_side));
  state.notes["old"] = live_colour(plan, service);
  state.notes["new"] = other_colour(plan, state.notes["old"]);
  state.notes["parked"] = version_hash(plan, pod_template(other_side));
  state.notes["old_size"] = std::to_string(std::max(1, replicas_of(live_side)));
  state.notes["selector"] = selector_text(live_side, label);
  if (state.notes["selector"].empty()) {
    throw Error(ErrorKind::config,
                fmt::format("the colours of {} have no label but '{}' in their selectors",
                            quote(plan.app), label),
                "give both a label that they share, such as app: " + plan.app);
  }
}

void BlueGreen::plan(Session& session, const PinnedImage& image) {
  const DeployPlan& plan = session.plan();
  State& state = session.state();
  const Json service = require_service(session, service_of(plan));
  const std::string live = live_colour(plan, service);
  const Json live_side = require_deployment(session, deployment_of(plan, live));
  const Json other = require_deployment(session, deployment_of(plan, other_colour(plan, live)));
  refuse_paused(live_side);
  refuse_paused(other);
  const auto history = ReleaseHistory(session.cluster(), plan.app).read();
  std::map<std::string, std::string> configs;
  Json next = planned_template(session.cluster(), plan.app, pod_template(live_side), configs);
  set_image(next, container_of(plan, next), image.pinned);

  state.from = live_release(plan, live_side, history);
  state.to = release_of(session, next, image, configs);
  plan_colours(session, service, live_side, other, next);
  if (state.to.template_hash == state.from.template_hash && !tools_.retry) {
    require_healthy(session, view_of(session, live_side, state.notes["selector"]));
    throw AlreadyLive(
        fmt::format("{} serves already ({}), with the same configuration", image.pinned, live));
  }
  if (tools_.force_from_unhealthy) {
    state.notes["forced"] = "yes";
    return;
  }
  require_healthy(session, view_of(session, live_side, state.notes["selector"]));
  state.notes["adopted"] = new_run_id();
}

std::vector<std::string> BlueGreen::manual_steps(Session& session) const {
  const State& state = session.state();
  const DeployPlan& plan = session.plan();
  const std::string kubectl = kubectl_line(session);
  const std::string old_side = deployment_of(plan, state.notes.at("old"));
  const Json patch{{{"op", "replace"},
                    {"path", "/spec/selector/" + pointer_part(plan.blue_green.label)},
                    {"value", state.notes.at("old")}}};
  return {fmt::format("{} scale deployment/{} --replicas={}", kubectl, old_side,
                      state.notes.at("old_size")),
          fmt::format("{} rollout status deployment/{} --timeout=10m", kubectl, old_side),
          fmt::format("{} patch service {} --type=json -p '{}'", kubectl, service_of(plan),
                      patch.dump()),
          fmt::format("{} scale deployment/{} --replicas=0", kubectl, state.to.deployment)};
}

}  // namespace mlopsctl::rollout

namespace mlopsctl {

std::unique_ptr<Strategy> make_blue_green(const DeployTools& tools) {
  return std::make_unique<rollout::BlueGreen>(tools);
}

}  // namespace mlopsctl
