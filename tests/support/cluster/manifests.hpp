// Manifests of a small app, for tests.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace mlopsctl::testing {

// One container, named as the app; labels app: APP and what is in `more`.
inline nlohmann::json deployment_manifest(const std::string& name, const std::string& image,
                                          int replicas,
                                          const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json labels{{"app", name}};
  labels.update(more);
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"labels", labels}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec",
               {{"containers",
                 {{{"name", labels["app"]},
                   {"image", image},
                   {"ports", {{{"name", "http"}, {"containerPort", 8000}}}}}}}}}}}}}};
}

inline nlohmann::json service_manifest(const std::string& name, const nlohmann::json& selector) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"selector", selector},
            {"ports", {{{"name", "http"}, {"port", 80}, {"targetPort", "http"}}}}}}};
}

inline nlohmann::json config_map_manifest(const std::string& name, const nlohmann::json& data,
                                          bool immutable = false) {
  nlohmann::json made{
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}, {"data", data}};
  if (immutable) made["immutable"] = true;
  return made;
}

}  // namespace mlopsctl::testing
