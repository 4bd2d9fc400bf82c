// bench check: is it as fast as it was?
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/bench_sides.hpp"
#include "commands/check_outputs.hpp"
#include "commands/commands.hpp"
#include "commands/drift_arguments.hpp"
#include "commands/gate_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

gate::LatencyOptions options_of(const Arguments& arguments) {
  gate::LatencyOptions options;
  if (const auto threshold = arguments.number("threshold")) {
    if (!(*threshold >= 0)) throw Error(ErrorKind::usage, "--threshold needs a share from 0");
    options.threshold = *threshold;
  }
  if (const auto alpha = arguments.number("alpha")) {
    if (!(*alpha > 0 && *alpha < 0.5)) {
      throw Error(ErrorKind::usage, "--alpha needs a number between 0 and 0.5, such as 0.01");
    }
    options.alpha = *alpha;
  }
  if (const auto seed = arguments.integer("seed")) {
    options.seed = static_cast<std::uint64_t>(*seed);
  }
  for (const std::string& name : arguments.list("metric")) {
    const auto metric = parse_latency_metric(name);
    if (!metric) {
      throw Error(ErrorKind::usage, fmt::format("{} is no metric of latency", quote(name)),
                  "ttft, tpot or e2e");
    }
    options.metrics.push_back(*metric);
  }
  for (const std::string& text : arguments.list("limit")) {
    options.limits.push_back(gate::parse_latency_limit(text));
  }
  options.allowed = arguments.list("allow");
  return options;
}

LatencyRun latency_of(Context& context, const std::string& name) {
  gate::Measured measured = load_measured(context, name);
  if (!measured.latency) {
    throw Error(ErrorKind::usage, fmt::format("{} is no measurement of latency", quote(name)),
                "'mlopsctl bench run' makes one");
  }
  return std::move(*measured.latency);
}

Report check_ab(Context& context, const Arguments& arguments, const gate::LatencyOptions& options) {
  validate_check_outputs(arguments);
  gate::GateResult result =
      check_sides(context, arguments,
                  {.threshold = options.threshold, .alpha = options.alpha, .seed = options.seed});
  result.name = name_of_input(arguments.positionals().back());
  return finish_gate(context, arguments, "bench.check/1", std::move(result));
}

Report check(Context& context, const Arguments& arguments) {
  const gate::LatencyOptions options = options_of(arguments);
  if (arguments.flag("ab")) return check_ab(context, arguments, options);
  if (arguments.positionals().size() > 1) {
    throw Error(ErrorKind::usage, "bench check takes one result",
                "--ab measures two models or programs in turns");
  }
  const auto name = arguments.text("baseline");
  if (!name && options.limits.empty()) {
    throw Error(ErrorKind::usage, "bench check needs --baseline NAME or --limit LIMIT",
                "--limit mean asks for a mean below 100 ms");
  }
  validate_check_outputs(arguments);
  const std::string& file = arguments.positionals().front();
  gate::Baseline baseline;
  if (name) baseline = load_baseline(context, *name);
  const gate::Baseline* known = name ? &baseline : nullptr;
  gate::GateResult result = is_measurable(file)
                                ? check_model(context, arguments, known, options)
                                : gate::check_latency(known, latency_of(context, file), options);
  result.name = name ? baseline.name : name_of_input(file);
  result.subject = file;
  return finish_gate(context, arguments, "bench.check/1", std::move(result));
}

std::vector<OptionSpec> all_options() {
  std::vector<OptionSpec> options{
      {.name = "baseline",
       .value = "NAME",
       .help = "What it is compared with: a name in baselines/, a file of 'baseline save', or a "
               "result of 'bench run'",
       .complete = Complete::baseline},
      {.name = "limit",
       .value = "LIMIT",
       .help = "A value must be below this: mean (of whole requests, below 100 ms), mean=80ms, "
               "p90:ttft=200ms",
       .repeatable = true},
      {.name = "threshold",
       .value = "SHARE",
       .help = "A rise by more is a regression, if it is sure",
       .default_text = "0.05, or the baseline's noise if that is more"},
      {.name = "alpha",
       .value = "P",
       .help = "How sure: level of Mann-Whitney's test",
       .default_text = "0.01"},
      {.name = "metric",
       .value = "NAME",
       .help = "Judge ttft, tpot or e2e only",
       .repeatable = true,
       .default_text = "all that both have"},
      {.name = "allow",
       .value = "KEY",
       .help = "Part of the fingerprint that may differ, such as driver or load",
       .repeatable = true},
      {.name = "seed",
       .value = "N",
       .help = "Of the resampling: the same seed gives the same intervals",
       .default_text = "1234"}};
  for (auto& option : side_options()) options.push_back(std::move(option));
  for (auto& option : gate_output_options()) options.push_back(std::move(option));
  return options;
}

}  // namespace

CommandSpec bench_check() {
  CommandSpec spec{
      .path = "bench check",
      .summary = "Judge whether a model answers as fast as its baseline",
      .description =
          "Compares the requests of two measurements: time to the first token (ttft), time per "
          "output token (tpot) and of whole requests (e2e). A regression is a median that is "
          "higher "
          "by more than the threshold and by Mann-Whitney's one-sided test, or, from 30 requests a "
          "side on, a 90th percentile whose bootstrap interval lies above the threshold. If that "
          "is "
          "likely but not sure, the check is inconclusive and asks for more requests. Less "
          "than five requests a side, other hardware or another load have no answer.\n\n"
          "A model or an endpoint is measured by 'bench run' first: 30 requests with the "
          "baseline's "
          "numbers of tokens, and twice and four times as many while that is inconclusive, each "
          "time judged at a third of alpha.\n\n"
          "--limit sets absolute limits, strictly below, of at least ten requests.\n\n"
          "--ab measures two models, endpoints or programs instead, in turns (A B, B A, A B and so "
          "on), each "
          "time in a process of its own: after 10, 20 and 40 pairs it looks whether they decide, "
          "at a "
          "third of alpha each. Too slow is a median ratio above the threshold with Wilcoxon's "
          "test "
          "of the pairs; as fast is the same test against the threshold. A program is a command "
          "line "
          "in quotes and is timed as a whole, or, if it has {output}, writes a result of 'bench "
          "run' "
          "there. No shell reads it.\n\n"
          "Exits with 0 if all rules are kept, 3 if one is broken, 4 if there is no answer, 5 if "
          "all is well but an output could not be written. With --quiet it prints nothing when all "
          "is well.",
      .examples = {{"mlopsctl bench check new.json --baseline fast", "Against baselines/fast.json"},
                   {"mlopsctl bench check model --baseline fast", "A model, measured here"},
                   {"mlopsctl bench check new.json --baseline old.json --threshold 0.1",
                    "Against another result, less strict"},
                   {"mlopsctl bench check new.json --limit mean", "A mean below 100 ms"},
                   {"mlopsctl bench check --ab model-before model-after", "Two models in turns"},
                   {"mlopsctl bench check --ab 'old/run model' 'new/run model' --pairs 20",
                    "Two builds of a program"},
                   {"mlopsctl bench check new.json --limit p90:ttft=200ms --limit mean=1s",
                    "Limits of one's own"}},
      .options = all_options(),
      .positionals = {{.name = "RESULT",
                       .help =
                           "A result of 'bench run': a file, - for standard input, or a run; with "
                           "--ab two models or command lines",
                       .many = true,
                       .complete = Complete::file}},
      .run = check};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,    ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::no_answer, ExitCode::partial};
  return spec;
}

}  // namespace mlopsctl::commands
