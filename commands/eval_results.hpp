// Results of evaluations as commands name and keep them.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/result.hpp"

#include <string>

namespace mlopsctl::commands {

// A file of 'eval run' or of lm-evaluation-harness, "-", or a run that an evaluation was recorded
// as. Throws Error{not_found, corrupt, usage}.
EvalResult named_result(Context& context, const std::string& name);
PositionalSpec result_positional(const std::string& name);

// Records the result as a run where there is a run store, and fills `result.run`. `name`: of the
// evaluation.
void record_evaluation(Context& context, const Arguments& arguments, const std::string& name,
                       EvalResult& result);

}  // namespace mlopsctl::commands
