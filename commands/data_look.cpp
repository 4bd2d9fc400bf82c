// data ls, du, check-ignore.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/walk.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

Report run_ls(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  auto options = selection(arguments);
  options.recursive = true;  // a folder is looked into whatever is tracked in it
  const auto selected = repository.select(arguments.positionals(), data_base(context), options);
  Report report("data.ls/1");
  Table table{.key = "entries",
              .columns = {{.key = "path", .header = "PATH"},
                          {.key = "size", .header = "SIZE", .right = true},
                          {.key = "cached", .header = "CACHED"},
                          {.key = "md5", .header = "MD5"}},
              .when_empty = "nothing is tracked yet: mlopsctl data add"};
  data::ObjectCache& cache = repository.cache();
  for (const auto& [output, inside] : selected) {
    const auto& id = output.entry.id;
    const bool folder = id && id->is_directory();
    const bool members = folder && (arguments.flag("recursive") || !inside.empty());
    if (inside.empty()) {
      Cell size;
      if (output.entry.size) size = Cell(Value(Bytes{*output.entry.size}));
      const std::string path = output.path + (folder ? "/" : "");
      table.add({Cell(shown_path(repository, context, path)), size,
                 Cell(Value(id && cache.has(*id))), Cell(id ? id->hex : "")});
    }
    if (!members) continue;
    bool complete = true;
    for (const auto& object : data::needed_objects(cache, {output, inside}, complete)) {
      if (object.id.is_directory()) continue;
      Cell size;
      if (const auto stamp = stamp_of(cache.path_of(object.id))) {
        size = Cell(Value(Bytes{stamp->size}));
      }
      table.add({Cell(shown_path(repository, context, object.path)), size,
                 Cell(Value(cache.has(object.id))), Cell(object.id.hex)});
    }
    if (!complete) {
      report.finding(Severity::warning,
                     fmt::format("the list of files of '{}' is not in the cache", output.path));
    }
  }
  report.table(std::move(table));
  return report;
}

Report run_du(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  auto options = selection(arguments);
  options.recursive = true;
  const auto selected = repository.select(arguments.positionals(), data_base(context), options);
  Report report("data.du/1");
  Table table{.key = "outputs",
              .columns = {{.key = "size", .header = "SIZE", .right = true},
                          {.key = "files", .header = "FILES", .right = true},
                          {.key = "path", .header = "PATH"}},
              .when_empty = "nothing is tracked yet: mlopsctl data add"};
  std::uint64_t total = 0;
  for (const auto& [output, inside] : selected) {
    std::uint64_t size = output.entry.size.value_or(0);
    std::int64_t files = output.entry.id && !output.entry.id->is_directory() ? 1 : 0;
    if (output.entry.nfiles) files = static_cast<std::int64_t>(*output.entry.nfiles);
    if (!inside.empty() || (!output.entry.size && files > 0)) {
      bool complete = true;
      size = 0;
      files = 0;
      for (const auto& object :
           data::needed_objects(repository.cache(), {output, inside}, complete)) {
        if (object.id.is_directory()) continue;
        ++files;
        if (const auto stamp = stamp_of(repository.cache().path_of(object.id))) size += stamp->size;
      }
    }
    total += size;
    const std::string path = inside.empty() ? output.path : output.path + "/" + inside;
    table.add({Cell(Value(Bytes{size})), Cell(Value(files)),
               Cell(shown_path(repository, context, path))});
  }
  report.table(std::move(table));
  report.field("total", "total", Cell(Value(Bytes{total})));
  return report;
}

Report run_check_ignore(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  Report report("data.check-ignore/1");
  Table table{.key = "paths",
              .columns = {{.key = "path", .header = "PATH"},
                          {.key = "rule", .header = "RULE", .pipe = arguments.flag("details")}},
              .when_empty = "none of them is ignored"};
  for (const auto& target : arguments.positionals()) {
    const std::string path = repository.relative(target, data_base(context));
    const bool folder =
        target.ends_with('/') || std::filesystem::is_directory(repository.root() / path);
    const auto rule = repository.ignore().ignoring(path, folder);
    if (rule) table.add({Cell(target), Cell(rule->origin)});
  }
  if (table.rows.empty()) report.verdict(ExitCode::no_answer);
  report.table(std::move(table));
  return report;
}

}  // namespace

CommandSpec data_ls() {
  return {.path = "data ls",
          .summary = "List what is tracked",
          .examples = {{"mlopsctl data ls", "Every output"},
                       {"mlopsctl data ls data/train --recursive", "With the files inside"}},
          .options = selection_options(),
          .positionals = {targets_positional(0)},
          .aliases = {"data list"},
          .run = run_ls};
}

CommandSpec data_du() {
  return {.path = "data du",
          .summary = "Show how large tracked data is",
          .examples = {{"mlopsctl data du", "Each output and the total"}},
          .options = selection_options(),
          .positionals = {targets_positional(0)},
          .run = run_du};
}

CommandSpec data_check_ignore() {
  return {.path = "data check-ignore",
          .summary = "Say which paths .dvcignore leaves out, and by which line",
          .description = "Exits with 4 if none of them is ignored.",
          .examples = {{"mlopsctl data check-ignore --details data/x.tmp", "Which rule is it?"}},
          .options = {{.name = "details", .help = "Show the rule in a pipe, too", .letter = 'd'}},
          .positionals = {{.name = "PATH",
                           .help = "File or folder, which need not exist",
                           .many = true,
                           .complete = Complete::file}},
          .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::no_answer},
          .run = run_check_ignore};
}

}  // namespace mlopsctl::commands
