// quality check and quality report: the same work; only check judges.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/analysis.hpp"
#include "mlopsctl/drift/profile.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/quality/judge.hpp"

#include "commands/check_outputs.hpp"
#include "commands/check_record.hpp"
#include "commands/commands.hpp"
#include "commands/drift_arguments.hpp"
#include "commands/quality_arguments.hpp"
#include "commands/quality_documents.hpp"
#include "commands/quality_rows.hpp"
#include "commands/quality_view.hpp"
#include "commands/remote_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

using quality::Indicators;
using quality::LogOptions;
using quality::QualityResult;

// The drift of a log's columns needs a profile of each side: flat memory, whatever the log's size.
struct Measured {
  quality::LogSummary summary;
  drift::Profile profile;
};

Measured measure(Context& context, const std::vector<std::string>& inputs,
                 const LogOptions& options, const Indicators& indicators, bool profiled,
                 const quality::TakeBlock& also) {
  Measured measured;
  measured.summary = quality::read_log(inputs, options, indicators, context.progress(),
                                       [&](const quality::LogBlock& block) {
                                         if (also) also(block);
                                         if (profiled)
                                           measured.profile.add(columns_of(block, indicators));
                                       });
  measured.profile.set_source(measured.summary.source);
  return measured;
}

drift::DriftResult compare(const Arguments& arguments, const QualityResult& result,
                           const drift::Profile& reference, const drift::Profile& current) {
  drift::AnalysisOptions options = drift_feature_analysis(arguments);
  options.name = result.name;
  options.min_rows = result.judging.least_responses;
  // A language that comes up once and an answer that is longer than all before are no drift.
  if (!arguments.text("findings")) options.findings_are_drift = false;
  if (arguments.text("html")) options.ecdf_points = 256;
  drift::DriftResult drifted = drift::analyse(reference, current, options);
  // That a flag came up for the first time is told by its rate.
  std::erase_if(drifted.findings, [&](const drift::DriftFinding& finding) {
    const auto info =
        std::ranges::find(result.indicators, finding.feature, &quality::IndicatorInfo::name);
    return !finding.drift && info != result.indicators.end() &&
           info->kind == quality::IndicatorKind::flag;
  });
  return drifted;
}

void run_reference(Context& context, const Arguments& arguments, const Indicators& indicators,
                   const LogOptions& options, QualityResult& result,
                   const quality::TakeBlock& rows) {
  LogOptions before = options;
  before.from.reset();  // a window is of the log that is checked
  before.to.reset();
  before.worst = 0;
  const auto& inputs = arguments.list("reference");
  const Measured reference = measure(context, inputs, before, indicators, true, {});
  const Measured current =
      measure(context, arguments.positionals(), options, indicators, true, rows);
  result.reference = reference.summary;
  result.current = current.summary;
  if (reference.summary.responses > 0 && current.summary.responses > 0) {
    result.drift = compare(arguments, result, reference.profile, current.profile);
  }
}

// Writing the rows must not replace the log that they are made from.
void refuse_own_log(const std::string& output, const quality::LogSummary& log) {
  for (const std::string& file : log.files) {
    std::error_code failed;
    if (fs::equivalent(file, output, failed)) {
      throw Error(ErrorKind::usage,
                  fmt::format("--output {} would replace the log itself", quoted_path(output)),
                  "name another file");
    }
  }
}

