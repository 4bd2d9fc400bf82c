// help command-target: what a program has to do to be evaluated.
#include "commands/commands.hpp"

namespace mlopsctl::commands {

namespace {

constexpr const char* guide =
    R"(A program that is evaluated with --command reads requests as JSON lines from its
standard input and answers each with a JSON line of the same id, in any order:

  {"id": 0, "type": "generate", "prompt": "2 + 2 =", "max_tokens": 16,
   "temperature": 0.0, "top_p": 1.0, "seed": 0, "stop": ["\n"]}
    {"id": 0, "text": " 4"}

  {"id": 1, "type": "loglikelihood", "context": "The sky is", "continuation": " blue"}
    {"id": 1, "logprob": -1.5, "greedy": true, "tokens": 1}

  {"id": 2, "type": "loglikelihood_rolling", "text": "Once upon a time"}
    {"id": 2, "logprob": -9.3, "tokens": 4}

  {"id": 3, "error": "prompt too long"}     answers any request that it cannot

A chat has "messages" instead of "prompt". An answer to "generate" may also have
finish_reason, prompt_tokens and completion_tokens. Only the kinds that the tasks
ask for are needed. Other lines are ignored; standard error is shown.

The program is started once and must flush each line. Python does, because
PYTHONUNBUFFERED is set:

  import json, sys
  for line in sys.stdin:
      asked = json.loads(line)
      print(json.dumps({"id": asked["id"], "text": my_model(asked["prompt"])}))

If an argument has {requests} in it, that is the path of a file with all requests of
a batch: the program is started for each batch, and read when it has ended.

The command is split into words as a shell does it, with quotes; nothing else of a
shell is there. Without --tasks the program evaluates by itself, and its metrics are
what it prints: JSON objects with numbers, or lines such as acc=0.5.
)";

Report run_guide(Context&, const Arguments&) {
  Report report("help.command-target/1");
  return report.text("guide", guide);
}

}  // namespace

CommandSpec help_command_target() {
  return {.path = "help command-target",
          .summary = "How any program can be evaluated",
          .description =
              "What a program reads and prints to be the target of 'eval run "
              "--command'.",
          .examples = {{"mlopsctl help command-target", "The protocol, with an example"},
                       {"mlopsctl eval run --command 'python predict.py' --tasks quiz.yaml",
                        "Tasks answered by a program"},
                       {"mlopsctl eval run --command 'python evaluate.py --fast'",
                        "A program that prints its own metrics"}},
          .run = run_guide};
}

}  // namespace mlopsctl::commands
