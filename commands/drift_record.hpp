// What is recorded of a drift check.
#pragma once

#include "mlopsctl/drift/result.hpp"

#include "commands/check_record.hpp"

namespace mlopsctl::commands {

// The tag by which checks are found again.
inline constexpr const char* drift_check_tag = "drift.check";
inline constexpr const char* drift_experiment = "drift";

// Without the document.
CheckRecord drift_check_record(const drift::DriftResult& result);

}  // namespace mlopsctl::commands
