// experiment list, create, rename, delete, restore.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

Report list(Context& context, const Arguments& arguments) {
  const ViewType view = arguments.flag("all")       ? ViewType::all
                        : arguments.flag("deleted") ? ViewType::deleted_only
                                                    : ViewType::active_only;
  Report report("experiment.list/1");
  Table& table = report.table(
      {.key = "experiments",
       .columns = {{.key = "id", .header = "ID", .right = true},
                   {.key = "name", .header = "NAME", .shrink = true},
                   {.key = "runs", .header = "RUNS", .right = true},
                   {.key = "lifecycle", .header = "STATE"},
                   {.key = "created", .header = "CREATED"},
                   {.key = "updated", .header = "UPDATED"},
                   {.key = "artifact_location", .header = "ARTIFACTS", .terminal = false}},
       .when_empty = "no experiments match"});
  for (const auto& experiment : context.runs(StoreAccess::read).experiments(view)) {
    table.add({Cell(experiment.id), Cell(experiment.name), Cell(Value(experiment.active_runs)),
               Cell(to_string(experiment.lifecycle)), Cell(Value(experiment.created)),
               Cell(Value(experiment.updated)), Cell(experiment.artifact_location)});
  }
  return report;
}

Report create(Context& context, const Arguments& arguments) {
  const std::string& name = arguments.positionals().front();
  Report report("experiment.create/1");
  if (context.globals().dry_run) {
    report.field("name", "name", Cell(name));
    return report.summary("nothing was made");
  }
  const Experiment made = context.runs(StoreAccess::create)
                              .create_experiment(name, "", key_values(arguments.list("tag")));
  report.answer("id", "id", Cell(made.id));
  report.field("name", "name", Cell(made.name));
  return report.next(fmt::format("mlopsctl run exec --experiment '{}' -- python train.py", name));
}

Report rename(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const Experiment before = store.experiment(arguments.positionals()[0]);
  const std::string& name = arguments.positionals()[1];
  if (!context.globals().dry_run) store.rename_experiment(before.id, name);
  Report report("experiment.rename/1");
  report.field("id", "id", Cell(before.id));
  report.field("old_name", "old name", Cell(before.name));
  report.field("name", "name", Cell(name));
  if (context.globals().dry_run) report.summary("nothing was changed");
  return report;
}

Report remove(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const Experiment found = store.experiment(arguments.positionals().front());
  const auto runs = store.count({.experiment_ids = {found.id}});
  Report report("experiment.delete/1");
  report.field("id", "id", Cell(found.id));
  report.field("name", "name", Cell(found.name));
  report.field("runs", "runs", Cell(Value(runs)));
  if (context.globals().dry_run) return report.summary("nothing was deleted");
  if (runs > 0 && !context.confirmed(
                      fmt::format("delete experiment {} with {} runs?", quote(found.name), runs))) {
    return report.summary("nothing was deleted");
  }
  store.delete_experiment(found.id);
  return report.next(fmt::format("mlopsctl experiment restore '{}'", found.name));
}

Report restore(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const Experiment found = store.experiment(arguments.positionals().front());
  if (!context.globals().dry_run) store.restore_experiment(found.id);
  Report report("experiment.restore/1");
  report.field("id", "id", Cell(found.id));
  report.field("name", "name", Cell(found.name));
  if (context.globals().dry_run) return report.summary("nothing was restored");
  return report.field("runs", "runs", Cell(Value(store.count({.experiment_ids = {found.id}}))));
}

PositionalSpec experiment_positional() {
  return {.name = "EXPERIMENT", .help = "Its name or id", .complete = Complete::experiment};
}

}  // namespace

CommandSpec experiment_list() {
  return {.path = "experiment list",
          .summary = "List experiments with their numbers of runs",
          .examples = {{"mlopsctl experiment list", "What is there?"},
                       {"mlopsctl experiment list --deleted", "What could be restored?"}},
          .options = {{.name = "deleted", .help = "Only deleted ones"},
                      {.name = "all", .help = "Deleted ones too"}},
          .aliases = {"experiment ls"},
          .run = list};
}

CommandSpec experiment_create() {
  return {
      .path = "experiment create",
      .summary = "Make an experiment",
      .examples = {{"mlopsctl experiment create chatbot", "Make a place for the chatbot's runs"}},
      .options = {{.name = "tag", .value = "KEY=VALUE", .help = "A tag", .repeatable = true}},
      .positionals = {{.name = "NAME", .help = "A name that does not exist yet"}},
      .run = create};
}

CommandSpec experiment_rename() {
  return {
      .path = "experiment rename",
      .summary = "Give an experiment another name",
      .examples = {{"mlopsctl experiment rename Default scratch", "Name the default experiment"}},
      .positionals = {experiment_positional(), {.name = "NAME", .help = "The new name"}},
      .run = rename};
}

CommandSpec experiment_delete() {
  return {
      .path = "experiment delete",
      .summary = "Delete an experiment and its runs; 'restore' brings them back",
      .description =
          "Nothing is erased until 'mlopsctl run gc' is called. Until then the name stays taken.",
      .examples = {{"mlopsctl experiment delete old --yes", "Delete without being asked"}},
      .positionals = {experiment_positional()},
      .run = remove};
}

CommandSpec experiment_restore() {
  return {.path = "experiment restore",
          .summary = "Bring a deleted experiment back, with all of its runs",
          .examples = {{"mlopsctl experiment restore old", "Undo 'experiment delete old'"}},
          .positionals = {experiment_positional()},
          .run = restore};
}

}  // namespace mlopsctl::commands
