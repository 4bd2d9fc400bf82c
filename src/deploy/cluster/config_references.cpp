#include "deploy/cluster/config_references.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl::deploy {
namespace {

using Visit = std::function<void(const ConfigReference&)>;

Json* member(Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

template <class Action>
void each_of(Json& object, const char* list, const Action& action) {
  if (Json* items = member(object, list); items != nullptr && items->is_array())
    for (auto& item : *items) action(item);
}

// `holder`.`key` is an object that names one: {"name": "chat-settings", "optional": true}.
void reference(Json& holder, const char* key, const char* kind, const Visit& visit,
               const char* name_key = "name") {
  Json* object = member(holder, key);
  if (object == nullptr) return;
  Json* name = member(*object, name_key);
  if (name == nullptr || !name->is_string()) return;
  const Json* optional = member(*object, "optional");
  visit({.kind = kind,
         .name = name->get_ref<std::string&>(),
         .optional = optional != nullptr && optional->is_boolean() && optional->get<bool>()});
}

void of_volume(Json& volume, const Visit& visit) {
  reference(volume, "configMap", "configmap", visit);
  reference(volume, "secret", "secret", visit, "secretName");
  if (Json* projected = member(volume, "projected"); projected != nullptr)
    each_of(*projected, "sources", [&](Json& source) {
      reference(source, "configMap", "configmap", visit);
      reference(source, "secret", "secret", visit);
    });
}

void of_container(Json& container, const Visit& visit) {
  each_of(container, "envFrom", [&](Json& source) {
    reference(source, "configMapRef", "configmap", visit);
    reference(source, "secretRef", "secret", visit);
  });
  each_of(container, "env", [&](Json& variable) {
    Json* from = member(variable, "valueFrom");
    if (from == nullptr) return;
    reference(*from, "configMapKeyRef", "configmap", visit);
    reference(*from, "secretKeyRef", "secret", visit);
  });
}

}  // namespace

void each_config(Json& pod_template, const Visit& visit) {
  Json* spec = member(pod_template, "spec");
  if (spec == nullptr) return;
  each_of(*spec, "volumes", [&](Json& volume) { of_volume(volume, visit); });
  for (const char* list : {"initContainers", "containers"})
    each_of(*spec, list, [&](Json& container) { of_container(container, visit); });
}

}  // namespace mlopsctl::deploy
