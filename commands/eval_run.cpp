// eval run: tasks against a model.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/evaluate.hpp"
#include "mlopsctl/eval/result_json.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/version.hpp"

#include "commands/check_record.hpp"
#include "commands/commands.hpp"
#include "commands/endpoint_options.hpp"
#include "commands/eval_results.hpp"
#include "commands/eval_target.hpp"
#include "commands/eval_view.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

namespace mlopsctl::commands {

namespace {

using eval::EvaluateOptions;

std::optional<std::uint64_t> count_option(const Arguments& arguments, const char* name,
                                          std::int64_t least, std::int64_t most) {
  const auto given = arguments.integer(name);
  if (!given) return std::nullopt;
  if (*given < least || *given > most) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} needs a whole number from {} to {}", name, least, most));
  }
  return static_cast<std::uint64_t>(*given);
}

EvaluateOptions evaluate_options(const Arguments& arguments) {
  EvaluateOptions options{
      .limit = count_option(arguments, "limit", 1, 1'000'000'000),
      .seed = count_option(arguments, "seed", 0, std::numeric_limits<std::int64_t>::max())
                  .value_or(1234),
      .details = arguments.flag("samples"),
      .lm_eval_compat = arguments.flag("lm-eval-compat"),
      .resume = arguments.flag("resume")};
  if (const auto shots = count_option(arguments, "shots", 0, 1000)) {
    options.shots = static_cast<std::uint32_t>(*shots);
  }
  if (const auto resamples = count_option(arguments, "bootstrap", 0, 10'000'000)) {
    options.bootstrap = static_cast<unsigned>(*resamples);
  }
  read_prompt_form(arguments, options);
  const auto output = arguments.text("output");
  if (options.resume && !output) {
    throw Error(ErrorKind::usage, "--resume needs --output FILE",
                "answers are kept in FILE.part until the result is written");
  }
  if (output) options.journal = *output + ".part";
  return options;
}

// What is evaluated, and what it is called.
struct Evaluated {
  std::unique_ptr<Target> target;
  std::shared_ptr<AnswerCache> cache;
  std::string name;
};

std::string target_name(const Arguments& arguments) {
  const auto& named = arguments.positionals();
  const bool command = arguments.text("command").has_value();
  if (command != named.empty()) {
    throw Error(ErrorKind::usage,
                command ? "eval run evaluates TARGET or --command, not both"
                        : "eval run needs a TARGET: a model's folder or an endpoint's URL",
                "mlopsctl eval run model --tasks quiz.yaml");
  }
  if (command) return "command";
  if (is_endpoint_url(named.front())) return arguments.text_or("model", "endpoint");
  return fs::path(named.front()).lexically_normal().filename().string();
}

Evaluated open_evaluated(Context& context, const Arguments& arguments) {
  Evaluated out{.name = target_name(arguments)};
  if (const auto command = command_of(arguments)) {
    out.target = open_command(*command);
  } else {
    out.target = open_named_target(context, arguments, arguments.positionals().front());
  }
  out.target = cached(context, arguments, std::move(out.target), out.cache);
  return out;
}

void add_cache_note(Report& report, const std::shared_ptr<AnswerCache>& cache) {
  if (cache == nullptr) return;
  const AnswerCacheCounts& counts = cache->counts();
  const std::uint64_t known = counts.memory + counts.file + counts.redis + counts.merged;
  report.finding(Severity::note, fmt::format("{} answers were in the cache, {} were asked for",
                                             known, counts.asked));
}

Report finished(Context& context, const Arguments& arguments, const std::string& name,
                EvalResult result, const std::shared_ptr<AnswerCache>& cache) {
  result.fingerprint["version"] = version_info().version;
  record_evaluation(context, arguments, name, result);
  const auto output = arguments.text("output");
  const bool writes = output && !context.globals().dry_run;
  if (writes) {
    write_file_atomically(*output, eval_result_json(result));
    fs::remove(*output + ".part");
  }
  Report report = eval_view("eval.run/1", result);
  add_cache_note(report, cache);
  if (writes) {
    report.field("output", "wrote", Cell(*output));
    report.next(fmt::format("mlopsctl eval show {}", *output));
  }
  return report;
}

Report run(Context& context, const Arguments& arguments) {
  EvaluateOptions options = evaluate_options(arguments);
  if (context.globals().dry_run) options.journal.clear();
  const std::string name = target_name(arguments);
  if (arguments.list("tasks").empty()) {
    // A program that evaluates by itself.
    if (const auto command = command_of(arguments)) {
      return finished(context, arguments, name, run_metrics_command(*command, context.progress()),
                      nullptr);
    }
    throw Error(ErrorKind::usage, "eval run needs --tasks FILE",
                "'mlopsctl help evaluation' says what a task file is");
  }
  const eval::TaskSet tasks = eval::read_tasks(arguments.list("tasks"), arguments.list("only"));
  const Evaluated evaluated = open_evaluated(context, arguments);
  return finished(context, arguments, name,
                  eval::evaluate(*evaluated.target, tasks, options, context.progress()),
                  evaluated.cache);
}

std::vector<OptionSpec> all_options() {
  std::vector<OptionSpec> options{
      {.name = "tasks",
       .value = "FILE",
       .help = "A task file, or a folder of them; may be given more than once",
       .letter = 't',
       .repeatable = true,
       .complete = Complete::file}};
  const auto add = [&](std::vector<OptionSpec> more) {
    for (auto& option : more) options.push_back(std::move(option));
  };
  add(question_options());
  add({{.name = "output",
        .value = "FILE",
        .help = "Write the result here, an example a line; answers are kept in FILE.part meanwhile",
        .letter = 'o',
        .complete = Complete::file},
       {.name = "samples", .help = "Keep documents, prompts and answers of all examples too"},
       {.name = "resume",
        .help = "Go on with the answers in FILE.part of a run that did not end"}});
  add(model_options());
  add({{.name = "seed",
        .value = "N",
        .help = "Of the choice of shots, and of sampled answers",
        .default_text = "1234"},
       {.name = "bootstrap",
        .value = "N",
        .help = "Resamples for standard errors of perplexity, F1 and MCC; 0: no standard errors",
        .default_text = "100000"},
       {.name = "lm-eval-compat",
        .help = "Do as lm-evaluation-harness where this differs on purpose: two BOS tokens before "
                "texts where the tokenizer adds one, shots that may hold the example itself"}});
  add(command_options());
  add(endpoint_options());
  add(endpoint_speed_options());
  add(cache_options());
  add(check_record_options("eval"));
  for (OptionSpec& option : options) {
    if (option.name == "name") option.default_text = "the model's name";
  }
  return options;
}

}  // namespace

