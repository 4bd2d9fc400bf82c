// Results in the shape of lm-evaluation-harness 0.4.13, for what reads those.
#pragma once

#include "mlopsctl/eval/result.hpp"

#include <map>
#include <string>

namespace mlopsctl::eval {

struct LmEvalFiles {
  std::string results;                         // results_DATE.json
  std::map<std::string, std::string> samples;  // by task: samples_TASK_DATE.jsonl
  std::string date;                            // as the names have it
};

// Samples are of tasks whose examples have details ('eval run --samples').
LmEvalFiles lm_eval_files(const EvalResult& result);

}  // namespace mlopsctl::eval
