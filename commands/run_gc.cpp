// run gc: erase what was deleted.
#include "mlopsctl/base/text.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

constexpr std::string_view default_age = "30d";

Report gc(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const auto age = parse_duration(arguments.text_or("older-than", default_age));
  const GcPlan plan = store.plan_gc(context.now() - age);
  Report report("run.gc/1");
  Table runs{.key = "runs",
             .heading = "Runs",
             .columns = {{.key = "run_id", .header = "RUN"},
                         {.key = "name", .header = "NAME"},
                         {.key = "experiment", .header = "EXPERIMENT"},
                         {.key = "deleted", .header = "DELETED"}}};
  for (const auto& run : plan.runs) {
    runs.add({run_id_cell(run.id), Cell(run.name), Cell(run.experiment_name),
              optional_cell(run.deleted)});
  }
  Table experiments{
      .key = "experiments",
      .heading = "Experiments",
      .columns = {{.key = "id", .header = "ID"}, {.key = "name", .header = "EXPERIMENT"}}};
  for (const auto& one : plan.experiments) experiments.add({Cell(one.id), Cell(one.name)});
  Table folders{.key = "orphan_folders",
                .heading = "Folders of runs that the store does not know",
                .columns = {{.key = "folder", .header = "FOLDER"}}};
  for (const auto& folder : plan.orphan_folders) folders.add({Cell(folder)});
  report.table(std::move(runs));
  report.table(std::move(experiments));
  report.table(std::move(folders));
  report.field("artifact_bytes", "artifacts", Cell(Value(Bytes{plan.artifact_bytes})));
  const std::size_t things =
      plan.runs.size() + plan.experiments.size() + plan.orphan_folders.size();
  if (things == 0) {
    return report.summary(
        fmt::format("nothing to erase: nothing was deleted more than {} ago", human_duration(age)));
  }
  if (context.globals().dry_run) return report.summary("nothing was erased");
  const std::string question =
      fmt::format("erase {} runs, {} experiments and {} of artifacts for good?", plan.runs.size(),
                  plan.experiments.size(), human_bytes(plan.artifact_bytes));
  if (!context.confirmed(question)) return report.summary("nothing was erased");
  store.apply_gc(plan);
  return report.summary("erased");
}

}  // namespace

CommandSpec run_gc() {
  return {
      .path = "run gc",
      .summary = "Erase runs that were deleted long enough ago",
      .description =
          "Removes runs deleted longer ago than --older-than, deleted experiments without runs, "
          "and artifact folders that belong to no run, then shrinks the store. This cannot be "
          "undone, so it asks, and needs --yes where nobody can be asked.",
      .examples = {{"mlopsctl run gc --dry-run", "What would be erased?"},
                   {"mlopsctl run gc --older-than 0s --yes", "Erase everything deleted, now"}},
      .options = {{.name = "older-than",
                   .value = "AGE",
                   .help = "How long ago a run must have been deleted",
                   .default_text = std::string(default_age)}},
      .run = gc};
}

}  // namespace mlopsctl::commands
