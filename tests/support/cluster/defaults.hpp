// What the API server adds to an object that leaves it open.
#pragma once

#include "support/cluster/kinds.hpp"

#include <nlohmann/json.hpp>

namespace mlopsctl::testing {

void set_defaults(const ResourceType& type, nlohmann::json& object);

}  // namespace mlopsctl::testing
