// Rows of the model registry.
#pragma once

#include "mlopsctl/tracking/models.hpp"

#include "tracking/store_state.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace mlopsctl {

// The number of a registered model. Throws Error{not_found} with suggestions.
std::int64_t registered_model_row(StoreState& state, std::string_view name);

// Versions that are not deleted, newest first.
std::vector<ModelVersion> read_versions(StoreState& state, std::int64_t model);

void touch_registered_model(Database& db, std::int64_t model);

}  // namespace mlopsctl
