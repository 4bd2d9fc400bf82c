#include "support/cluster/list_keys.hpp"

#include <algorithm>
#include <array>

namespace mlopsctl::testing {

namespace {

struct List {
  std::string_view parent, name;  // parent "*": any
  std::string_view merge;
  std::array<std::string_view, 2> keys;
};

constexpr std::array<List, 17> lists{{
    {"spec", "containers", "name", {"name"}},
    {"spec", "initContainers", "name", {"name"}},
    {"spec", "ephemeralContainers", "name", {"name"}},
    {"spec", "volumes", "name", {"name"}},
    {"spec", "imagePullSecrets", "name", {"name"}},
    {"spec", "hostAliases", "ip", {"ip"}},
    {"spec", "topologySpreadConstraints", "topologyKey", {"topologyKey", "whenUnsatisfiable"}},
    {"containers", "ports", "containerPort", {"containerPort", "protocol"}},
    {"initContainers", "ports", "containerPort", {"containerPort", "protocol"}},
    {"spec", "ports", "port", {"port", "protocol"}},
    {"containers", "env", "name", {"name"}},
    {"initContainers", "env", "name", {"name"}},
    {"containers", "volumeMounts", "mountPath", {"mountPath"}},
    {"initContainers", "volumeMounts", "mountPath", {"mountPath"}},
    {"containers", "volumeDevices", "devicePath", {"devicePath"}},
    {"metadata", "ownerReferences", "uid", {"uid"}},
    {"status", "conditions", "type", {"type"}},
}};

const List* find(const FieldPath& path) {
  if (path.size() < 2) return nullptr;
  const auto& parent = path[path.size() - 2];
  for (const auto& list : lists)
    if (path.back() == list.name && parent == list.parent) return &list;
  return nullptr;
}

Json key_value(const Json& element, const std::string& key) {
  if (!element.is_object()) return nullptr;
  if (const auto found = element.find(key); found != element.end()) return *found;
  return key == "protocol" ? Json("TCP") : Json();
}

}  // namespace

std::string merge_key(const FieldPath& path) {
  const List* list = find(path);
  return list ? std::string(list->merge) : std::string();
}

std::vector<std::string> map_keys(const FieldPath& path) {
  std::vector<std::string> keys;
  if (const List* list = find(path))
    for (const auto key : list->keys)
      if (!key.empty()) keys.emplace_back(key);
  return keys;
}

bool is_set(const FieldPath& list) { return list == FieldPath{"metadata", "finalizers"}; }

bool is_atomic_map(const FieldPath& map) {
  const auto& last = map.back();
  return last == "selector" || last == "nodeSelector" || last == "labelSelector" ||
         last == "scaleTargetRef" || last == "resourceFieldRef" || last == "fieldRef" ||
         last == "configMapKeyRef" || last == "secretKeyRef";
}

int find_element(const Json& list, const Json& like, const std::vector<std::string>& keys) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
          return key_value(list[i], key) == key_value(like, key);
        }))
      return static_cast<int>(i);
  return -1;
}

}  // namespace mlopsctl::testing