// Fills everything but the verdict. Rows go to --output on the way.
QualityResult measured(Context& context, const Arguments& arguments, const quality::RuleSet& rules,
                       const LogOptions& options) {
  const Indicators indicators(rules);
  QualityResult result{.rules = indicators.id(),
                       .checked_at = context.now(),
                       .indicators = indicators.all(),
                       .labels = indicators.labels(),
                       .judging = rules.judging};
  result.name = arguments.text_or("name", name_of_input(arguments.positionals().front()));
  const auto work = [&](const quality::TakeBlock& rows) {
    if (arguments.list("reference").empty()) {
      result.current =
          measure(context, arguments.positionals(), options, indicators, false, rows).summary;
    } else {
      run_reference(context, arguments, indicators, options, result, rows);
    }
  };
  const auto output = arguments.text("output");
  if (!output || context.globals().dry_run) {
    work({});
    return result;
  }
  stream_file_atomically(*output, [&](const WritePiece& write) {
    RowWriter writer(row_format_of(*output), indicators, write);
    work([&](const quality::LogBlock& block) { writer.add(block); });
    refuse_own_log(*output, result.current);
    if (result.reference) refuse_own_log(*output, *result.reference);
    writer.finish();
  });
  return result;
}

void record(Context& context, const Arguments& arguments, QualityResult& result,
            const std::string& schema) {
  RunStore* store = store_of_checks(context, arguments);
  if (store == nullptr) return;
  CheckRecord record = quality_check_record(result);
  record.experiment = arguments.text_or("experiment", record.experiment);
  record.document = render_json(quality_view(context, schema, result)).out;
  result.run_id = record_check(*store, record);
}

// Too many lines that are no JSON: the rest was judged, and that is to be told.
bool has_too_many_bad_lines(const Arguments& arguments, const quality::LogSummary& log) {
  const double most = arguments.number("max-malformed").value_or(0);
  return static_cast<double>(log.malformed) > most * static_cast<double>(log.lines);
}

bool should_tell(const Arguments& arguments, quality::Verdict verdict) {
  const std::string when = arguments.text_or("notify-on", "bad");
  return when == "always" || (when == "bad" && verdict == quality::Verdict::bad);
}

Report run(Context& context, const Arguments& arguments, bool judges) {
  const std::string schema = judges ? "quality.check/1" : "quality.report/1";
  const quality::RuleSet rules = quality_rules_of(arguments);
  LogOptions options = quality_log_options_of(arguments, rules, context.now());
  RemoteInputs remote(remote_options(arguments), context.progress());
  options.fetch = [&remote](const std::string& url) { return remote.fetch(url); };
  drift_feature_analysis(arguments);
  validate_check_outputs(arguments);
  const auto output = arguments.text("output");
  if (output) row_format_of(*output);
  QualityResult result = measured(context, arguments, rules, options);
  judge(result, rules.limits);
  record(context, arguments, result, schema);
  Report report = quality_view(context, schema, result);
  if (judges) report.verdict(exit_code_of(result.verdict));
  if (judges && report.code() == ExitCode::done &&
      has_too_many_bad_lines(arguments, result.current)) {
    report.verdict(ExitCode::partial);
  }
  if (output) report.field("output", "wrote", Cell(*output));
  const CheckDocuments documents = quality_documents(result, context.now());
  write_check_outputs(context, arguments, documents, should_tell(arguments, result.verdict),
                      report);
  if (judges && !result.run_id.empty()) {
    report.next(fmt::format("mlopsctl run plot {} --metric quality/low_score_rate", result.name));
  }
  // Cron mails whatever is printed.
  if (judges && report.code() == ExitCode::done && context.globals().quiet &&
      !context.globals().json) {
    return Report(schema).document([](const ByteSink&) {});
  }
  return report;
}

Report check(Context& context, const Arguments& arguments) { return run(context, arguments, true); }
Report report(Context& context, const Arguments& arguments) {
  return run(context, arguments, false);
}

