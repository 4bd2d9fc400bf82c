// data checkout, remove, move, unprotect.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/change.hpp"
#include "mlopsctl/data/checkout.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

using data::CheckedOut;

std::string_view letter(CheckedOut change) {
  switch (change) {
    case CheckedOut::added:
      return "A";
    case CheckedOut::modified:
      return "M";
    case CheckedOut::deleted:
      return "D";
    case CheckedOut::failed:
      return "!";
    case CheckedOut::unchanged:
      return "=";
  }
  return "";
}

Report run_checkout(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto selected =
      repository.select(arguments.positionals(), data_base(context), selection(arguments));
  return check_out(context, repository, selected,
                   {.force = arguments.flag("force"),
                    .relink = arguments.flag("relink"),
                    .allow_missing = arguments.flag("allow-missing"),
                    .everything = arguments.positionals().empty()},
                   "data.checkout/1", arguments.flag("summary"));
}

Table paths_table(const std::vector<std::string>& paths) {
  Table table{.key = "outputs", .columns = {{.key = "path", .header = "PATH"}}};
  for (const auto& path : paths) table.add({Cell(path)});
  return table;
}

Report run_remove(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto selected = repository.select(arguments.positionals(), data_base(context), {});
  Report report("data.remove/1");
  const bool outs = arguments.flag("outs");
  if (context.globals().dry_run) {
    return report.summary(fmt::format("would stop tracking {} outputs", selected.size()));
  }
  if (outs &&
      !context.confirmed(fmt::format("remove the data of {} outputs as well?", selected.size()))) {
    return report.summary("nothing was removed");
  }
  const auto result = data::remove_outputs(repository, selected, outs);
  report.table(paths_table(result.outputs));
  suggest_git_add(report, result.changed_files, result.staged);
  return report.summary(outs ? "the cache still has it until 'mlopsctl data gc'"
                             : "no longer tracked; the data stay where they are");
}

Report run_move(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  Report report("data.move/1");
  const std::string& from = arguments.positionals()[0];
  const std::string& to = arguments.positionals()[1];
  if (context.globals().dry_run) {
    return report.summary(fmt::format("would move '{}' to '{}'", from, to));
  }
  const auto result = data::move_output(repository, from, to, data_base(context));
  report.table(paths_table(result.outputs));
  suggest_git_add(report, result.changed_files, result.staged);
  return report;
}

Report run_unprotect(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto selected =
      repository.select(arguments.positionals(), data_base(context), selection(arguments));
  Report report("data.unprotect/1");
  if (context.globals().dry_run) {
    return report.summary(fmt::format("would look at {} outputs", selected.size()));
  }
  const auto changed = data::unprotect(repository, selected, context.progress());
  report.table(paths_table(changed));
  return report.summary(changed.empty() ? "everything was writable"
                                        : "writable; 'mlopsctl data commit' records changes");
}

}  // namespace

Report check_out(Context& context, data::Repository& repository,
                 const std::vector<data::SelectedOutput>& selected,
                 const data::CheckoutOptions& options, const std::string& schema,
                 bool only_summary) {
  Report report(schema);
  if (context.globals().dry_run) {
    return report.summary(fmt::format("would check out {} outputs", selected.size()));
  }
  const auto result = data::checkout(repository, selected, options, context.progress());
  // As DVC prints it: a letter, a tabulator, the path; only what changed.
  Table table{.key = "outputs",
              .columns = {{.key = "change", .header = ""},
                          {.key = "path", .header = "PATH"},
                          {.key = "reason", .header = "", .pipe = false}}};
  if (!only_summary) {
    for (const auto& item : result.items) {
      if (item.change == CheckedOut::unchanged) continue;
      table.add({Cell(letter(item.change)), Cell(shown_path(repository, context, item.path)),
                 Cell(item.reason)});
    }
    report.table(std::move(table));
  }
  const std::size_t failed = result.count(CheckedOut::failed);
  for (const auto& item : result.items) {
    if (item.change != CheckedOut::failed) continue;
    report.finding(Severity::bad, fmt::format("'{}': {}", item.path, item.reason));
  }
  if (failed > 0) {
    report.verdict(failed == result.items.size() ? ExitCode::failed : ExitCode::partial);
    report.next("mlopsctl data pull");
  }
  const std::size_t changed = result.count(CheckedOut::added) + result.count(CheckedOut::modified) +
                              result.count(CheckedOut::deleted);
  return report.summary(
      changed == 0 && failed == 0
          ? "everything is as recorded"
          : fmt::format("{} added, {} modified, {} deleted{}", result.count(CheckedOut::added),
                        result.count(CheckedOut::modified), result.count(CheckedOut::deleted),
                        failed > 0 ? fmt::format(", {} failed", failed) : ""));
}

CommandSpec data_checkout() {
  std::vector<OptionSpec> options = selection_options();
  options.push_back(
      {.name = "force", .help = "Overwrite changes that are recorded nowhere", .letter = 'f'});
  options.push_back(
      {.name = "relink", .help = "Make every file anew with the configured link type"});
  options.push_back({.name = "allow-missing", .help = "What the cache lacks is no failure"});
  options.push_back({.name = "summary", .help = "Only say how many changed"});
  return {.path = "data checkout",
          .summary = "Make the working tree what the .dvc and dvc.lock files say",
          .description =
              "Before anything is touched, everything is looked at: where content would be "
              "overwritten that is neither in the cache nor recorded, nothing happens at all "
              "unless --force is given. Without targets, data that an earlier checkout or add "
              "brought and that nothing tracks any more is removed, if the cache has it.",
          .examples = {{"git switch other && mlopsctl data checkout", "The data of another branch"},
                       {"mlopsctl data checkout data/train", "One output"},
                       {"mlopsctl data checkout --relink", "After changing cache.type"}},
          .options = std::move(options),
          .positionals = {targets_positional(0)},
          .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::partial},
          .run = run_checkout};
}

CommandSpec data_remove() {
  return {
      .path = "data remove",
      .summary = "Stop tracking data",
      .description =
          "Removes the .dvc file and the line in .gitignore. The data stay as plain files, also "
          "where they were links into the cache. With --outs they go, too; it asks, and needs "
          "--yes where nobody can be asked.",
      .examples = {{"mlopsctl data remove data.csv.dvc", "Keep the file, forget its versions"},
                   {"mlopsctl data remove old --outs --yes", "Remove it altogether"}},
      .options = {{.name = "outs", .help = "Remove the data as well"}},
      .positionals = {targets_positional(1)},
      .run = run_remove};
}

CommandSpec data_move() {
  return {
      .path = "data move",
      .summary = "Rename tracked data together with its .dvc file",
      .examples = {{"mlopsctl data move data.csv raw/data.csv", "Into another folder"}},
      .positionals =
          {{.name = "FROM", .help = "Tracked file or folder", .complete = Complete::data_target},
           {.name = "TO", .help = "New name, or an existing folder", .complete = Complete::file}},
      .run = run_move};
}

CommandSpec data_unprotect() {
  return {.path = "data unprotect",
          .summary = "Make linked data writable",
          .description =
              "With cache.type hardlink or symlink, files of the working tree are the cache's own "
              "and read-only. This replaces them by copies that can be changed.",
          .examples = {{"mlopsctl data unprotect data/train", "Before changing it in place"}},
          .options = selection_options(),
          .positionals = {targets_positional(1)},
          .run = run_unprotect};
}

}  // namespace mlopsctl::commands
