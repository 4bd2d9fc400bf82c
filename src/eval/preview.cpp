#include "mlopsctl/eval/evaluate.hpp"

#include "eval/prompts.hpp"

#include <algorithm>

namespace mlopsctl::eval {

std::vector<PromptPreview> preview(const Task& task, const EvaluateOptions& options) {
  PromptBuilder prompts(task, {.shots = options.shots.value_or(task.shots),
                               .seed = options.seed,
                               .lm_eval_compat = options.lm_eval_compat,
                               .system_instruction = options.system_instruction,
                               .chat = {},
                               .multiturn = true});
  std::vector<PromptPreview> previews;
  const std::uint64_t count = std::min(task.examples, options.limit.value_or(task.examples));
  for (std::uint64_t row = 0; row < count; ++row) {
    const ExampleRequests example = prompts.next(row);
    previews.push_back({example.id, example.texts(), example.target, example.error});
  }
  return previews;
}

}  // namespace mlopsctl::eval
