#include "mlopsctl/deploy/health.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl {

std::vector<std::string> serving_pods(const std::vector<Json>& endpoint_slices) {
  std::vector<std::string> names;
  for (const auto& slice : endpoint_slices) {
    const auto endpoints = slice.find("endpoints");
    if (endpoints == slice.end() || !endpoints->is_array()) continue;
    for (const auto& endpoint : *endpoints) {
      const auto conditions = endpoint.value("conditions", Json::object());
      // An absent `ready` means ready (EndpointConditions of discovery.k8s.io/v1).
      if (!conditions.value("ready", true) || conditions.value("terminating", false)) continue;
      const auto target = endpoint.value("targetRef", Json::object());
      if (target.value("kind", "") == "Pod") names.push_back(target.value("name", ""));
    }
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace mlopsctl
