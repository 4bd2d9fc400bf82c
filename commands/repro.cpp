// repro: bring a pipeline up to date.
#include "mlopsctl/data/repro.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/import.hpp"
#include "mlopsctl/data/sync.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "commands/commands.hpp"
#include "commands/data_record.hpp"
#include "commands/pipeline_arguments.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

constexpr std::int64_t most_jobs = 256;

Style style_of(data::StageOutcome outcome) {
  switch (outcome) {
    case data::StageOutcome::ran:
    case data::StageOutcome::restored:
    case data::StageOutcome::recorded:
      return Style::green;
    case data::StageOutcome::failed:
      return Style::red;
    case data::StageOutcome::unchanged:
      return Style::dim;
    default:
      return Style::plain;
  }
}

data::ReproOptions options_of(Context& context, const data::Repository& repository,
                              const Arguments& arguments) {
  data::ReproOptions options;
  options.plan = {.targets = arguments.positionals(),
                  .base = pipeline_base(repository, context),
                  .all_pipelines = arguments.flag("all-pipelines"),
                  .pipeline = arguments.flag("pipeline"),
                  .recursive = arguments.flag("recursive"),
                  .downstream = arguments.flag("downstream"),
                  .single = arguments.flag("single-item"),
                  .glob = arguments.flag("glob")};
  const std::int64_t jobs = arguments.integer("jobs").value_or(1);
  if (jobs < 1 || jobs > most_jobs) {
    throw Error(ErrorKind::usage, fmt::format("--jobs takes 1 to {}", most_jobs));
  }
  options.jobs = static_cast<unsigned>(jobs);
  options.force = arguments.flag("force");
  options.force_downstream = arguments.flag("force-downstream");
  options.allow_missing = arguments.flag("allow-missing");
  options.keep_going = arguments.flag("keep-going");
  options.ignore_errors = arguments.flag("ignore-errors");
  options.dry = context.globals().dry_run;
  options.commit = !arguments.flag("no-commit");
  options.run_cache = !arguments.flag("no-run-cache");
  // With --json standard output is for the report alone.
  options.out = context.globals().json ? 2 : 1;
  if (arguments.flag("interactive")) {
    options.confirm = [&context](const std::string& question) {
      return context.confirmed(question);
    };
  }
  return options;
}

std::string summary_of(const std::vector<data::StageResult>& stages) {
  std::vector<std::string> parts;
  using data::StageOutcome;
  for (const auto outcome :
       {StageOutcome::ran, StageOutcome::restored, StageOutcome::recorded, StageOutcome::would_run,
        StageOutcome::failed, StageOutcome::skipped, StageOutcome::unchanged}) {
    const auto count = std::ranges::count(stages, outcome, &data::StageResult::outcome);
    if (count > 0) parts.push_back(fmt::format("{} {}", count, to_string(outcome)));
  }
  return fmt::format("{} stage{}: {}", stages.size(), stages.size() == 1 ? "" : "s",
                     join(parts, ", "));
}

Report run_repro(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  data::ReproOptions options = options_of(context, repository, arguments);
  options.look = data::make_source_look(repository);
  options.update_import = [&](const std::string& file) {
    const std::vector<std::string> target{file};
    data::update_imports(repository, repository.select(target, repository.root()), {},
                         context.progress());
  };
  if (arguments.flag("pull") && !options.dry) {
    const std::string remote = arguments.text_or("remote", "");
    options.fetch = data::make_object_fetch(repository, remote, context.progress());
    if (options.run_cache) data::fetch_runs(repository, remote, context.progress());
  } else if (arguments.text("remote")) {
    throw Error(ErrorKind::usage, "--remote goes with --pull");
  }
  catch_interrupts();
  const Timestamp begun = now();
  const data::ReproResult result = data::reproduce(repository, options, context.progress());
  const std::string run_id = record_repro(context, arguments, repository, result, begun);

  Report report("repro/1");
  Table table{.key = "stages",
              .columns = {{.key = "stage", .header = "STAGE"},
                          {.key = "outcome", .header = "OUTCOME"},
                          {.key = "duration", .header = "DURATION", .right = true},
                          {.key = "reason", .header = "REASON", .wrap = true}}};
  bool something = false, done = false;
  for (const auto& stage : result.stages) {
    const bool unchanged = stage.outcome == data::StageOutcome::unchanged;
    something = something || !unchanged;
    done = done || (!unchanged && stage.outcome != data::StageOutcome::failed &&
                    stage.outcome != data::StageOutcome::skipped);
    Cell duration;
    if (stage.outcome == data::StageOutcome::ran) duration = Cell(Value(stage.duration));
    const std::string outcome(to_string(stage.outcome));
    table.add({Cell(stage.stage), Cell(Value(outcome), outcome, style_of(stage.outcome)), duration,
               stage.reason.empty() ? Cell() : Cell(stage.reason)});
  }
  report.table(std::move(table));
  if (!run_id.empty()) report.field("run_id", "run", run_id_cell(run_id));
  if (something) {
    report.summary(summary_of(result.stages));
  } else {
    report.summary("data and pipelines are up to date");
  }
  if (!result.changed_files.empty() && !result.failed) {
    std::string files;
    for (const auto& file : result.changed_files) {
      files += " " + shown_path(repository, context, file);
    }
    report.next("git add" + files);
  }
  if (result.failed && !options.ignore_errors) {
    std::vector<std::string> names;
    for (const auto& stage : result.stages) {
      if (stage.outcome == data::StageOutcome::failed) names.push_back(quote(stage.stage));
    }
    report.finding(Severity::bad, fmt::format("failed: {}", join(names, ", ")));
    report.verdict(options.keep_going && done ? ExitCode::partial : ExitCode::failed);
  }
  return report;
}

}  // namespace

