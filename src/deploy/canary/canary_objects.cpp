#include "deploy/canary/canary_objects.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mlopsctl::canary {
namespace {

constexpr const char* fence_annotation = "mlopsctl.dev/fence";
constexpr const char* app_label = "mlopsctl.dev/app";
constexpr const char* track = "mlopsctl.dev/track";
constexpr std::size_t longest_label = 63;

std::string canary_value(const std::string& value) {
  constexpr std::string_view ending = "-canary";
  return value.substr(0, longest_label - ending.size()) + std::string(ending);
}

// A label that both the Service and the Deployment select by, or else any of the Service's.
std::string label_to_change(const Labels& service, const Labels& deployment) {
  for (const auto& [key, value] : service) {
    if (key != track && deployment.contains(key)) return key;
  }
  for (const auto& [key, value] : service) {
    if (key != track) return key;
  }
  return {};
}

Json own_metadata(const std::string& name, const std::string& app, const Json& source) {
  Json metadata{{"name", name}, {"labels", Json::object()}};
  const auto pointer = Json::json_pointer("/metadata/labels");
  if (source.contains(pointer)) metadata["labels"] = source.at(pointer);
  metadata["labels"][app_label] = app;
  metadata["labels"][track] = "canary";
  return metadata;
}

std::string annotation(const Json& object, const char* name) {
  const auto pointer = Json::json_pointer("/metadata/annotations");
  if (!object.contains(pointer)) return {};
  return object.at(pointer).value(name, "");
}

}  // namespace

std::string service_of(const DeployPlan& plan) {
  return plan.service.empty() ? plan.app : plan.service;
}

std::string canary_name(const std::string& name) {
  constexpr std::string_view stable = "-stable";
  const std::string base =
      name.ends_with(stable) ? name.substr(0, name.size() - stable.size()) : name;
  return base + "-canary";
}

ObjectRef deployment_ref(const std::string& name) {
  return {.kind = "deployment.apps", .name = name, .selector = {}};
}

ObjectRef service_ref(const std::string& name) {
  return {.kind = "service", .name = name, .selector = {}};
}

Labels labels_at(const Json& object, const char* pointer) {
  Labels labels;
  const auto at = Json::json_pointer(pointer);
  if (!object.contains(at) || !object.at(at).is_object()) return labels;
  for (const auto& [key, value] : object.at(at).items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return labels;
}

bool selects(const Labels& selector, const Labels& labels) {
  return !selector.empty() && std::ranges::all_of(selector, [&](const auto& entry) {
    const auto found = labels.find(entry.first);
    return found != labels.end() && found->second == entry.second;
  });
}

Identity identity_of(const Json& stable_deployment, const Json& pod_template,
                     const Labels& stable_selector, bool apart) {
  Identity identity{.labels = labels_at(pod_template, "/metadata/labels"),
                    .selector = labels_at(stable_deployment, "/spec/selector/matchLabels"),
                    .changed_label = {}};
  identity.labels[track] = identity.selector[track] = "canary";
  if (!apart || !selects(stable_selector, identity.labels)) return identity;
  const std::string key = label_to_change(stable_selector, identity.selector);
  if (key.empty()) {
    throw Error(ErrorKind::config,
                "the stable Service selects by the track label only, as a canary's",
                fmt::format("give it a selector with the app's label and {}: stable", track));
  }
  identity.changed_label = key;
  identity.labels[key] = canary_value(identity.labels[key]);
  identity.selector[key] = identity.labels[key];
  return identity;
}

Json candidate_manifest(const Json& stable_deployment, const Json& pod_template,
                        const Identity& identity, int replicas) {
  const std::string app = stable_deployment.at("metadata").at("name").get<std::string>();
  Json spec = stable_deployment.at("spec");
  spec["replicas"] = replicas;
  spec["revisionHistoryLimit"] = 1;
  spec["paused"] = false;
  spec["selector"] = {{"matchLabels", identity.selector}};
  spec["template"] = pod_template;
  spec["template"]["metadata"]["labels"] = identity.labels;
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", own_metadata(canary_name(app), app, stable_deployment)},
          {"spec", spec}};
}

Json as_stable(Json candidate_template, const Json& pod_template) {
  Json& labels = candidate_template["metadata"]["labels"];
  for (const auto& [key, value] : labels_at(pod_template, "/metadata/labels")) {
    if (labels.contains(key) && labels[key] == canary_value(value)) labels[key] = value;
  }
  return candidate_template;
}

bool ensure_service(Session& session, const std::string& stable_service) {
  State& state = session.state();
  const std::string name = canary_name(stable_service);
  const std::array<ObjectRef, 2> references{service_ref(stable_service), service_ref(name)};
  std::optional<Json> stable;
  std::optional<Json> own_service;
  for (Json& found : session.cluster().get(references)) {
    (found.at("metadata").at("name") == name ? own_service : stable) = std::move(found);
  }
  if (!stable) {
    throw Error(ErrorKind::not_found, fmt::format("there is no Service '{}'", stable_service));
  }
  const Json wanted = Json::parse(state.notes.at("canary.selector"));
  if (own_service) {
    own(session, service_ref(name), *own_service);
    if (own_service->at("spec").value("selector", Json()) == wanted) return false;
    session.change(service_ref(name),
                   Json::array({{{"op", "add"}, {"path", "/spec/selector"}, {"value", wanted}}}),
                   [&](const Json& now) { return now.at("spec").at("selector") == wanted; });
    return false;
  }
  // Noted before it is done: whoever goes on after us removes it.
  state.notes["route.service"] = name;
  session.save();
  Json ports = Json::array();
  for (Json port : stable->at("spec").at("ports")) {
    port.erase("nodePort");
    ports.push_back(std::move(port));
  }
  session.create({{"apiVersion", "v1"},
                  {"kind", "Service"},
                  {"metadata", own_metadata(name, session.plan().app, *stable)},
                  {"spec", {{"selector", wanted}, {"ports", ports}}}});
  return true;
}

void remove_service(Session& session, const std::string& stable_service) {
  const auto note = session.state().notes.find("route.service");
  if (note == session.state().notes.end() || note->second != canary_name(stable_service)) return;
  session.keep();
  session.cluster().remove(service_ref(note->second));
}

void own(Session& session, const ObjectRef& reference, const Json& object) {
  if (annotation(object, fence_annotation) != session.fence()) session.claim(reference);
}

}  // namespace mlopsctl::canary
