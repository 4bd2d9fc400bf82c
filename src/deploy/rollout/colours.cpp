#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/rollout/blue_green.hpp"
#include "deploy/rollout/pod_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlopsctl::rollout {
namespace {

// Selectors inside a pod template (affinity, topology spread) that are about its own colour.
void recolour(Json& value, const std::string& label, const std::string& from,
              const std::string& to) {
  if (value.is_object()) {
    const auto labels = value.find("matchLabels");
    if (labels != value.end() && labels->value(label, "") == from) (*labels)[label] = to;
  }
  if (value.is_structured()) {
    for (Json& part : value) recolour(part, label, from, to);
  }
}

void sort_in(Colours& colours, const State& state, Json object, std::vector<Json>& slices) {
  const std::string kind = text_at(object, "kind");
  const std::string name = text_at(object.at("metadata"), "name");
  if (kind == "Service") {
    colours.service = std::move(object);
  } else if (kind == "Deployment") {
    (name == state.to.deployment ? colours.new_side : colours.old_side) = std::move(object);
  } else if (kind == "ReplicaSet") {
    colours.workload.replica_sets.push_back(std::move(object));
  } else if (kind == "Pod") {
    colours.workload.pods.push_back(std::move(object));
  } else {
    slices.push_back(std::move(object));
  }
}

}  // namespace

Colours read_colours(Session& session) {
  const State& state = session.state();
  const std::string service = service_of(session.plan());
  const std::string& selector = state.notes.at("selector");
  const std::array references{
      service_ref(service),
      deployment_ref(deployment_of(session.plan(), state.notes.at("old"))),
      deployment_ref(state.to.deployment),
      ObjectRef{.kind = "replicasets.apps", .name = {}, .selector = selector},
      ObjectRef{.kind = "pods", .name = {}, .selector = selector},
      ObjectRef{.kind = "endpointslices.discovery.k8s.io",
                .name = {},
                .selector = "kubernetes.io/service-name=" + service}};
  Colours colours;
  std::vector<Json> slices;
  for (Json& object : session.cluster().get(references))
    sort_in(colours, state, std::move(object), slices);
  colours.serving = serving_pods(slices);
  if (!colours.service.is_null())
    colours.live = text_at(colours.service.at("spec").value("selector", Json::object()),
                           session.plan().blue_green.label);
  return colours;
}

std::string service_of(const DeployPlan& plan) {
  return plan.service.empty() ? plan.app : plan.service;
}

std::string deployment_of(const DeployPlan& plan, const std::string& colour) {
  return plan.app + "-" + colour;
}

std::string other_colour(const DeployPlan& plan, const std::string& live) {
  return live == plan.blue_green.blue ? plan.blue_green.green : plan.blue_green.blue;
}

std::string live_colour(const DeployPlan& plan, const Json& service) {
  const BlueGreenPlan& names = plan.blue_green;
  std::string live = text_at(service.at("spec").value("selector", Json::object()), names.label);
  if (live == names.blue || live == names.green) return live;
  const std::string what =
      live.empty() ? fmt::format("does not select by the label '{}'", names.label)
                   : fmt::format("selects {}={}, which is no colour", names.label, live);
  throw Error(
      ErrorKind::conflict,
      fmt::format("Service {} {}, so that nobody knows which colour is live",
                  quote(service_of(plan)), what),
      fmt::format("its selector needs {0}: {1} or {0}: {2}", names.label, names.blue, names.green));
}

Json in_colour(const DeployPlan& plan, const Json& pod_template, const Json& deployment) {
  const std::string& label = plan.blue_green.label;
  Json result = pod_template;
  const Json own = deployment.at("spec").at("selector").value("matchLabels", Json::object());
  const Json labels = result.at("metadata").value("labels", Json::object());
  const std::string from = text_at(labels, label), to = text_at(own, label);
  for (const auto& [key, value] : own.items()) result["metadata"]["labels"][key] = value;
  if (!from.empty() && from != to) recolour(result["spec"], label, from, to);
  return result;
}

}  // namespace mlopsctl::rollout