CommandSpec repro() {
  CommandSpec spec{
      .path = "repro",
      .summary = "Run the stages of a pipeline whose inputs changed",
      .description =
          "Looks at the stages of the dvc.yaml here, or at the named ones, and at everything they "
          "depend on. A stage runs if its command, a dependency, a parameter or an output is not "
          "what dvc.lock says. If the run cache of DVC has the result of the same command on the "
          "same inputs, the outputs are taken from there instead. dvc.lock is written after each "
          "stage, so that an interrupted call goes on where it was.\n\n"
          "Commands run in $SHELL, each line or list item in a shell of its own, with DVC_ROOT and "
          "DVC_STAGE set. With --jobs, stages that do not depend on each other run side by side "
          "and "
          "their output is shown line by line behind the stage's name.\n\n"
          "Where there is a run store, the digests of what the stages used and made are recorded: "
          "in the run of MLOPSCTL_RUN_ID, or in one of their own; 'run show' lists them.\n\n"
          "--dry-run shows what would run and why.",
      .examples = {{"mlopsctl repro", "Bring the pipeline here up to date"},
                   {"mlopsctl repro --dry-run", "What would run, and why"},
                   {"mlopsctl repro --jobs 4 train", "One stage and what it needs, four at a time"},
                   {"mlopsctl repro --single-item --force evaluate",
                    "Exactly one stage, whatever changed"},
                   {"mlopsctl repro --pull --allow-missing",
                    "In CI: only run what others have not run yet"},
                   {"mlopsctl repro --all-pipelines --keep-going",
                    "Everything, as far as it goes"}},
      .options = {{.name = "jobs",
                   .value = "N",
                   .help = "Stages that run at the same time",
                   .letter = 'j',
                   .default_text = "1"},
                  {.name = "force", .help = "Run stages even if nothing changed", .letter = 'f'},
                  {.name = "single-item",
                   .help = "Only the named stages, not what they depend on",
                   .letter = 's'},
                  {.name = "pipeline",
                   .help = "Everything that is connected to the named stages",
                   .letter = 'p'},
                  {.name = "all-pipelines", .help = "Every stage of the repository", .letter = 'P'},
                  {.name = "recursive",
                   .help = "Targets are folders: every stage below them",
                   .letter = 'R'},
                  {.name = "downstream", .help = "The named stages and what depends on them"},
                  {.name = "force-downstream",
                   .help = "Also run what depends on a stage that ran, changed or not"},
                  {.name = "glob", .help = "Targets are patterns: * ? [abc]"},
                  {.name = "allow-missing",
                   .help = "Data that is only missing here does not count as changed"},
                  {.name = "keep-going",
                   .help = "After a failure go on with what does not depend on it",
                   .letter = 'k'},
                  {.name = "ignore-errors", .help = "Go on with everything and exit with 0"},
                  {.name = "no-commit", .help = "Do not put outputs into the cache"},
                  {.name = "no-run-cache", .help = "Do not look for results of earlier runs"},
                  {.name = "experiment",
                   .value = "NAME",
                   .help = "Record in this experiment what the stages used and made",
                   .complete = Complete::experiment,
                   .default_text = "the setting 'experiment', where there is a run store"},
                  {.name = "no-record", .help = "Leave the run store alone"},
                  {.name = "pull",
                   .help = "Fetch what is missing here and recorded, and results of earlier runs, "
                           "from the remote before running anything"},
                  {.name = "remote",
                   .value = "NAME",
                   .help = "With --pull: another remote than the configured one",
                   .letter = 'r'},
                  {.name = "interactive", .help = "Ask before each stage", .letter = 'i'}},
      .positionals = {stages_positional("Stage, group, dvc.yaml, .dvc file or output; the dvc.yaml "
                                        "here if none is named")},
      .run = run_repro};
  spec.exit_codes = {ExitCode::done,    ExitCode::failed,      ExitCode::usage,
                     ExitCode::partial, ExitCode::interrupted, ExitCode::terminated};
  return spec;
}

}  // namespace mlopsctl::commands
