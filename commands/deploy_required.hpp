// Checks that must have passed before anything is shipped: --require-eval, --require-drift-free.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

struct RequiredCheck {
  enum class Answer { passed, bad, none };
  std::string kind, name;  // "evaluation", "chat"
  Answer answer = Answer::none;
  std::string text;     // "the evaluation 'chat' passed 3 h ago (run 9a753c1e)"
  std::string run_id;   // of the check, if there was one
  std::string subject;  // what it looked at
};

std::vector<OptionSpec> required_check_options();
// The last check of each name in the run store that is here; without a store there is none.
std::vector<RequiredCheck> required_checks(Context& context, const Arguments& arguments);

// done; bad_answer if one did not pass; else no_answer if there is none of a name.
ExitCode code_of(const std::vector<RequiredCheck>& checks);

}  // namespace mlopsctl::commands
