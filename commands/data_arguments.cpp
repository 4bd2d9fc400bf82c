#include "commands/data_arguments.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

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
