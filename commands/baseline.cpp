// baseline save, list, show, accept and diff.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"
#include "mlopsctl/platform/process.hpp"

#include "commands/baseline_view.hpp"
#include "commands/commands.hpp"
#include "commands/gate_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

using gate::Baseline;
using gate::Measured;

std::string who() {
  try {
    if (auto repository = GitRepository::open(fs::current_path())) {
      const auto name = repository->setting("user.name"), mail = repository->setting("user.email");
      if (name && mail) return fmt::format("{} <{}>", *name, *mail);
      if (name) return *name;
    }
  } catch (const Error&) {  // no libgit2: the system knows a name, too
  }
  return user_name();
}

void fill(Baseline& baseline, Measured measured) {
  if (measured.quality) {
    // Prompts and answers may be long and private; pairs need outcomes only.
    for (TaskResult& task : measured.quality->tasks) {
      for (ExampleRecord& example : task.examples) example.detail.clear();
    }
    baseline.quality = std::move(measured.quality);
  }
  if (measured.latency) {
    baseline.latency = std::move(measured.latency);
    baseline.noise.clear();  // of the old one
  }
  if (!measured.plain.empty()) baseline.plain = std::move(measured.plain);
}

void add_noise(Context& context, const Arguments& arguments, Baseline& baseline) {
  const auto& files = arguments.list("noise");
  if (files.empty()) return;
  if (!baseline.latency) {
    throw Error(ErrorKind::usage, "--noise needs a measurement of latency to compare with",
                "name the result of 'bench run', too");
  }
  std::vector<LatencyRun> others;
  for (const std::string& file : files) {
    Measured measured = load_measured(context, file);
    if (!measured.latency) {
      throw Error(ErrorKind::usage, fmt::format("{} is no result of 'bench run'", quote(file)));
    }
    others.push_back(std::move(*measured.latency));
  }
  baseline.noise = gate::noise_floor(*baseline.latency, others);
}

// A result without an example would pass anything that has none either.
void refuse_empty(const Baseline& baseline) {
  const bool examples =
      baseline.quality && std::ranges::any_of(baseline.quality->tasks, [](const TaskResult& task) {
        return !task.metrics.empty();
      });
  const bool requests = baseline.latency && latency_totals(*baseline.latency).completed > 0;
  if (!examples && !requests && baseline.plain.empty()) {
    throw Error(ErrorKind::usage, "the results are empty: nothing could be compared with them");
  }
}

void write(Context& context, const fs::path& file, const Baseline& baseline, Report& report) {
  if (!context.globals().dry_run) write_file_atomically(file, gate::baseline_json(baseline));
  report.field("name", "baseline", Cell(baseline.name));
  report.field("file", context.globals().dry_run ? "would write" : "wrote", Cell(file.string()));
  report.field("digest", "digest", Cell(Value(baseline.digest()), short_digest(baseline)));
}

Measured results_of(Context& context, const Arguments& arguments) {
  const auto& all = arguments.positionals();
  return load_all_measured(context, {all.begin() + 1, all.end()});
}

Report save(Context& context, const Arguments& arguments) {
  const std::string name = arguments.positionals().front();
  if (!gate::is_baseline_name(name)) {
    throw Error(ErrorKind::usage, fmt::format("{} is no name of a baseline", quote(name)),
                "letters, digits, '-', '_' and '.'; --output names another file");
  }
  const auto output = arguments.text("output");
  const fs::path file = output ? fs::path(*output) : baseline_folder(context) / (name + ".json");
  if (fs::exists(file)) {
    throw Error(ErrorKind::conflict, fmt::format("{} exists", quoted_path(file)),
                "'mlopsctl baseline accept' replaces a baseline and keeps its history");
  }
  Baseline baseline{.name = name};
  fill(baseline, results_of(context, arguments));
  add_noise(context, arguments, baseline);
  refuse_empty(baseline);
  baseline.history = {{context.now(), who(), arguments.text_or("reason", "first"), ""}};
  Report report("baseline.save/1");
  write(context, file, baseline, report);
  report.next(fmt::format("git add {}", file.string()));
  return report.summary(baseline_headline(baseline));
}

Report accept(Context& context, const Arguments& arguments) {
  const std::string name = arguments.positionals().front();
  const auto reason = arguments.text("reason");
  if (!reason || trim(*reason).empty()) {
    throw Error(ErrorKind::usage, "baseline accept needs --reason TEXT",
                "who reviews the file will want to know why it changed");
  }
  const Baseline before = load_baseline(context, name);
  Baseline now = before;
  fill(now, results_of(context, arguments));
  add_noise(context, arguments, now);
  refuse_empty(now);
  Report report("baseline.accept/1");
  const bool changed = now.digest() != before.digest();
  report.field("changed", "changed", Cell(Value(changed)));
  if (!changed) {
    report.field("name", "baseline", Cell(now.name));
    return report.summary("nothing changed: the baseline has these results already");
  }
  now.history.push_back({context.now(), who(), *reason, before.digest()});
  write(context, baseline_file(context, name), now, report);
  return report.summary(
      fmt::format("was {}, is {}", baseline_headline(before), baseline_headline(now)));
}

