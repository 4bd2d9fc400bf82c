// --dry-run: what a deployment would do, in words.
#pragma once

#include "mlopsctl/context.hpp"
#include "mlopsctl/deploy/session.hpp"
#include "mlopsctl/ui/report.hpp"

#include "commands/deploy_required.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// The steps of a strategy in order. Pure.
std::vector<std::string> planned_steps(const DeployPlan& plan, const State& state);
// The weights of a canary as Flagger counts them: 10, 20, … up to the first that is not below the
// maximum.
std::vector<int> planned_weights(const CanaryPlan& plan);

// notes: what a server-side dry run and the lint came to.
Report rehearsal_report(const std::string& schema, const DeployPlan& plan, const State& state,
                        const std::string& cluster, const std::vector<RequiredCheck>& required,
                        const std::vector<Finding>& notes);

}  // namespace mlopsctl::commands
