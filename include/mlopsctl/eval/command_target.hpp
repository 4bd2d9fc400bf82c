// Any program as a target: it gets requests as JSON lines and answers each with a JSON line. No
// shell is involved.
//
//   {"id": 0, "type": "generate", "prompt": "…", "max_tokens": 256, "temperature": 0, "top_p": 1,
//    "seed": 0, "stop": ["\n"]}             a chat has "messages" instead of "prompt"
//     → {"id": 0, "text": "…"}              and may have finish_reason, prompt_tokens,
//                                           completion_tokens
//   {"id": 1, "type": "loglikelihood", "context": "…", "continuation": "…"}
//     → {"id": 1, "logprob": -1.5, "greedy": true, "tokens": 2}
//   {"id": 2, "type": "loglikelihood_rolling", "text": "…"}
//     → {"id": 2, "logprob": -93.4, "tokens": 41}
//   any of them → {"id": 3, "error": "…"}   this example could not be answered
//
// Answers may come in any order; other lines are ignored. The program is started once, gets its
// requests on standard input and has to flush each line (Python does: PYTHONUNBUFFERED is set). If
// an argument has {requests} in it, that is the path of a file with all requests of a batch, the
// program is started for each batch, and its answers are read when it ends.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/result.hpp"
#include "mlopsctl/eval/target.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct CommandOptions {
  std::vector<std::string> argv;
  Milliseconds timeout{600'000};  // without an answer
};

// Words of a command line; quotes as in a shell ('…', "…", \), and nothing else of it: $, * and |
// are ordinary characters. Throws Error{usage} if there is none or a quote is open.
std::vector<std::string> command_words(std::string_view text);

// Its fingerprint has the arguments (secrets masked) and a digest of those that are files. The
// calls throw Error{not_found} if there is no such program, Error{unavailable} if it ends early or
// does not answer.
std::unique_ptr<Target> open_command(const CommandOptions& options);

// Runs a program that evaluates by itself and prints metrics: JSON objects with numbers, or lines
// with name=number. The last value of a name counts. Throws Error{unavailable} if it fails,
// Error{usage} if it prints no metric.
EvalResult run_metrics_command(const CommandOptions& options, Progress& progress);

// The metrics in a program's output, in order of their first appearance.
std::vector<MetricValue> metrics_in(std::string_view output);

}  // namespace mlopsctl
