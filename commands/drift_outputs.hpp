// Where the result of a drift check goes beside the report: files, metrics, alerts, messages.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/drift/result.hpp"
#include "mlopsctl/ui/report.hpp"

#include <vector>

namespace mlopsctl::commands {

// --html, --junit, --github-summary, --prometheus, --pushgateway, --alertmanager, Slack, webhook.
std::vector<OptionSpec> drift_output_options();

// Throws Error{usage, config} for what is wrong with these options, before any work is done.
void check_drift_outputs(const Arguments& arguments);

// Whether a picture of every feature is wanted, so that distribution functions must be kept.
bool wants_drift_pictures(const Arguments& arguments);

// write_check_outputs with the documents of this result.
bool write_drift_outputs(Context& context, const Arguments& arguments,
                         const drift::DriftResult& result, bool notify, Report& report);

}  // namespace mlopsctl::commands
