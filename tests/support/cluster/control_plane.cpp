#include "support/cluster/control_plane.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::testing {

void ControlPlane::wake_at(Timestamp when) {
  if (when > now && (!wake || when < *wake)) wake = when;
}

std::string ControlPlane::time() const { return to_rfc3339({now.ms / 1000 * 1000}); }

std::string ControlPlane::random_suffix() {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += letters[random() % letters.size()];
  return suffix;
}

std::string ControlPlane::random_uid() {
  const auto a = random(), b = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32U, (a >> 16U) & 0xffffU,
                     a & 0xfffU, b >> 52U, b & 0xffffffffffffU);
}

Object ControlPlane::create(const ResourceType& type, Json object) {
  auto& metadata = object["metadata"];
  metadata["uid"] = random_uid();
  metadata["creationTimestamp"] = time();
  if (type.generation) metadata["generation"] = 1;
  if (!type.namespaced) metadata.erase("namespace");
  born[metadata["uid"]] = now;
  return store.put(type, std::move(object));
}

Object ControlPlane::write(const ResourceType& type, const Json& object) {
  const auto stored = store.find(type, namespace_of(object), name_of(object));
  if (!stored) return nullptr;
  Json next = object;
  next["metadata"]["resourceVersion"] = stored->at("metadata").at("resourceVersion");
  if (next == *stored) return stored;
  if (type.generation) {
    auto before = *stored, after = next;
    for (auto* side : {&before, &after}) {
      side->erase("metadata");
      side->erase("status");
    }
    if (before != after)
      next["metadata"]["generation"] = number_at(*stored, {"metadata", "generation"}, 1) + 1;
  }
  return store.put(type, std::move(next));
}

void ControlPlane::remove(const ResourceType& type, const Object& object) {
  const auto uid = uid_of(*object);
  if (type.kind == "Pod" && !text_at(*object, {"spec", "nodeName"}).empty()) {
    if (dying.contains(uid)) return;
    dying[uid] = now;
    Json ending = *object;
    ending["metadata"]["deletionTimestamp"] = time();
    ending["metadata"]["deletionGracePeriodSeconds"] =
        number_at(ending, {"spec", "terminationGracePeriodSeconds"}, 30);
    store.put(type, std::move(ending));
    return;
  }
  if (type.kind == "Namespace") {
    if (at(*object, {"status", "phase"}) == "Terminating") return;
    Json ending = *object;
    ending["metadata"]["deletionTimestamp"] = time();
    ending["status"]["phase"] = "Terminating";
    store.put(type, std::move(ending));
    return;
  }
  store.erase(type, namespace_of(*object), name_of(*object));
}

std::vector<Object> ControlPlane::owned(const ResourceType& type, const Json& owner) const {
  std::vector<Object> found;
  const auto uid = uid_of(owner);
  for (auto& object : store.list(type, namespace_of(owner)))
    if (controller_of(*object) == uid) found.push_back(object);
  return found;
}

void ControlPlane::event(const Json& about, const std::string& kind, bool warning,
                         const std::string& reason, const std::string& message,
                         const std::string& component) {
  // The same again is counted.
  for (const auto& known : store.list(type("events"), namespace_of(about)))
    if (text_at(*known, {"involvedObject", "uid"}) == uid_of(about) &&
        text_at(*known, {"reason"}) == reason && text_at(*known, {"message"}) == message) {
      Json again = *known;
      again["count"] = number_at(again, {"count"}, 1) + 1;
      again["lastTimestamp"] = time();
      write(type("events"), again);
      return;
    }
  const auto* about_type = type_of_name(kind);
  create(type("events"), {{"apiVersion", "v1"},
                          {"kind", "Event"},
                          {"metadata",
                           {{"name", name_of(about) + fmt::format(".{:016x}", random())},
                            {"namespace", namespace_of(about)}}},
                          {"involvedObject",
                           {{"kind", kind},
                            {"namespace", namespace_of(about)},
                            {"name", name_of(about)},
                            {"uid", uid_of(about)},
                            {"apiVersion", about_type ? about_type->api_version() : "v1"},
                            {"resourceVersion", text_at(about, {"metadata", "resourceVersion"})}}},
                          {"reason", reason},
                          {"message", message},
                          {"type", warning ? "Warning" : "Normal"},
                          {"source", {{"component", component}}},
                          {"firstTimestamp", time()},
                          {"lastTimestamp", time()},
                          {"count", 1},
                          {"eventTime", nullptr},
                          {"reportingComponent", component},
                          {"reportingInstance", ""}});
}

const Json* find_condition(const Json& conditions, std::string_view type) {
  if (!conditions.is_array()) return nullptr;
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Json& one) { return one.value("type", "") == type; });
  return found == conditions.end() ? nullptr : &*found;
}

void set_condition(Json& conditions, Json condition, const std::string& time) {
  if (!conditions.is_array()) conditions = Json::array();
  condition["lastTransitionTime"] = time;
  for (auto& known : conditions) {
    if (known["type"] != condition["type"]) continue;
    if (known["status"] == condition["status"])
      condition["lastTransitionTime"] = known["lastTransitionTime"];
    known = std::move(condition);
    return;
  }
  conditions.push_back(std::move(condition));
}

}  // namespace mlopsctl::testing