std::vector<OptionSpec> all_options() {
  std::vector<OptionSpec> options = quality_log_options();
  const auto add = [&](std::vector<OptionSpec> more) {
    for (auto& option : more) options.push_back(std::move(option));
  };
  add(quality_rule_options());
  add({{.name = "reference",
        .value = "LOG",
        .help = "Responses from before, a file or a glob: rates that rose and columns that drifted "
                "are bad too",
        .repeatable = true,
        .complete = Complete::file},
       {.name = "output",
        .value = "FILE",
        .help = "Write the indicators of every response: .csv or .jsonl, as 'drift check' reads "
                "them",
        .letter = 'o',
        .complete = Complete::file}});
  add(check_record_options("quality"));
  add({{.name = "notify-on",
        .value = "WHEN",
        .help = "When messages are sent",
        .choices = {"bad", "always", "never"},
        .default_text = "bad"}});
  add(check_output_options(
      {.page =
           "Write a page with rates, limits and the worst responses; with --reference both sides "
           "of every indicator",
       .junit = "Write JUnit XML, one test case a rate and an indicator",
       .alert = "Raise an alert there if the quality is bad, end it when it is not; env:NAME as "
                "above"}));
  add(drift_feature_options());
  return options;
}

constexpr const char* description =
    "Reads logs of responses, one JSON object a line, and measures each response without a model: "
    "doubt, percentages, listed words, refusals, repetition, truncation, JSON, data of persons, "
    "readability, language, leaked template tokens; 'quality rules --indicators' lists all. The "
    "score of a response is 1 less a penalty for doubt and one for toxicity; 'quality rules' "
    "prints every list, weight and threshold, and --rules takes a file with others.\n\n"
    "The response is looked for where servers and gateways put it (response, output, completion, "
    "text, choices[0].message.content, the last message of the assistant and others); --field "
    "names "
    "another place. Lines that are no JSON are reported with their numbers and left out.\n\n"
    "A rate is over its limit if the lower bound of its Wilson interval is: one bad response of "
    "three alarms nobody. Limits are low_score 0.05 and toxic 0.01 unless --max or the rules say "
    "otherwise. With --reference a rate also must not rise surely and by a hundredth, and the "
    "indicators are columns that the tests of 'drift check' compare.";

std::vector<PositionalSpec> logs() {
  return {
      {.name = "LOG",
       .help =
           "JSON lines: files, globs in quotes, s3:// or https:// URLs, or - for standard input; "
           "gzip is unpacked",
       .many = true,
       .complete = Complete::file}};
}

}  // namespace

CommandSpec quality_check() {
  CommandSpec spec{
      .path = "quality check",
      .summary = "Judge the responses in a log",
      .description = std::string(description) +
                     "\n\nExits with 0 if all is well, 3 if a rate is over its limit, rose, or an "
                     "indicator drifted, 4 with too few responses to say, 5 if all is well but "
                     "lines were malformed or an output could not be written. With --quiet it "
                     "prints nothing when all is well.",
      .examples =
          {{"mlopsctl quality check responses.jsonl", "By the default rules and limits"},
           {"mlopsctl quality check 'logs/*.jsonl.gz' --max refusal=0.02 --max pii=0",
            "With limits of one's own"},
           {"mlopsctl quality check today.jsonl --reference last-week.jsonl",
            "Also against the responses from before"},
           {"mlopsctl quality check chat.jsonl --window 24h --name chat -q --prometheus chat.prom",
            "From cron"}},
      .options = all_options(),
      .positionals = logs(),
      .run = check};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,    ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::no_answer, ExitCode::partial};
  return spec;
}

CommandSpec quality_report() {
  CommandSpec spec{
      .path = "quality report",
      .summary = "Show how good the responses in a log are, without judging",
      .description = std::string(description) +
                     "\n\nThe same as 'quality check', but exits with 0 whatever it finds; with 5 "
                     "if an output could not be written.",
      .examples = {{"mlopsctl quality report responses.jsonl",
                    "A summary, and the worst responses"},
                   {"mlopsctl quality report responses.jsonl --show refusal --worst 50",
                    "Responses that decline"},
                   {"mlopsctl quality report responses.jsonl -o quality.csv",
                    "A row for each response"},
                   {"zcat log.gz | mlopsctl quality report - --json", "For a program"}},
      .options = all_options(),
      .positionals = logs(),
      .run = report};
  spec.exit_codes.push_back(ExitCode::partial);
  return spec;
}

}  // namespace mlopsctl::commands
