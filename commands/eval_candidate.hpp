// Models that eval check evaluates itself.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/result.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// --tasks, --only, --limit, --shots and how the model runs.
std::vector<OptionSpec> candidate_options();

// A model's folder rather than results. Throws Error{usage} for an endpoint.
bool is_candidate(const std::string& name);

// Asks it the questions of --tasks as 'eval run' does. Throws Error{usage} without tasks.
EvalResult evaluate_candidate(Context& context, const Arguments& arguments,
                              const std::string& name);

}  // namespace mlopsctl::commands
