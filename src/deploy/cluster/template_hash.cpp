#include "mlopsctl/deploy/release.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "deploy/cluster/fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl {
namespace {

bool is_added(const std::string& key) {
  return key.starts_with("mlopsctl.dev/") || key.starts_with("kubectl.kubernetes.io/") ||
         key == "pod-template-hash";
}

// Removes entries, and the map itself when nothing is left: absent and empty are the same.
template <class Doomed>
void prune(Json& metadata, const char* name, const Doomed& doomed) {
  const auto map = metadata.find(name);
  if (map == metadata.end()) return;
  if (map->is_object()) {
    for (auto entry = map->begin(); entry != map->end();)
      entry = doomed(entry.key()) ? map->erase(entry) : std::next(entry);
  }
  if (map->empty()) metadata.erase(map);
}

}  // namespace

std::string template_hash(const Json& pod_template, std::span<const std::string> labels_apart) {
  Json plain = pod_template;
  const auto metadata = plain.is_object() ? plain.find("metadata") : plain.end();
  if (plain.is_object() && metadata != plain.end() && metadata->is_object()) {
    metadata->erase("creationTimestamp");  // kubectl writes it as null
    prune(*metadata, "annotations", is_added);
    prune(*metadata, "labels", [&](const std::string& key) {
      return is_added(key) || std::ranges::find(labels_apart, key) != labels_apart.end();
    });
    if (metadata->empty()) plain.erase(metadata);
  }
  return sha256_hex(deploy::dumped(plain)).substr(0, 16);
}

}  // namespace mlopsctl
