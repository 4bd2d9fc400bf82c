// Results of lm-evaluation-harness: results_DATE.json, and samples_TASK_DATE.jsonl beside it.
// https://github.com/EleutherAI/lm-evaluation-harness, lm_eval/result_schema.py (0.4.13)
#pragma once

#include "mlopsctl/eval/result.hpp"

#include "eval/result_fields.hpp"

#include <string>

namespace mlopsctl::eval {

bool is_lm_eval(const Json& value);

// `file`: where samples are looked for; "-": nowhere. Throws Error{corrupt}.
EvalResult lm_eval_result(const Json& value, const std::string& file, const std::string& source);

}  // namespace mlopsctl::eval
