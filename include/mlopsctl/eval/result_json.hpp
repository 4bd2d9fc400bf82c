// Results of evaluations as files: `mlopsctl.eval.result/1`, and what lm-evaluation-harness writes.
// Numbers that JSON has not are "NaN", "Infinity", "-Infinity".
#pragma once

#include "mlopsctl/eval/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace mlopsctl {

// An object, each example on a line of its own.
std::string eval_result_json(const EvalResult& result);

// Throws Error{corrupt} naming `source` and the key, Error{usage} for a schema of a newer version.
EvalResult parse_eval_result(std::string_view text, const std::string& source);

// A file that `eval run` wrote, or a results_*.json of lm-evaluation-harness with the
// samples_*.jsonl beside it of the same date, if they are there. "-": standard input. Throws
// Error{not_found} too.
EvalResult read_eval_result(const std::string& file);

// One example as one line of JSON, without the newline, and back (Error{corrupt}).
std::string example_json(const ExampleRecord& example);
ExampleRecord parse_example(std::string_view line, const std::string& source);

}  // namespace mlopsctl
