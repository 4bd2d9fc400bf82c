// The fields of the kinds, so that misspelt ones and wrong types are refused as Kubernetes does.
#pragma once

#include "support/cluster/kinds.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace mlopsctl::testing {

// Paths of fields that the kind does not have: "spec.template.spec.container". Throws ApiError 400
// for values of a wrong type. Kinds without a schema here (Istio's) have all fields.
std::vector<std::string> unknown_fields(const ResourceType& type, const nlohmann::json& object);
// The object without them.
void drop_unknown_fields(const ResourceType& type, nlohmann::json& object);

}  // namespace mlopsctl::testing
