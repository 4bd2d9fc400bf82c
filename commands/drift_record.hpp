// Drift checks in the run store: each check is a run, and one run a name carries the trend.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/drift/result.hpp"

#include <string>

namespace mlopsctl::commands {

// Tags by which checks are found again.
inline constexpr const char* drift_check_tag = "drift.check";
inline constexpr const char* drift_trend_tag = "drift.trend";
inline constexpr const char* drift_experiment = "drift";

// Stores the check and returns the run's id. `document` is the report as JSON, kept as an artifact;
// `page` the HTML page, if there is one.
std::string record_drift(RunStore& store, const std::string& experiment,
                         const drift::DriftResult& result, const std::string& document,
                         const std::string& page);

}  // namespace mlopsctl::commands