CommandSpec eval_run() {
  CommandSpec spec{
      .path = "eval run",
      .summary = "Score a language model on tasks",
      .description =
          "Asks a model the questions of task files and scores the answers. Tasks are "
          "lm-evaluation-harness' YAML files over local JSON lines or CSV: log-likelihoods of "
          "choices and texts, perplexities, generated answers; scores agree with the harness'. "
          "'mlopsctl help evaluation' shows a task file.\n\n"
          "The model is a folder of Hugging Face (config.json, tokenizer.json, safetensors) of the "
          "families GPT-2, Llama, Mistral and Qwen; it runs here, on the GPU or the CPU, without "
          "Python. Or it is an endpoint with OpenAI's API, whose log-likelihoods need /completions "
          "with echo and logprobs, or any program (--command, 'mlopsctl help command-target'). "
          "With "
          "--cache no answer is asked for twice.\n\n"
          "The result names everything that decides it by digest, so that 'eval compare', "
          "'baseline save' and 'eval check' compare what is comparable. Where there is a run "
          "store, the evaluation is recorded as a run.\n\n"
          "Exits with 0 if all examples were scored, 5 if some could not be.",
      .examples =
          {{"mlopsctl eval run model --tasks tasks/", "All tasks of a folder"},
           {"mlopsctl eval run model -t quiz.yaml -l 100 --shots 5 -o quick.json",
            "A first impression"},
           {"mlopsctl eval run model -t tasks/ --adapter lora -o lora.json --samples",
            "With an adapter, keeping prompts and answers"},
           {"mlopsctl eval run chat-model -t tasks/ --chat --system-instruction 'Be brief.'",
            "A chat model, asked as it was trained"},
           {"mlopsctl eval run model -t tasks/ -o full.json --resume", "Go on after a crash"},
           {"mlopsctl eval run http://localhost:8000/v1 -t tasks/ --cache user",
            "A server; answers are kept"},
           {"mlopsctl eval run --command 'python predict.py' -t quiz.yaml", "Any program"}},
      .options = all_options(),
      .positionals = {{.name = "TARGET",
                       .help = "The model: a folder of Hugging Face, or the URL of an endpoint",
                       .least = 0,
                       .complete = Complete::directory}},
      .run = run};
  spec.exit_codes.push_back(ExitCode::partial);
  return spec;
}

}  // namespace mlopsctl::commands
