#include "commands/data_arguments.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t most_jobs = 1024;

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

}  // namespace

fs::path data_base(const Context& context) {
  const std::string& project = context.globals().project;
  if (project.empty()) return fs::current_path();
  if (!fs::is_directory(project)) {
    throw Error(ErrorKind::usage, fmt::format("--project {} is not a folder", quote(project)));
  }
  return fs::weakly_canonical(project);
}

data::Repository open_repository(const Context& context) {
  return data::Repository::open(data_base(context));
}

std::string shown_path(const data::Repository& repository, const Context& context,
                       const std::string& path) {
  std::string text = (repository.root() / path)
                         .lexically_relative(fs::weakly_canonical(data_base(context)))
                         .string();
  if (path.ends_with('/') && !text.ends_with('/')) text += '/';
  return text;
}

OptionSpec jobs_option() {
  return {.name = "jobs", .value = "N", .help = "Files in flight", .letter = 'j'};
}

std::size_t jobs_of(const Arguments& arguments) {
  const auto jobs = arguments.integer("jobs");
  if (!jobs) return 0;
  if (*jobs < 1 || *jobs > most_jobs)
    throw Error(ErrorKind::usage, fmt::format("--jobs must be from 1 to {}", most_jobs));
  return static_cast<std::size_t>(*jobs);
}

PositionalSpec targets_positional(std::size_t least) {
  return {.name = "TARGET",
          .help = least == 0 ? "Tracked file or folder, something inside one, .dvc file or stage; "
                               "everything if none is named"
                             : "Tracked file or folder, something inside one, .dvc file or stage",
          .least = least,
          .many = true,
          .complete = Complete::data_target};
}

std::vector<OptionSpec> selection_options() {
  return {{.name = "recursive",
           .help = "A folder means everything that is tracked below it",
           .letter = 'R'},
          {.name = "glob", .help = "Targets are patterns: * ? [abc]"}};
}

data::SelectOptions selection(const Arguments& arguments) {
  return {.recursive = arguments.flag("recursive"), .glob = arguments.flag("glob")};
}

Table outputs_table(const data::Repository& repository, const Context& context,
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

void suggest_git_add(Report& report, const std::vector<std::string>& files, bool staged) {
  Table table{.key = "changed_files",
              .heading = staged ? "Added to git" : "For git",
              .columns = {{.key = "file", .header = "FILE"}}};
  std::string list;
  for (const auto& file : files) {
    table.add({Cell(file)});
    list += ' ' + (file.find(' ') == std::string::npos ? file : '\'' + file + '\'');
  }
  if (!files.empty()) report.table(std::move(table));
  if (!staged && !files.empty()) report.next("git add" + list);
}

}  // namespace mlopsctl::commands
