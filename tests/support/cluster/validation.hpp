// What the API server refuses, in its words.
#pragma once

#include "support/cluster/kinds.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl::testing {

// `before`: null for a new object. Throws ApiError 400 for what cannot be decoded, 422 for the
// rest.
void validate(const ResourceType& type, const nlohmann::json& before, const nlohmann::json& object);

}  // namespace mlopsctl::testing
