#include "commands/eval_target.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::size_t count_of(const Arguments& arguments, const char* option) {
  const std::int64_t given = arguments.integer(option).value_or(0);
  if (given < 0 || given > 1'000'000'000) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a number from 0 on", option));
  }
  return static_cast<std::size_t>(given);
}

std::optional<NumberType> type_of(const std::string& name) {
  if (name == "float32") return NumberType::f32;
  if (name == "float16") return NumberType::f16;
  if (name == "bfloat16") return NumberType::bf16;
  return std::nullopt;  // as stored
}

}  // namespace

std::vector<OptionSpec> model_options() {
  return {{.name = "device",
           .value = "DEVICE",
           .help = "Where the model runs",
           .choices = {"auto", "cpu", "cuda"},
           .default_text = "auto: a GPU if there is one"},
          {.name = "dtype",
           .value = "TYPE",
           .help = "What weights and activations are held in; sums are in float32 always",
           .choices = {"auto", "float32", "float16", "bfloat16"},
           .default_text = "auto: as they are stored"},
          {.name = "adapter",
           .value = "DIR",
           .help = "A LoRA adapter that is merged into the model",
           .complete = Complete::directory},
          {.name = "max-length",
           .value = "N",
           .help = "Tokens that the model sees at once",
           .default_text = "as many as it can"},
          {.name = "batch-tokens",
           .value = "N",
           .help = "Tokens that go through the model at once",
           .default_text = "chosen by the engine"},
          {.name = "threads", .value = "N", .help = "Threads of the CPU", .default_text = "all"},
          {.name = "deterministic",
           .help = "The same bits whatever else is in a batch, at some cost of speed"}};
}

std::vector<OptionSpec> question_options() {
  return {
      {.name = "only",
       .value = "NAME",
       .help = "Only tasks, groups or tags of this name or pattern",
       .repeatable = true},
      {.name = "limit",
       .value = "N",
       .help = "The first N examples of each task only",
       .letter = 'l'},
      {.name = "shots", .value = "N", .help = "Examples before each question, whatever tasks say"},
      {.name = "chat",
       .help = "Put prompts through the model's chat template; a server gets messages where its "
               "API takes them. Texts of perplexities stay as they are"},
      {.name = "system-instruction",
       .value = "TEXT",
       .help = "Before each prompt and the tasks' descriptions; the system's message of a chat"},
      {.name = "fewshot-as-multiturn",
       .value = "BOOL",
       .help = "Whether the shots of a chat are messages of their own, or part of the question's",
       .choices = {"true", "false"},
       .default_text = "true, with --chat"}};
}

void read_prompt_form(const Arguments& arguments, eval::EvaluateOptions& options) {
  options.chat = arguments.flag("chat");
  options.system_instruction = arguments.text_or("system-instruction", "");
  const auto multiturn = arguments.text("fewshot-as-multiturn");
  options.multiturn = multiturn.value_or("true") == "true";
  if (multiturn && !options.chat) {
    throw Error(ErrorKind::usage, "--fewshot-as-multiturn says how shots are put into a chat",
                "give --chat too, for models that have a chat template");
  }
}

EngineOptions engine_options(const Arguments& arguments) {
  return {.device = arguments.text_or("device", "auto"),
          .type = type_of(arguments.text_or("dtype", "auto")),
          .threads = static_cast<unsigned>(count_of(arguments, "threads")),
          .deterministic = arguments.flag("deterministic"),
          .max_batch_tokens = count_of(arguments, "batch-tokens")};
}

LocalOptions local_options(const Arguments& arguments, const std::string& model) {
  LocalOptions options{.model = model,
                       .engine = engine_options(arguments),
                       .max_length = count_of(arguments, "max-length")};
  if (const auto adapter = arguments.text("adapter")) options.adapter = *adapter;
  if (!fs::is_directory(model)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no folder {}", quoted_path(model)),
                "name a folder with config.json, tokenizer.json and safetensors files, as Hugging "
                "Face's tools write them");
  }
  return options;
}

std::unique_ptr<Target> open_target(const Arguments& arguments, const std::string& target) {
  LocalOptions options = local_options(arguments, target);
  options.lm_eval_compat = arguments.flag("lm-eval-compat");
  return open_local(options);
}

}  // namespace mlopsctl::commands
