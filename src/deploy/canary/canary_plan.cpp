// What a canary would do: image, template, labels, numbers of pods.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/canary/canary.hpp"
#include "deploy/canary/canary_objects.hpp"
#include "deploy/canary/weights.hpp"
#include "deploy/rollout/new_release.hpp"
#include "deploy/rollout/workload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::canary {
namespace {

void require_metrics(const DeployPlan& plan, const MetricSource* metrics) {
  const bool needed = !plan.canary.metrics.empty() || plan.canary.compare_to_stable;
  if (!needed || plan.canary.skip_analysis || metrics != nullptr) return;
  throw Error(ErrorKind::config, "the gates of this canary need Prometheus, and none is named",
              "prometheus: http://… in the plan, or canary.skipAnalysis to go without gates");
}

// The autoscaler of a Deployment; empty if there is none.
std::string autoscaler_of(Cluster& cluster, const std::string& deployment) {
  const std::vector<ObjectRef> all{
      {.kind = "horizontalpodautoscalers.autoscaling", .name = {}, .selector = {}}};
  for (const Json& scaler : cluster.get(all)) {
    const Json target = scaler.at("spec").value("scaleTargetRef", Json::object());
    if (target.value("kind", "") == "Deployment" && target.value("name", "") == deployment)
      return scaler.at("metadata").at("name").get<std::string>();
  }
  return {};
}

// A wrong name in a query is found before anything is touched.
void check_queries(const DeployPlan& plan) {
  for (const MetricGate& gate : plan.canary.metrics) gate_query(gate, AnalysisSubject{});
}

}  // namespace

std::string selector_text(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(key + "=" + value);
  return join(parts, ",");
}

void Canary::plan_pods(Session& session, const Json& stable, const Json& pod_template) {
  const DeployPlan& plan = session.plan();
  State& state = session.state();
  const bool by_replicas = plan.canary.traffic.router == RouterKind::replicas;
  const std::string service = router(session).stable_service(session.cluster());
  const auto found = get_one(session.cluster(), service_ref(service));
  if (!found) {
    throw Error(ErrorKind::not_found, fmt::format("there is no Service {}", quote(service)));
  }
  const Labels taken = labels_at(*found, "/spec/selector");
  if (!selects(taken, labels_at(pod_template, "/metadata/labels"))) {
    throw Error(ErrorKind::config,
                fmt::format("Service {} does not select the pods of Deployment {}", quote(service),
                            quote(plan.app)));
  }
  const bool apart = !by_replicas || plan.canary.iterations > 0;
  const Identity identity = identity_of(stable, pod_template, taken, apart);
  if (!apart && !selects(taken, identity.labels)) {
    throw Error(ErrorKind::config,
                fmt::format("Service {} would not take a canary's pods: it selects {}",
                            quote(service), selector_text(taken)),
                "with replica ratios one Service takes both: leave the track out of its selector");
  }
  state.notes["canary.labels"] = Json(identity.labels).dump();
  state.notes["canary.selector"] = Json(identity.selector).dump();
  const std::string scaler = autoscaler_of(session.cluster(), plan.app);
  if (!scaler.empty()) state.notes["route.autoscaler"] = scaler;
  const int replicas = std::max(1, state.to.replicas);
  state.notes["canary.pods"] = std::to_string(pods_at_start(plan, replicas, !scaler.empty()));
  if (plan.canary.skip_analysis) return;
  for (const auto& text : check_shares(plan, replicas, !scaler.empty())) {
    session.tell(DeployEvent::Severity::warn, "ShareIsAnother", text);
  }
}

void Canary::plan(Session& session, const PinnedImage& image) {
  const DeployPlan& plan = session.plan();
  State& state = session.state();
  require_metrics(plan, tools_.metrics);
  check_queries(plan);
  const Json stable = rollout::require_deployment(session, plan.app);
  rollout::refuse_paused(stable);
  if (rollout::replicas_of(stable) == 0) {
    throw Error(ErrorKind::conflict,
                fmt::format("Deployment {} has no pods, so that there is no traffic to share",
                            quote(plan.app)),
                "'mlopsctl deploy rolling' brings the image there, 'kubectl scale' the pods");
  }
  const Json& before = rollout::pod_template(stable);
  const auto history = ReleaseHistory(session.cluster(), plan.app).read();
  std::map<std::string, std::string> configs;
  Json next = rollout::planned_template(session.cluster(), plan.app, before, configs);
  rollout::set_image(next, rollout::container_of(plan, next), image.pinned);

  state.from = rollout::live_release(plan, stable, history);
  state.to = rollout::release_of(session, next, image, configs);
  state.to.replicas = rollout::replicas_of(stable);
  state.to.deployment = plan.app;
  state.notes["selector"] = rollout::selector_text(stable);
  const bool same = state.to.template_hash == state.from.template_hash;
  if (same && !tools_.retry) {
    throw AlreadyLive(fmt::format("{} serves already, with the same configuration", image.pinned));
  }
  plan_pods(session, stable, next);
  if (tools_.force_from_unhealthy) {
    state.notes["forced"] = "yes";
    return;
  }
  rollout::require_healthy(session,
                           read_workload(session.cluster(), plan.app, state.notes["selector"]));
  state.notes["adopted"] = new_run_id();
}

std::vector<std::string> Canary::manual_steps(Session& session) const {
  const State& state = session.state();
  const std::string app = session.plan().app;
  const std::string kubectl = rollout::kubectl_line(session);
  std::vector<std::string> lines;
  if (state.notes.contains("stable_changed")) {
    lines.push_back(fmt::format("{} rollout undo deployment/{}", kubectl, app));
    lines.push_back(fmt::format("{} rollout status deployment/{} --timeout=10m", kubectl, app));
  }
  for (const auto& step : make_router(session.plan())->manual_steps(state)) {
    lines.push_back(fmt::format("{} {}", kubectl, step));
  }
  lines.push_back(fmt::format("{} scale deployment/{} --replicas=0", kubectl, canary_name(app)));
  return lines;
}

}  // namespace mlopsctl::canary
