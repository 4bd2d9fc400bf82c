// Identifiers that are unique without coordination.
#pragma once

#include <string>
#include <string_view>

namespace mlopsctl {

// 32 lower-case hexadecimal digits from the system's random source: MLflow's run id.
std::string new_run_id();

// A readable name for a run that was given none: "bold-heron-417".
std::string new_run_name();

// MLflow's rule: ^[a-zA-Z0-9][\w\-]{0,255}$, so that imported ids of other tools are kept.
bool is_valid_run_id(std::string_view id);

}  // namespace mlopsctl
