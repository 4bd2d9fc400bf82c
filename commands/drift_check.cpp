// drift check and drift report: the same work; only check judges.
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/check_state.hpp"
#include "mlopsctl/platform/file_lock.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/drift_arguments.hpp"
#include "commands/drift_documents.hpp"
#include "commands/drift_outputs.hpp"
#include "commands/drift_record.hpp"
#include "commands/drift_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

namespace mlopsctl::commands {

namespace {

using drift::CheckState;
using drift::DataSet;
using drift::DriftResult;

struct Window {
  std::optional<Timestamp> from, to;
  bool since_last = false;
};

Window window_of(const Arguments& arguments, const CheckState& state, Timestamp now) {
  Window window;
  const auto text = arguments.text("window");
  if (!text) return window;
  if (!arguments.text("time-column")) {
    throw Error(ErrorKind::usage, "--window needs --time-column",
                "name the column that says when a row was made");
  }
  if (*text == "since-last") {
    if (!arguments.text("state")) {
      throw Error(ErrorKind::usage, "--window since-last needs --state FILE",
                  "the file remembers how far the last check has seen");
    }
    window.since_last = true;
    if (state.seen_until) window.from = *state.seen_until + Milliseconds{1};
    return window;
  }
  window.from = now - parse_duration(*text);
  window.to = now;
  return window;
}

DataSet current_data(Context& context, const Arguments& arguments, const Window& window,
                     const drift::ReadOptions& read) {
  const auto& names = arguments.positionals();
  const std::vector<std::string> inputs(names.begin() + 1, names.end());
  DataSet data = drift::read_data_set(inputs, read, context.progress());
  if (!arguments.text("window")) return data;
  return drift::rows_between(data, *arguments.text("time-column"), window.from, window.to);
}

// What a profile can say of columns that the user named.
DataSet columns_of(const drift::Profile& profile, const std::string& source,
                   const drift::ReadOptions& read) {
  DataSet header{.source = source};
  for (const auto& column : profile.columns()) header.columns.push_back({.name = column.name});
  std::vector<std::string> named = read.ignore;
  if (!read.time_column.empty()) named.push_back(read.time_column);
  for (const auto& name : named) {
    if (std::ranges::find(header.columns, name, &drift::Column::name) == header.columns.end()) {
      header.absent.push_back(name);
    }
  }
  return header;
}

DriftResult against_profile(drift::Profile& reference, const Arguments& arguments,
                            const drift::ReadOptions& read, const drift::AnalysisOptions& options,
                            const std::function<DataSet()>& current) {
  const auto& names = arguments.positionals();
  const std::string source = mask_secrets(names[0]);
  auto given = names.size() == 2 ? profile_in(names[1], read) : std::nullopt;
  if (!given) {
    const DataSet data = current();
    check_absent(columns_of(reference, source, read), data);
    given.emplace();
    given->add(data);
    given->set_source(data.source);
  }
  reference.leave_out(read.ignore);
  given->leave_out(read.ignore);
  DriftResult result = drift::analyse(reference, *given, options);
  result.reference_source = source;
  return result;
}

DriftResult compare(Context& context, const Arguments& arguments,
                    const drift::AnalysisOptions& options, const Window& window) {
  const auto& names = arguments.positionals();
  const auto time_column = arguments.text("time-column");
  const drift::ReadOptions read = drift_read_options(context, arguments);
  std::optional<std::pair<Timestamp, Timestamp>> range;
  const auto current = [&] {
    DataSet data = current_data(context, arguments, window, read);
    if (time_column) range = drift::time_range(data, *time_column);
    return data;
  };
  DriftResult result;
  if (auto reference = profile_in(names[0], read)) {
    result = against_profile(*reference, arguments, read, options, current);
  } else {
    const DataSet before = drift::read_data_set({names[0]}, read, context.progress());
    const DataSet now = current();
    check_absent(before, now);
    const auto backend = make_backend(arguments.text_or("device", "auto"));
    result = drift::analyse(before, now, options, *backend, context.progress());
  }
  if (range) {
    result.window_from = range->first;
    result.window_to = range->second;
  }
  return result;
}

void record(Context& context, const Arguments& arguments, DriftResult& result,
            const std::string& schema) {
  RunStore* store = store_of_checks(context, arguments);
  if (store == nullptr) return;
  CheckRecord record = drift_check_record(result);
  record.experiment = arguments.text_or("experiment", record.experiment);
  record.document = render_json(drift_view(context, schema, result, std::nullopt)).out;
  if (wants_drift_pictures(arguments)) record.page = html_comparison(drift_page(result));
  result.run_id = record_check(*store, record);
}

void wait_a_little(Context& context, Milliseconds most) {
  if (most.count() <= 0) return;
  std::random_device random;
  const Milliseconds time{std::uniform_int_distribution<std::int64_t>(0, most.count())(random)};
  context.progress().detail(fmt::format("waiting for {}", human_duration(time)));
  std::this_thread::sleep_for(time);
}

Report not_checked(const std::string& schema, const std::string& name, const std::string& lock) {
  Report report(schema);
  report.field("name", "check", Cell(name));
  report.field("verdict", "verdict", Cell("not checked"));
  report.summary(fmt::format("another check holds {}", lock));
  return report.verdict(ExitCode::no_answer);
}

Report run(Context& context, const Arguments& arguments, bool judges) {
  const std::string schema = judges ? "drift.check/1" : "drift.report/1";
  const auto& names = arguments.positionals();
  drift::AnalysisOptions options = drift_analysis_options(arguments);
  options.name = arguments.text_or("name", name_of_input(names[1]));
  const auto top = arguments.integer("top");
  if (top && *top < 0) throw Error(ErrorKind::usage, "--top needs a number from 0");

  check_drift_outputs(arguments);
  if (wants_drift_pictures(arguments)) options.ecdf_points = 256;
  const drift::NotifyOn notify_on = drift::parse_notify_on(arguments.text_or("notify-on", "drift"))
                                        .value_or(drift::NotifyOn::drift);
  if (notify_on == drift::NotifyOn::change && !arguments.text("state")) {
    throw Error(ErrorKind::usage, "--notify-on change needs --state FILE",
                "the file remembers the last verdict");
  }
  const auto lock_file = arguments.text("lock");
  std::optional<FileLock> lock;
  if (lock_file) {
    lock = FileLock::try_lock(*lock_file);
    if (!lock) return not_checked(schema, options.name, *lock_file);
  }
  if (const auto jitter = arguments.text("jitter")) wait_a_little(context, parse_duration(*jitter));
  const auto state_file = arguments.text("state");
  const CheckState before =
      state_file ? drift::read_check_state(*state_file, options.name) : CheckState{};
  const Window window = window_of(arguments, before, context.now());

  DriftResult result = compare(context, arguments, options, window);
  record(context, arguments, result, schema);
  Report report = drift_view(context, schema, result,
                             top ? std::optional(static_cast<std::size_t>(*top)) : std::nullopt);
  if (judges) report.verdict(exit_code_of(result.verdict));
  const bool told = write_drift_outputs(
      context, arguments, result, drift::should_notify(notify_on, before, result.verdict), report);
  if (state_file && !context.globals().dry_run) {
    CheckState state = drift::after(before, result);
    if (!told) state.verdict = before.verdict;  // the next check tells of the change
    drift::write_check_state(*state_file, state);
  }
  // Cron mails whatever is printed.
  if (report.code() == ExitCode::done && context.globals().quiet && !context.globals().json &&
      result.verdict == drift::Verdict::ok && judges) {
    return Report(schema).document([](const ByteSink&) {});
  }
  if (!result.run_id.empty() && judges) {
    report.next(fmt::format("mlopsctl drift history {}", options.name));
  }
  return report;
}

Report check(Context& context, const Arguments& arguments) { return run(context, arguments, true); }
Report report(Context& context, const Arguments& arguments) {
  return run(context, arguments, false);
}

std::vector<OptionSpec> options_of_check() {
  std::vector<OptionSpec> options = drift_rule_options();
  for (auto& option : drift_input_options()) options.push_back(std::move(option));
  const std::vector<OptionSpec> own{
      {.name = "device",
       .value = "DEVICE",
       .help = "Where matrices are compared",
       .choices = {"auto", "cpu", "cuda"},
       .default_text = "auto"},
      {.name = "top",
       .value = "N",
       .help = "Features that are shown; 0 shows all",
       .default_text = "15 on a terminal, else all"},
      {.name = "lock",
       .value = "FILE",
       .help = "While another check holds this file, do nothing and exit with 4",
       .complete = Complete::file},
      {.name = "state",
       .value = "FILE",
       .help = "Remembers the last verdict and how far the data were seen",
       .complete = Complete::file},
      {.name = "window",
       .value = "WINDOW",
       .help = "Rows of the current data: since-last (needs --state), or an age such as 24h"},
      {.name = "notify-on",
       .value = "WHEN",
       .help =
           "When messages are sent: drift, change of the verdict (needs --state), always, never",
       .choices = {"change", "drift", "always", "never"},
       .default_text = "drift"},
      {.name = "jitter", .value = "TIME", .help = "First wait for a random time up to this"}};
  options.insert(options.end(), own.begin(), own.end());
  for (auto& option : check_record_options(drift_experiment)) options.push_back(std::move(option));
  for (auto& option : drift_output_options()) options.push_back(std::move(option));
  return options;
}

std::vector<PositionalSpec> data_of_check() {
  return {
      {.name = "REFERENCE",
       .help = "What it was: a file, a glob in quotes, a URL (s3://, https://), or a profile",
       .complete = Complete::file},
      {.name = "CURRENT",
       .help = "What it is now: files, globs in quotes, URLs, - for standard input, or a profile",
       .many = true,
       .complete = Complete::file}};
}

constexpr const char* description =
    "Compares what a model saw with what it sees now, feature by feature: columns of tables by "
    "name, components of matrices (embeddings) by position.\n\n"
    "--preset says what drift is. 'spec', the default for matrices, is the rule that is common for "
    "embeddings: a feature drifted if p < 0.05 by Kolmogorov-Smirnov or PSI is at least 0.1, the "
    "data if any feature did. It finds every change and, in data without one, about one feature in "
    "twenty: the table of tests shows how many are chance and how many are left after "
    "Benjamini-Hochberg. 'balanced', the default for tables, asks for both: p < 0.05 after "
    "Benjamini-Hochberg, and at least a tenth of the data moved. It also counts changes of missing "
    "values, categories, columns and ranges. 'evidently' and 'nannyml' decide as those tools "
    "do.\n\n"
    "MOVED is the share of the data that moved: the largest difference of the distribution "
    "functions of numbers, the total variation of categories. Severity is low, medium or high by "
    "the largest PSI (0.1, 0.2), of the features that drifted unless the preset is spec.\n\n"
    "Rows that depend on each other (the same user, the same hour) make p-values too small: "
    "'nannyml' takes its thresholds from the reference's own chunks instead.";

}  // namespace

CommandSpec drift_check() {
  CommandSpec spec{
      .path = "drift check",
      .summary = "Judge whether the data have changed",
      .description =
          std::string(description) +
          "\n\nExits with 0 if they have not, 3 on drift, 4 if there are too few rows to "
          "say, or no test that was asked for can be applied. With --quiet it prints nothing when "
          "all is well, as cron likes it.\n\n"
          "Where a page, metrics, an alert or a message cannot be written or sent, the report says "
          "so and the verdict stays; a check that would end with 0 then ends with 5.",
      .examples =
          {{"mlopsctl drift check train.npy today.npy", "Embeddings"},
           {"mlopsctl drift check train.csv 'logs/*.csv' --ignore id", "Tables"},
           {"mlopsctl drift check s3://data/train.parquet 's3://data/logs/2026-11-*.jsonl'",
            "From S3: every object that matches"},
           {"mlopsctl drift check train.profile today.csv --name churn -q",
            "Against a profile, quiet if all is well"},
           {"mlopsctl drift check ref.csv requests.jsonl --time-column at --window since-last "
            "--state churn.state --lock churn.lock",
            "From cron: what came since the last check"}},
      .options = options_of_check(),
      .positionals = data_of_check(),
      .run = check};
  spec.exit_codes = {ExitCode::done,       ExitCode::failed,    ExitCode::usage,
                     ExitCode::bad_answer, ExitCode::no_answer, ExitCode::partial};
  return spec;
}

CommandSpec drift_report() {
  CommandSpec spec{
      .path = "drift report",
      .summary = "Show what has changed in the data, without judging",
      .description = std::string(description) +
                     "\n\nThe same as 'drift check', but exits with 0 "
                     "whatever it finds.",
      .examples = {{"mlopsctl drift report train.csv today.csv --top 0", "Every feature"},
                   {"mlopsctl drift report train.npy today.npy --json", "For a program"}},
      .options = options_of_check(),
      .positionals = data_of_check(),
      .run = report};
  spec.exit_codes.push_back(ExitCode::no_answer);
  spec.exit_codes.push_back(ExitCode::partial);
  return spec;
}

}  // namespace mlopsctl::commands