Report list(Context& context, const Arguments&) {
  const fs::path folder = baseline_folder(context);
  std::vector<fs::path> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  Report report("baseline.list/1");
  Table table{.key = "baselines",
              .when_empty = fmt::format("no baselines in {}: mlopsctl baseline save NAME RESULT",
                                        quoted_path(folder))};
  table.columns = {{.key = "name", .header = "BASELINE"},
                   {.key = "accepted_at", .header = "ACCEPTED"},
                   {.key = "who", .header = "BY", .shrink = true},
                   {.key = "why", .header = "WHY", .shrink = true},
                   {.key = "numbers", .header = "NUMBERS", .shrink = true},
                   {.key = "digest", .header = "DIGEST"},
                   {.key = "file", .header = "FILE", .terminal = false}};
  std::vector<std::string> problems;
  for (const fs::path& file : files) {
    try {
      const Baseline baseline = load_baseline(context, file.string());
      const gate::Acceptance last =
          baseline.history.empty() ? gate::Acceptance{} : baseline.history.back();
      table.add({Cell(file.stem().string()),
                 baseline.history.empty() ? Cell() : Cell(Value(last.at)), Cell(last.who),
                 Cell(last.why), Cell(baseline_headline(baseline)),
                 Cell(Value(baseline.digest()), short_digest(baseline)), Cell(file.string())});
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  }
  report.table(std::move(table));
  for (const std::string& problem : problems) report.finding(Severity::bad, problem);
  if (!problems.empty()) report.verdict(ExitCode::partial);
  return report;
}

Report show(Context& context, const Arguments& arguments) {
  const Baseline baseline = load_baseline(context, arguments.positionals().front());
  Report report("baseline.show/1");
  report.field("name", "baseline", Cell(baseline.name));
  report.field("digest", "digest", Cell(Value(baseline.digest()), short_digest(baseline)));
  for (const auto& [key, heading, fingerprint] :
       {std::tuple{"fingerprint", "Fingerprint",
                   baseline.quality ? &baseline.quality->fingerprint : nullptr},
        std::tuple{"latency_fingerprint", "Fingerprint of the latency",
                   baseline.latency ? &baseline.latency->fingerprint : nullptr}}) {
    if (fingerprint == nullptr) continue;
    Group group{.key = key, .heading = heading};
    for (const auto& [name, value] : *fingerprint) group.entries.push_back({name, Cell(value)});
    report.group(std::move(group));
  }
  report.table(baseline_metric_table(baseline));
  report.table(baseline_latency_table(baseline));
  report.table(baseline_history_table(baseline));
  return report;
}

PositionalSpec name_positional() {
  return {
      .name = "NAME", .help = "A name in baselines/, or a file", .complete = Complete::baseline};
}

PositionalSpec result_positional() {
  return {.name = "RESULT",
          .help = "Results of 'eval run' and 'bench run': files, - for standard input, or runs",
          .many = true,
          .complete = Complete::file};
}

OptionSpec noise_option() {
  return {.name = "noise",
          .value = "RESULT",
          .help =
              "Another measurement of the same thing on the same machine: how far apart the "
              "two lie is noise, which no check takes for a regression",
          .repeatable = true,
          .complete = Complete::file};
}

}  // namespace

CommandSpec baseline_save() {
  return {
      .path = "baseline save",
      .summary = "Keep results as what others are compared with",
      .description =
          "Writes baselines/NAME.json in the working tree, a file to be reviewed in git: one "
          "example and one request a line, keys always in the same order. It holds the outcome "
          "of every example, so that pairs can be tested, and the fingerprint of model, adapter, "
          "tokenizer, tasks, engine and hardware, so that nothing is compared that cannot be; "
          "prompts and answers stay out. Quality and latency may be in one baseline.",
      .examples = {{"mlopsctl baseline save chat result.json", "From a file of 'eval run'"},
                   {"mlopsctl baseline save chat @last", "From the last run"},
                   {"mlopsctl baseline save fast bench1.json --noise bench2.json",
                    "Latency, with the noise between two measurements"}},
      .options = {{.name = "output",
                   .value = "FILE",
                   .help = "Write there",
                   .letter = 'o',
                   .complete = Complete::file,
                   .default_text = "baselines/NAME.json"},
                  {.name = "reason", .value = "TEXT", .help = "Why", .default_text = "first"},
                  noise_option()},
      .positionals = {{.name = "NAME", .help = "What it is called"}, result_positional()},
      .run = save};
}

CommandSpec baseline_accept() {
  return {.path = "baseline accept",
          .summary = "Replace a baseline by new results, with a reason",
          .description =
              "What the results do not have stays: latency if they are of quality only, and the "
              "other way round. The file keeps who accepted what when and why, and the digest of "
              "what was replaced. No check does this by itself.",
          .examples = {{"mlopsctl baseline accept chat result.json --reason 'new tokenizer'",
                        "After a deliberate change"}},
          .options = {{.name = "reason", .value = "TEXT", .help = "Why; needed"}, noise_option()},
          .positionals = {name_positional(), result_positional()},
          .run = accept};
}

CommandSpec baseline_list() {
  CommandSpec spec{.path = "baseline list",
                   .summary = "List the baselines of the working tree",
                   .description =
                       "Those in baselines/. A file that cannot be read is told, and the "
                       "exit code is 5.",
                   .examples = {{"mlopsctl baseline list", "All"}},
                   .run = list};
  spec.exit_codes.push_back(ExitCode::partial);
  return spec;
}

CommandSpec baseline_show() {
  return {.path = "baseline show",
          .summary = "Show a baseline's numbers, fingerprint and history",
          .examples = {{"mlopsctl baseline show chat", "By name"},
                       {"mlopsctl baseline show other/chat.json --json", "A file, for a program"}},
          .positionals = {name_positional()},
          .run = show};
}

}  // namespace mlopsctl::commands
