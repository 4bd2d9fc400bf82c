#include "commands/eval_candidate.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/evaluate.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/version.hpp"

#include "commands/endpoint_options.hpp"
#include "commands/eval_target.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

std::optional<std::uint64_t> count_of(const Arguments& arguments, const char* name,
                                      std::int64_t least) {
  const auto count = arguments.integer(name);
  if (!count) return std::nullopt;
  if (*count < least || *count > 1'000'000'000) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a whole number from {} on", name, least));
  }
  return static_cast<std::uint64_t>(*count);
}

}  // namespace

bool is_candidate(const std::string& name) {
  return is_endpoint_url(name) || fs::is_directory(name);
}

std::vector<OptionSpec> candidate_options() {
  std::vector<OptionSpec> options{
      {.name = "tasks",
       .value = "FILE",
       .help = "With a model or an endpoint instead of results: task files, or folders of them, "
               "that it is asked",
       .letter = 't',
       .repeatable = true,
       .complete = Complete::file}};
  const auto add = [&](std::vector<OptionSpec> more) {
    for (auto& option : more) options.push_back(std::move(option));
  };
  add(question_options());
  add({{.name = "lm-eval-compat", .help = "Ask as 'eval run --lm-eval-compat' does"}});
  add(model_options());
  add(endpoint_options());
  add(endpoint_speed_options());
  add(cache_options());
  return options;
}

EvalResult evaluate_candidate(Context& context, const Arguments& arguments,
                              const std::string& name) {
  if (arguments.list("tasks").empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is {}: eval check needs --tasks FILE to ask it", quote(name),
                            is_endpoint_url(name) ? "an endpoint" : "a model"),
                "or evaluate it with 'mlopsctl eval run' and name the result");
  }
  eval::EvaluateOptions options{.limit = count_of(arguments, "limit", 1),
                                .lm_eval_compat = arguments.flag("lm-eval-compat")};
  if (const auto shots = count_of(arguments, "shots", 0)) {
    options.shots = static_cast<std::uint32_t>(*shots);
  }
  read_prompt_form(arguments, options);
  if (const auto seed = count_of(arguments, "seed", 0)) options.seed = *seed;
  const eval::TaskSet tasks = eval::read_tasks(arguments.list("tasks"), arguments.list("only"));
  std::shared_ptr<AnswerCache> cache;
  const auto target =
      cached(context, arguments, open_named_target(context, arguments, name), cache);
  EvalResult result = eval::evaluate(*target, tasks, options, context.progress());
  result.fingerprint["version"] = version_info().version;
  return result;
}

}  // namespace mlopsctl::commands
