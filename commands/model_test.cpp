// model-test: what any language model must do before its answers are worth a look.
#include "mlopsctl/eval/model_test.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/check_outputs.hpp"
#include "commands/commands.hpp"
#include "commands/eval_target.hpp"
#include "commands/gate_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::size_t count_of(const Arguments& arguments, const char* name, std::size_t fallback) {
  const auto count = arguments.integer(name);
  if (count && (*count < 1 || *count > 1'000'000)) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a number from 1 to 1000000", name));
  }
  return count ? static_cast<std::size_t>(*count) : fallback;
}

gate::ModelTestOptions options_of(const Arguments& arguments) {
  gate::ModelTestOptions options;
  options.prompt = arguments.text_or("prompt", options.prompt);
  options.max_new = count_of(arguments, "max-tokens", options.max_new);
  options.runs = count_of(arguments, "runs", options.runs);
  if (const auto seed = arguments.integer("seed")) {
    options.seed = static_cast<std::uint64_t>(*seed);
  }
  options.batch_must_agree = arguments.flag("deterministic");
  if (const auto limit = arguments.text("latency")) {
    options.mean_below = gate::parse_latency_limit("mean=" + *limit).milliseconds;
  }
  return options;
}

Report run(Context& context, const Arguments& arguments) {
  const gate::ModelTestOptions options = options_of(arguments);
  validate_check_outputs(arguments);
  const std::string& folder = arguments.positionals().front();
  const LocalOptions local = local_options(arguments, folder);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const auto checkpoint = Checkpoint::open(folder, local.adapter);
  const auto engine = make_engine(checkpoint, local.engine);
  gate::GateResult result = gate::test_model(*engine, tokenizer, options, context.progress());
  result.name = fs::path(folder).lexically_normal().filename().string();
  if (result.name.empty()) result.name = fs::absolute(folder).parent_path().filename().string();
  result.subject = folder;
  result.facts = {{"model_sha256", checkpoint->fingerprint()},
                  {"tokenizer_sha256", tokenizer.fingerprint()},
                  {"engine", engine->name()},
                  {"prompt", options.prompt},
                  {"seed", std::to_string(options.seed)}};
  if (local.adapter) result.facts.emplace_back("adapter_sha256", checkpoint->adapter_fingerprint());
  return finish_gate(context, arguments, "model-test/1", std::move(result));
}

std::vector<OptionSpec> all_options() {
  std::vector<OptionSpec> options{
      {.name = "prompt",
       .value = "TEXT",
       .help = "What is to be continued",
       .default_text = gate::ModelTestOptions{}.prompt},
      {.name = "max-tokens", .value = "N", .help = "Tokens of an answer", .default_text = "20"},
      {.name = "seed", .value = "N", .help = "Of the answers", .default_text = "42"},
      {.name = "latency",
       .value = "TIME",
       .help = "The mean time of an answer must be below this, such as 100ms"},
      {.name = "runs",
       .value = "N",
       .help = "Answers that are timed, after three that are not",
       .default_text = "10"}};
  for (auto& option : model_options()) options.push_back(std::move(option));
  for (auto& option : gate_output_options()) {
    if (option.name == "name") option.default_text = "the model's folder";
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace

CommandSpec model_test() {
  CommandSpec spec{
      .path = "model-test",
      .summary = "Test what any language model must do",
      .description =
          "Loads a model of Hugging Face and tests: the logits of five tokens have the shape (1, "
          "5, "
          "vocabulary), none is NaN or infinite, the generated text begins with its prompt and is "
          "longer, the same seed gives the same tokens and the same bits of log-probabilities, "
          "greedy and sampled, and the tokenizer has no more ids than the model has rows. Whether "
          "a "
          "request alone and one among others give the same is told; with --deterministic it is a "
          "test, too. --latency adds the mean time of ten answers, strictly below the limit.\n\n"
          "Exits with 0 if all tests pass, 3 if one fails, 4 if too few answers were timed, 5 if "
          "all is well but an output could not be written. With --quiet it prints nothing when all "
          "is well.",
      .examples = {{"mlopsctl model-test model", "A model of Hugging Face in a folder"},
                   {"mlopsctl model-test model --latency 100ms", "With its speed"},
                   {"mlopsctl model-test model --adapter lora --junit model.xml --github-summary",
                    "With an adapter, in CI"}},
      .options = all_options(),
      .positionals = {{.name = "MODEL",
                       .help = "A folder with config.json, tokenizer.json and safetensors",
                       .complete = Complete::directory}},
      .run = run};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,    ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::no_answer, ExitCode::partial};
  return spec;
}

}  // namespace mlopsctl::commands
