// What is evaluated, as the options of a command say.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/evaluate.hpp"
#include "mlopsctl/eval/local_target.hpp"
#include "mlopsctl/eval/target.hpp"

#include <memory>
#include <vector>

namespace mlopsctl::commands {

// --device, --dtype, --threads, --deterministic, --batch-tokens, --adapter, --max-length.
std::vector<OptionSpec> model_options();
// --only, --limit, --shots: what of the tasks is asked.
std::vector<OptionSpec> question_options();

// --chat, --system-instruction and --fewshot-as-multiturn of question_options(). Throws
// Error{usage}.
void read_prompt_form(const Arguments& arguments, eval::EvaluateOptions& options);
// Throws Error{usage}.
EngineOptions engine_options(const Arguments& arguments);
LocalOptions local_options(const Arguments& arguments, const std::string& model);

std::unique_ptr<Target> open_target(const Arguments& arguments, const std::string& target);

}  // namespace mlopsctl::commands
