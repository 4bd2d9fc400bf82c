// Where a pod template names ConfigMaps and Secrets.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include <functional>
#include <string>

namespace mlopsctl::deploy {

struct ConfigReference {
  const char* kind;  // "configmap" or "secret"
  std::string& name;
  bool optional;
};

// Volumes (also projected ones), envFrom and env of all containers and init containers. The name
// may be changed.
void each_config(Json& pod_template, const std::function<void(const ConfigReference&)>& visit);

}  // namespace mlopsctl::deploy
