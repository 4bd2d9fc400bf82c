// run tag, note, delete, restore.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace mlopsctl::commands {

namespace {

Report tag(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const std::string id = run_argument(store, arguments, 0);
  LogBatch batch;
  for (std::size_t i = 1; i < arguments.positionals().size(); ++i) {
    batch.tags.push_back(parse_key_value(arguments.positionals()[i]));
  }
  const auto& removed = arguments.list("remove");
  if (batch.tags.empty() && removed.empty()) {
    throw Error(ErrorKind::usage, "there is no tag to set or to remove",
                "write KEY=VALUE, or --remove KEY");
  }
  Report report("run.tag/1");
  report.field("run_id", "run", run_id_cell(id));
  if (context.globals().dry_run) return report.summary("nothing was changed");
  for (const auto& key : removed) store.remove_tag(id, key);
  if (!batch.tags.empty()) store.log(id, batch);
  Group tags{"tags", "Tags", {}};
  for (const auto& pair : store.run(id).tags) tags.entries.push_back({pair.key, Cell(pair.value)});
  return report.group(std::move(tags));
}

Report note(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const std::string id = run_argument(store, arguments, 0);
  const auto given = arguments.positional(1);
  Report report("run.note/1");
  report.field("run_id", "run", run_id_cell(id));
  if (given) {
    std::string text = *given == "-" ? read_input("-") : *given;
    if (*given == "-" && text.ends_with('\n')) text.pop_back();
    if (context.globals().dry_run) return report.summary("nothing was changed");
    store.log(id, {.tags = {{std::string(tag_names::note), text}}});
    return report.field("note", "note", Cell(text));
  }
  for (const auto& pair : store.run(id).tags) {
    if (pair.key == tag_names::note) return report.answer("note", "note", Cell(pair.value));
  }
  report.field("note", "note", Cell());
  return report.finding(Severity::note, "the run has no note");
}

Report edit_lifecycle(Context& context, const Arguments& arguments, bool restoring) {
  RunStore& store = context.runs(StoreAccess::write);
  Report report(restoring ? "run.restore/1" : "run.delete/1");
  Table table{.key = "runs",
              .columns = {{.key = "run_id", .header = "RUN"}, {.key = "name", .header = "NAME"}}};
  const auto ids = run_arguments(store, arguments);
  std::vector<std::string> names;
  for (const auto& id : ids) {
    const Run run = store.run(id);
    table.add({run_id_cell(run.id), Cell(run.name)});
    names.push_back(run.name);
  }
  if (context.globals().dry_run) {
    report.table(std::move(table));
    return report.summary("nothing was changed");
  }
  if (!restoring &&
      !context.confirmed(fmt::format("delete {}?", shortened(join(names, ", "), 70)))) {
    return report.summary("nothing was deleted");
  }
  for (const auto& id : ids) restoring ? store.restore_run(id) : store.delete_run(id);
  report.table(std::move(table));
  if (!restoring) report.next("mlopsctl run restore " + ids.front().substr(0, 8));
  return report;
}

Report remove(Context& context, const Arguments& arguments) {
  return edit_lifecycle(context, arguments, false);
}

Report restore(Context& context, const Arguments& arguments) {
  return edit_lifecycle(context, arguments, true);
}

}  // namespace

CommandSpec run_tag() {
  return {.path = "run tag",
          .summary = "Set or remove tags of a run",
          .examples = {{"mlopsctl run tag @last stage=candidate owner=ana", "Set two tags"},
                       {"mlopsctl run tag @last --remove owner", "Remove one"}},
          .options = {{.name = "remove",
                       .value = "KEY",
                       .help = "Remove a tag",
                       .repeatable = true,
                       .complete = Complete::tag}},
          .positionals = {run_positional(),
                          {.name = "KEY=VALUE",
                           .help = "Tags to set",
                           .least = 0,
                           .many = true,
                           .complete = Complete::tag}},
          .run = tag};
}

CommandSpec run_note() {
  return {.path = "run note",
          .summary = "Write a note on a run, or read it",
          .description = "The note is the description that MLflow shows (tag mlflow.note.content).",
          .examples = {{"mlopsctl run note @last 'diverged after step 300'", "Write"},
                       {"mlopsctl run note @last", "Read"},
                       {"mlopsctl run note @last - < notes.md", "From a file"}},
          .positionals = {run_positional(),
                          {.name = "TEXT",
                           .help = "The note; - reads standard input; nothing shows the note",
                           .least = 0}},
          .run = note};
}

CommandSpec run_delete() {
  return {.path = "run delete",
          .summary = "Delete runs; 'restore' brings them back until 'gc'",
          .examples = {{"mlopsctl run delete @last", "Delete the newest run"},
                       {"mlopsctl run list \"status = 'FAILED'\" --columns run_id | xargs mlopsctl "
                        "run delete --yes",
                        "Delete all failed runs"}},
          .positionals = {run_positional(true)},
          .run = remove};
}

CommandSpec run_restore() {
  return {.path = "run restore",
          .summary = "Bring deleted runs back",
          .examples = {{"mlopsctl run restore 3fa4", "Undo 'run delete 3fa4'"}},
          .positionals = {run_positional(true)},
          .run = restore};
}

}  // namespace mlopsctl::commands
