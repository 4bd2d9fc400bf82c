// eval check: does a change keep what the baseline could do?
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/check_outputs.hpp"
#include "commands/commands.hpp"
#include "commands/drift_arguments.hpp"
#include "commands/eval_candidate.hpp"
#include "commands/gate_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

double share_of(const Arguments& arguments, const char* name, double fallback) {
  const auto share = arguments.number(name);
  if (share && !(*share >= 0 && *share <= 1)) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a share from 0 to 1", name));
  }
  return share.value_or(fallback);
}

gate::QualityOptions options_of(const Arguments& arguments) {
  gate::QualityOptions options;
  options.tolerance = share_of(arguments, "tolerance", options.tolerance);
  options.relative_tolerance =
      share_of(arguments, "relative-tolerance", options.relative_tolerance);
  options.alpha = share_of(arguments, "alpha", options.alpha);
  if (!(options.alpha > 0 && options.alpha < 1)) {
    throw Error(ErrorKind::usage, "--alpha needs a number between 0 and 1, such as 0.05");
  }
  if (const auto seed = arguments.integer("seed")) {
    options.seed = static_cast<std::uint64_t>(*seed);
  }
  options.on_intersection = arguments.flag("on-intersection");
  options.allowed = arguments.list("allow");
  options.metrics = arguments.list("metric");
  if (arguments.text("threshold")) options.threshold = share_of(arguments, "threshold", 0);
  return options;
}

Report check(Context& context, const Arguments& arguments) {
  const gate::QualityOptions options = options_of(arguments);
  const auto name = arguments.text("baseline");
  if (!name && !options.threshold) {
    throw Error(ErrorKind::usage, "eval check needs --baseline NAME or --threshold VALUE",
                "'mlopsctl baseline save NAME RESULT' makes a baseline");
  }
  validate_check_outputs(arguments);
  const auto& files = arguments.positionals();
  gate::Baseline baseline;
  if (name) baseline = load_baseline(context, *name);
  gate::Measured now;
  if (files.size() == 1 && is_candidate(files.front())) {
    now.quality = evaluate_candidate(context, arguments, files.front());
  } else {
    now = load_all_measured(context, files);
  }
  gate::GateResult result =
      name ? gate::check_quality(baseline, now, options) : gate::check_threshold(now, options);
  result.name = name ? baseline.name : name_of_input(files.front());
  result.subject = join(files, ", ");
  return finish_gate(context, arguments, "eval.check/1", std::move(result));
}

std::vector<OptionSpec> all_options() {
  std::vector<OptionSpec> options{
      {.name = "baseline",
       .value = "NAME",
       .help = "What it is compared with: a name in baselines/, a file of 'baseline save', "
               "results, or JSON with an accuracy",
       .complete = Complete::baseline},
      {.name = "threshold",
       .value = "VALUE",
       .help = "Least accuracy of each task, whatever the baseline says"},
      {.name = "tolerance",
       .value = "VALUE",
       .help = "How much lower an accuracy (or F1) may be than the baseline's, inclusive",
       .default_text = "0.01"},
      {.name = "relative-tolerance",
       .value = "SHARE",
       .help = "How much higher, as a share, a perplexity may be, inclusive",
       .default_text = "0.01"},
      {.name = "alpha",
       .value = "P",
       .help = "Level of the paired tests, over all of them together",
       .default_text = "0.05"},
      {.name = "metric",
       .value = "NAME",
       .help = "Judge this metric only; nll is the log-likelihood of the examples",
       .repeatable = true},
      {.name = "on-intersection",
       .help = "Compare the examples that both have, if some are missing or failed"},
      {.name = "allow",
       .value = "KEY",
       .help = "Part of the fingerprint that may differ, such as dtype or 'task hash'",
       .repeatable = true},
      {.name = "seed",
       .value = "N",
       .help = "Of the resampling, and of what a model is asked",
       .default_text = "1234"}};
  for (auto& option : candidate_options()) options.push_back(std::move(option));
  for (auto& option : gate_output_options()) options.push_back(std::move(option));
  return options;
}

}  // namespace

CommandSpec eval_check() {
  CommandSpec spec{
      .path = "eval check",
      .summary = "Judge whether a model is as good as its baseline",
      .description =
          "Compares an evaluation with a baseline, example by example. First it looks whether they "
          "can be compared: tasks, data, prompts, tokenizer, engine and number type must be the "
          "same (--allow takes exceptions), and so must the examples (--on-intersection takes "
          "those "
          "that both have). The model and its adapter are what may differ.\n\n"
          "An accuracy fails if it is lower than the baseline less the tolerance; this is decided "
          "on whole numbers of answers, so that a drop of exactly 0.01 passes. A perplexity fails "
          "if it is higher by more than --relative-tolerance. Within the tolerance there is a "
          "warning if a paired test says that the model became worse: McNemar's exact test of "
          "right "
          "and wrong answers, Wilcoxon's of log-likelihoods and other numbers, with Holm's "
          "correction over all of them. Intervals are of 10,000 paired resamples, of whole groups "
          "where examples have one. The report says which drop could not have been seen.\n\n"
          "A model's folder or an endpoint's URL in the place of results is evaluated first, on "
          "the tasks of --tasks.\n\n"
          "Results of lm-evaluation-harness are read, too. Two files of plain numbers, "
          "{\"accuracy\": 0.91}, are compared by the tolerance alone.\n\n"
          "Exits with 0 if all rules are kept, or with warnings only (3 with --strict), 3 if one "
          "is "
          "broken, 4 if there is no answer: not comparable, or nothing to compare; 5 if all is "
          "well "
          "but an output could not be written. With --quiet it prints nothing when all is well. A "
          "check never changes the baseline: 'baseline accept' does.",
      .examples =
          {{"mlopsctl eval check result.json --baseline chat", "Against baselines/chat.json"},
           {"mlopsctl eval check result.json --baseline main.json --tolerance 0.005 --strict",
            "Stricter, against another result"},
           {"mlopsctl eval check @last --baseline chat --junit gate.xml --github-summary",
            "The last run, in CI"},
           {"mlopsctl eval check metrics.json --baseline baseline.json",
            "Plain numbers: {\"accuracy\": 0.91}"},
           {"mlopsctl eval check http://localhost:8000/v1 --tasks tasks/ --baseline chat",
            "Ask a server and compare, in one go"},
           {"mlopsctl eval check result.json --threshold 0.85", "Without a baseline"}},
      .options = all_options(),
      .positionals = {{.name = "RESULT",
                       .help = "Results of 'eval run': files, - for standard input, or runs; or a "
                               "model's folder, or an endpoint's URL",
                       .many = true,
                       .complete = Complete::file}},
      .run = check};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,    ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::no_answer, ExitCode::partial};
  return spec;
}

}  // namespace mlopsctl::commands
