// data add, commit.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

#include <glob.h>

namespace mlopsctl::commands {

namespace {

std::string_view change_name(data::Change change) {
  switch (change) {
    case data::Change::added:
      return "added";
    case data::Change::updated:
      return "updated";
    case data::Change::unchanged:
      return "unchanged";
  }
  return "";
}

Table table_of(const data::Repository& repository, const Context& context,
               const std::vector<data::AddedOutput>& outputs) {
  Table table{.key = "outputs",
              .columns = {{.key = "path", .header = "PATH"},
                          {.key = "change", .header = "CHANGE"},
                          {.key = "size", .header = "SIZE", .right = true},
                          {.key = "files", .header = "FILES", .right = true},
                          {.key = "md5", .header = "MD5", .terminal = false},
                          {.key = "file", .header = "POINTER"}},
              .when_empty = "nothing is tracked"};
  for (const auto& one : outputs) {
    Cell files, size;
    if (one.entry.nfiles) files = Cell(Value(static_cast<std::int64_t>(*one.entry.nfiles)));
    if (one.entry.size) size = Cell(Value(Bytes{*one.entry.size}));
    table.add({Cell(shown_path(repository, context, one.path)), Cell(change_name(one.change)), size,
               files, Cell(one.entry.id ? one.entry.id->hex : ""),
               Cell(shown_path(repository, context, one.file))});
  }
  return table;
}

// The shell leaves a pattern alone that is quoted; it means what the shell would have made of it.
std::vector<std::string> expand(const std::vector<std::string>& patterns) {
  std::vector<std::string> paths;
  for (const auto& pattern : patterns) {
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) {
        const std::string path = found.gl_pathv[i];
        if (!path.ends_with(".dvc")) paths.push_back(path);
      }
    }
    ::globfree(&found);
  }
  if (paths.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("nothing matches {}", quote(join(patterns, " "))));
  }
  return paths;
}

Report run_add(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto base = data_base(context);
  data::AddOptions options;
  options.commit = !arguments.flag("no-commit");
  options.relink = !arguments.flag("no-relink");
  options.force = arguments.flag("force");
  options.output = arguments.text_or("output", "");
  options.annotations.desc = arguments.text("desc");
  options.annotations.type = arguments.text("type");
  options.annotations.labels = arguments.list("label");
  for (const auto& pair : arguments.list("meta")) {
    const KeyValue parsed = parse_key_value(pair);
    options.annotations.meta.emplace_back(parsed.key, parsed.value);
  }
  const auto targets =
      arguments.flag("glob") ? expand(arguments.positionals()) : arguments.positionals();
  Report report("data.add/1");
  if (context.globals().dry_run) {
    for (const auto& target : targets) repository.relative(target, base);
    return report.summary(fmt::format("would add {}", join(targets, ", ")));
  }
  const auto result = data::add(repository, targets, base, options, context.progress());
  report.table(table_of(repository, context, result.outputs));
  suggest_git_add(report, result.changed_files, result.staged);
  return report;
}

Report run_commit(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto selected =
      repository.select(arguments.positionals(), data_base(context), selection(arguments));
  Report report("data.commit/1");
  if (context.globals().dry_run) {
    return report.summary(fmt::format("would look at {} outputs", selected.size()));
  }
  const auto result =
      data::commit(repository, selected, !arguments.flag("no-relink"), context.progress());
  report.table(table_of(repository, context, result.outputs));
  suggest_git_add(report, result.changed_files, result.staged);
  return report;
}

}  // namespace

CommandSpec data_add() {
  return {
      .path = "data add",
      .summary = "Version files and folders: into the cache, with a .dvc file for git",
      .description =
          "Each file is read once, hashed and copied into the cache; what has not changed since is "
          "not read again. The file itself stays where it is, and is replaced by a link only if "
          "cache.type asks for links, after the cached copy is complete and on disk.\n\n"
          "A file inside a folder that is tracked already updates that folder's .dvc. One that is "
          "gone is taken out of it.",
      .examples = {{"mlopsctl data add data.csv", "Writes data.csv.dvc for git"},
                   {"mlopsctl data add models/checkpoint --type model --desc 'after epoch 7'",
                    "Version a model, with a note"},
                   {"mlopsctl data add data/images/0017.png", "One file of a tracked folder"}},
      .options = {{.name = "no-commit", .help = "Only hash; 'data commit' fills the cache later"},
                  {.name = "no-relink", .help = "Do not replace files by links"},
                  {.name = "glob", .help = "Targets are patterns: * ? [abc]"},
                  {.name = "output",
                   .value = "PATH",
                   .help = "Copy the target, which may be outside, to here and add that",
                   .letter = 'o',
                   .complete = Complete::file},
                  {.name = "force", .help = "Let --output replace what is there", .letter = 'f'},
                  {.name = "desc", .value = "TEXT", .help = "A description, kept in the .dvc"},
                  {.name = "type", .value = "TYPE", .help = "What it is, such as model or dataset"},
                  {.name = "label", .value = "LABEL", .help = "A label", .repeatable = true},
                  {.name = "meta",
                   .value = "KEY=VALUE",
                   .help = "Anything else to keep with it",
                   .repeatable = true}},
      .positionals =
          {{.name = "TARGET", .help = "File or folder", .many = true, .complete = Complete::file}},
      .run = run_add};
}

CommandSpec data_commit() {
  std::vector<OptionSpec> options = selection_options();
  options.push_back({.name = "no-relink", .help = "Do not replace files by links"});
  return {.path = "data commit",
          .summary = "Record what is in the working tree now for data that is tracked",
          .description =
              "For data that changed after 'data add', and for what was added with --no-commit. "
              "Outputs of stages are recorded by 'repro'.",
          .examples = {{"mlopsctl data commit", "Everything that changed"},
                       {"mlopsctl data commit data/train", "One output"}},
          .options = std::move(options),
          .positionals = {targets_positional(0)},
          .run = run_commit};
}

}  // namespace mlopsctl::commands
