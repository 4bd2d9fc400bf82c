// run start, run finish: a run that is driven from outside, by a shell script or another tool.
#include "mlopsctl/base/text.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace mlopsctl::commands {

namespace {

Report start(Context& context, const Arguments& arguments) {
  NewRun request{.name = arguments.text_or("name", ""),
                 .user = user_name(),
                 .params = key_values(arguments.list("param")),
                 .tags = key_values(arguments.list("tag"))};
  Report report("run.start/1");
  if (context.globals().dry_run) {
    report.field("experiment", "experiment",
                 Cell(arguments.text_or("experiment", context.config().text("experiment"))));
    return report.summary("nothing was started");
  }
  RunStore& store = context.runs(StoreAccess::create);
  request.experiment_id = experiment_for_new_run(context, store, arguments);
  if (const auto parent = arguments.text("parent")) {
    request.tags.push_back({std::string(tag_names::parent), store.resolve(*parent)});
  }
  // Whoever drives the run is our parent process: when it is gone, the run is abandoned.
  if (arguments.flag("follow-shell")) request.tracker = identify_process(getppid());
  const Run run = store.create_run(request);
  report.answer("run_id", "run", Cell(run.id));
  report.field("name", "name", Cell(run.name));
  report.field("experiment", "experiment", Cell(run.experiment_name));
  report.next(fmt::format("mlopsctl run log {} --step 1 loss=0.5", run.id.substr(0, 8)));
  return report.next(fmt::format("mlopsctl run finish {}", run.id.substr(0, 8)));
}

Report finish(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const Run run = store.run(run_argument(store, arguments, 0));
  const auto exit = arguments.integer("exit-code");
  const std::string fallback = exit && *exit != 0 ? "failed" : "finished";
  const RunStatus status =
      parse_run_status(arguments.text_or("status", fallback)).value_or(RunStatus::finished);
  if (run.end && run.status != RunStatus::running && run.status != status) {
    throw Error(ErrorKind::conflict,
                fmt::format("run {} has already ended as {}", quote(run.id), to_string(run.status)),
                "a run ends once; 'mlopsctl run tag' can still annotate it");
  }
  Report report("run.finish/1");
  report.answer("run_id", "run", run_id_cell(run.id));
  report.field("name", "name", Cell(run.name));
  if (context.globals().dry_run) return report.summary("nothing was changed");
  RunUpdate update{.status = status, .end = run.end ? *run.end : context.now()};
  if (exit) update.exit_code = static_cast<int>(*exit);
  store.update_run(run.id, update);
  const Run ended = store.run(run.id);
  report.field("status", "status", status_cell(ended));
  return report.field("duration_s", "duration", duration_cell(ended, context.now()));
}

}  // namespace

CommandSpec run_start() {
  return {.path = "run start",
          .summary = "Begin a run that a script then logs to",
          .description =
              "Prints the id of the new run; in a pipe nothing else. For a program that you start "
              "yourself, 'run exec' is simpler and records more.",
          .examples = {{"export MLOPSCTL_RUN_ID=$(mlopsctl run start --name baseline)",
                        "Begin a run in a shell script"},
                       {"mlopsctl run start --experiment chatbot --param lr=0.001 --tag stage=dev",
                        "With a parameter and a tag"}},
          .options = {experiment_option(),
                      {.name = "name",
                       .value = "TEXT",
                       .help = "Name of the run",
                       .default_text = "a readable one is made"},
                      param_option(),
                      tag_option(),
                      {.name = "parent",
                       .value = "RUN",
                       .help = "Run that this one belongs to",
                       .complete = Complete::run},
                      {.name = "follow-shell",
                       .help = "Let 'run reap' close the run once the calling process is gone"}},
          .run = start};
}

CommandSpec run_finish() {
  return {.path = "run finish",
          .summary = "End a run",
          .examples = {{"mlopsctl run finish", "End the run of MLOPSCTL_RUN_ID"},
                       {"mlopsctl run finish @last --status failed", "It did not work out"},
                       {"mlopsctl run finish $id --exit-code $?", "After a command of a script"}},
          .options = {{.name = "status",
                       .value = "STATUS",
                       .help = "How it ended",
                       .choices = {"finished", "failed", "killed"},
                       .default_text = "finished, or failed where --exit-code is not 0"},
                      {.name = "exit-code", .value = "N", .help = "Exit code of the program"}},
          .positionals = {run_positional(false, 0)},
          .run = finish};
}

}  // namespace mlopsctl::commands
