// Runs tasks against a target: asks, scores, keeps what was answered.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/eval/result.hpp"
#include "mlopsctl/eval/target.hpp"
#include "mlopsctl/eval/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::eval {

struct EvaluateOptions {
  std::optional<std::uint64_t> limit;  // the first examples of each task only
  std::optional<std::uint32_t> shots;  // instead of what the tasks say
  std::uint64_t seed = 1234;           // of shots, and of sampled answers
  unsigned bootstrap = 100'000;  // resamples for standard errors that need them; 0: none at all
  bool details = false;          // records keep document, prompts and answers
  // Where lm-evaluation-harness differs on purpose, as it does: shots may hold the example itself.
  bool lm_eval_compat = false;
  // As lm-evaluation-harness' --system_instruction, --apply_chat_template, --fewshot_as_multiturn:
  // a text before all descriptions; prompts go through the model's chat template, in which shots
  // are messages of their own or part of the user's only one. Rolling texts are as they are.
  std::string system_instruction;
  bool chat = false, multiturn = true;
  // Records go to this file as they come, so that a crash loses none; empty: nowhere. A file of the
  // same tasks, target and options is gone on with if `resume`; without it, it is Error{conflict}.
  std::string journal;
  bool resume = false;
};

// Throws what the target throws, Error{config} for tasks that cannot be asked, Error{conflict} for
// a journal of something else. The journal is removed by the caller, when the result is safe.
EvalResult evaluate(Target& target, const TaskSet& tasks, const EvaluateOptions& options,
                    Progress& progress);

// What would be sent about the first examples, for people who write tasks.
struct PromptPreview {
  std::string id;
  std::vector<std::vector<std::string>> requests;  // the texts of each: context, continuation
  std::string target;
  std::string error;  // not empty: it cannot be asked
};
std::vector<PromptPreview> preview(const Task& task, const EvaluateOptions& options);

// Whether examples of the task can be asked at all. Throws Error{config} with what is wrong in the
// first rows if none of them can.
void check_rows(const Task& task);

}  // namespace mlopsctl::eval
