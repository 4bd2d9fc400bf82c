#include "commands/gate_arguments.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "commands/check_record.hpp"
#include "commands/gate_documents.hpp"
#include "commands/gate_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

bool is_path(const std::string& name) {
  std::error_code failed;
  return name.find('/') != name.npos || name.ends_with(".json") ||
         fs::is_regular_file(name, failed);
}

bool has_results(const gate::Measured& measured) { return measured.quality || measured.latency; }

// The first artifact of the run that is a result; numbers by name are none, any JSON has some.
gate::Measured measured_of_run(Context& context, const std::string& name) {
  RunStore& store = context.runs(StoreAccess::read);
  const std::string id = resolve_check(store, name, {"evaluation", "latency"});
  for (const Artifact& artifact : store.artifacts(id)) {
    if (!artifact.path.ends_with(".json")) continue;
    try {
      gate::Measured measured =
          gate::read_measured((store.artifact_folder(id) / artifact.path).string());
      if (has_results(measured)) return measured;
    } catch (const Error& error) {  // JSON of something else
      if (error.kind() == ErrorKind::io) throw;
    }
  }
  throw Error(
      ErrorKind::not_found,
      fmt::format("the run {} has no results among its artifacts", quote(name)),
      "'mlopsctl eval run' and 'mlopsctl bench run' record some; or name a file of results");
}

void join_fingerprint(Fingerprint& all, const Fingerprint& more, const std::string& name) {
  for (const auto& [key, value] : more) {
    const auto [entry, is_new] = all.emplace(key, value);
    if (!is_new && entry->second != value) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} is of another evaluation: {} is {} there and {} before it",
                              quoted_path(name), key, quote(value), quote(entry->second)),
                  "check results of one model at a time");
    }
  }
}

void join_quality(gate::Measured& all, EvalResult more, const std::string& name) {
  if (!all.quality) {
    all.quality = std::move(more);
    return;
  }
  join_fingerprint(all.quality->fingerprint, more.fingerprint, name);
  for (TaskResult& task : more.tasks) {
    if (std::ranges::find(all.quality->tasks, task.name, &TaskResult::name) !=
        all.quality->tasks.end()) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} has the task {} again", quoted_path(name), quote(task.name)));
    }
    all.quality->tasks.push_back(std::move(task));
  }
}

bool should_tell(const Arguments& arguments, ExitCode code) {
  const std::string when = arguments.text_or("notify-on", "bad");
  return when == "always" || (when == "bad" && code == ExitCode::bad_answer);
}

}  // namespace

fs::path baseline_folder(Context& context) { return context.working_root() / "baselines"; }

fs::path baseline_file(Context& context, const std::string& name) {
  if (is_path(name)) return name;
  if (!gate::is_baseline_name(name)) {
    throw Error(ErrorKind::usage, fmt::format("{} is no name of a baseline", quote(name)),
                "letters, digits, '-', '_' and '.'");
  }
  return baseline_folder(context) / (name + ".json");
}

gate::Baseline load_baseline(Context& context, const std::string& name) {
  const fs::path file = baseline_file(context, name);
  if (!fs::exists(file)) {
    throw Error(ErrorKind::not_found,
                is_path(name) ? fmt::format("there is no file {}", quoted_path(file))
                              : fmt::format("there is no baseline {} (looked for {})", quote(name),
                                            quoted_path(file)),
                "'mlopsctl baseline list' shows them, 'mlopsctl baseline save' makes one");
  }
  gate::Baseline baseline = gate::read_baseline(file);
  if (baseline.name.empty()) baseline.name = file.stem().string();
  return baseline;
}

gate::Measured load_measured(Context& context, const std::string& name) {
  if (name == "-" || is_path(name)) return gate::read_measured(name);
  if (fs::is_directory(name)) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is a folder, not a file of results", quoted_path(name)),
                "evaluate the model with 'mlopsctl eval run' and check what it wrote");
  }
  return measured_of_run(context, name);
}

gate::Measured load_all_measured(Context& context, const std::vector<std::string>& names) {
  gate::Measured all;
  for (const std::string& name : names) {
    gate::Measured one = load_measured(context, name);
    if (one.quality) join_quality(all, std::move(*one.quality), name);
    if (one.latency && all.latency) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} is a second measurement of latency", quoted_path(name)));
    }
    if (one.latency) all.latency = std::move(one.latency);
    all.plain.merge(one.plain);
  }
  return all;
}

std::vector<OptionSpec> gate_output_options() {
  std::vector<OptionSpec> options{{.name = "strict", .help = "A warning is bad, too: exit with 3"}};
  for (auto& option : check_record_options("gate")) {
    if (option.name == "name") option.default_text = "the baseline's, else the file's";
    options.push_back(std::move(option));
  }
  options.push_back({.name = "notify-on",
                     .value = "WHEN",
                     .help = "When messages are sent",
                     .choices = {"bad", "always", "never"},
                     .default_text = "bad"});
  for (auto& option :
       check_output_options({.page = "Write a page with every rule, its interval and what changed",
       .junit = "Write JUnit XML, one test case a rule",
       .alert = "Raise an alert there on a regression, end it when there is none; env:NAME as "
                "above"})) {
    options.push_back(std::move(option));
  }
  return options;
}

Report finish_gate(Context& context, const Arguments& arguments, const std::string& schema,
                   gate::GateResult result) {
  const bool strict = arguments.flag("strict");
  result.checked_at = context.now();
  if (const auto name = arguments.text("name")) result.name = *name;
  if (RunStore* store = store_of_checks(context, arguments); store != nullptr) {
    CheckRecord record = gate_check_record(result);
    record.experiment = arguments.text_or("experiment", record.experiment);
    record.document = render_json(gate_view(context, schema, result)).out;
    result.run_id = record_check(*store, record);
  }
  Report report = gate_view(context, schema, result);
  report.verdict(exit_code_of(result.verdict, strict));
  const CheckDocuments documents = gate_documents(result, strict, context.now());
  write_check_outputs(context, arguments, documents, should_tell(arguments, report.code()), report);
  // Cron mails whatever is printed.
  const bool silent = result.verdict == gate::Verdict::pass && context.globals().quiet &&
                      !context.globals().json && report.code() == ExitCode::done;
  if (silent) return Report(schema).document([](const ByteSink&) {});
  return report;
}

}  // namespace mlopsctl::commands
