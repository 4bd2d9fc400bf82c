// Models and endpoints that eval check evaluates itself.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/result.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// --tasks, what is asked of them, how a model runs, how an endpoint is asked, and the cache.
std::vector<OptionSpec> candidate_options();

// A model's folder or an endpoint's URL rather than results.
bool is_candidate(const std::string& name);

// Asks it the questions of --tasks as 'eval run' does. Throws Error{usage} without tasks.
EvalResult evaluate_candidate(Context& context, const Arguments& arguments,
                              const std::string& name);

}  // namespace mlopsctl::commands
