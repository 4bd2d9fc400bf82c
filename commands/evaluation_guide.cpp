// help evaluation: from a task file to a gate, and what a task file can say.
#include "commands/commands.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::vector<ExampleSpec> steps() {
  return {
      {"mlopsctl eval tasks quiz.yaml --show 1",
       "Is the task file in order, and what exactly will be asked?"},
      {"mlopsctl eval run model --tasks quiz.yaml -o before.json",
       "Score a model: a folder with config.json, tokenizer.json and safetensors"},
      {"mlopsctl eval run chat-model --tasks quiz.yaml --chat",
       "A model that was trained on chats: prompts go through its chat template"},
      {"mlopsctl eval show before.json --wrong", "What does it not know?"},
      {"mlopsctl eval run tuned --tasks quiz.yaml -o after.json", "Score another one"},
      {"mlopsctl eval compare before.json after.json",
       "Example by example: is the difference more than chance?"},
      {"mlopsctl baseline save quiz before.json && git add baselines",
       "This is good enough: keep it, reviewed in git"},
      {"mlopsctl eval check after.json --baseline quiz",
       "In CI: 0 as good, 3 worse, 4 cannot be compared"},
      {"mlopsctl bench run model -o speed.json && mlopsctl baseline accept quiz speed.json "
       "--reason 'its speed, too'",
       "A baseline may hold how fast it is as well"},
      {"mlopsctl bench check tuned --baseline quiz --limit mean=1s", "And is it still as fast?"},
      {"mlopsctl model-test tuned --latency 1s",
       "Shapes, no NaN, the same seed with the same answer"},
      {"mlopsctl eval predictions predictions.csv",
       "A classifier of any kind: what was right, what was predicted"},
      {"mlopsctl embed model prompts.txt -o prompts.npy",
       "Texts as hidden states, for 'mlopsctl drift check'"},
  };
}

constexpr const char* task_file = R"(
# quiz.yaml, as lm-evaluation-harness reads it
task: quiz
dataset_path: json                     # or csv
dataset_kwargs:
  data_files: {test: quiz.jsonl, train: shots.jsonl}    # beside this file
test_split: test
fewshot_split: train
num_fewshot: 2
output_type: multiple_choice           # loglikelihood, loglikelihood_rolling, generate_until
doc_to_text: "Question: {{question}}\nAnswer:"
doc_to_choice: choices                 # a column, a list, or "{{[a, b]}}"
doc_to_target: answer                  # an index, or the text of a choice
metric_list:
  - metric: acc
  - metric: acc_norm

# quiz.jsonl, a question a line
{"question": "Who is slain in the Capitol?", "choices": ["Caesar", "Hamlet"], "answer": 0}
)";

constexpr const char* metrics = R"(
multiple_choice        acc acc_norm acc_bytes acc_mutual_info exact_match brier_score f1 mcc
loglikelihood          acc perplexity token_perplexity token_acc
loglikelihood_rolling  word_perplexity byte_perplexity bits_per_byte token_perplexity token_acc
generate_until         exact_match f1 rougeL, after filters: regex take_first take_first_k
                       majority_vote remove_whitespace lowercase uppercase map

Not run: Jinja logic, Python functions (!function, process_docs), data sets of the Hugging Face hub.
)";

Report run_guide(Context&, const Arguments&) {
  std::string text;
  for (const auto& step : steps()) {
    text += fmt::format("{}# {}\n$ {}\n", text.empty() ? "" : "\n", step.what, step.command);
  }
  Report report("help.evaluation/1");
  report.text("guide", text);
  report.text("task_file", std::string(task_file + 1));
  report.text("metrics", std::string(metrics + 1));
  return report;
}

}  // namespace

CommandSpec help_evaluation() {
  return {.path = "help evaluation",
          .summary = "Score language models: a first evaluation, task files, metrics",
          .description =
              "What one types from a task file to a comparison, what a task file says, and which "
              "metrics there are. Scores agree with lm-evaluation-harness'.",
          .examples = steps(),
          .run = run_guide};
}

}  // namespace mlopsctl::commands
