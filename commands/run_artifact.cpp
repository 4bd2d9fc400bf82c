// run artifact add, list, get.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

Table table_of(const std::vector<Artifact>& artifacts) {
  Table table{.key = "artifacts",
              .columns = {{.key = "path", .header = "PATH"},
                          {.key = "size", .header = "SIZE", .right = true},
                          {.key = "sha256", .header = "SHA256", .terminal = false},
                          {.key = "added", .header = "ADDED"}},
              .when_empty = "the run has no artifacts"};
  for (const auto& artifact : artifacts) {
    table.add({Cell(artifact.path), Cell(Value(Bytes{artifact.size})), Cell(artifact.sha256),
               Cell(Value(artifact.added))});
  }
  return table;
}

Report add(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::write);
  const std::string id = run_argument(store, arguments, 0);
  Report report("run.artifact.add/1");
  std::vector<Artifact> added;
  for (std::size_t i = 1; i < arguments.positionals().size(); ++i) {
    const fs::path source = arguments.positionals()[i];
    if (!fs::exists(source)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("there is no file or folder {}", quote(source.string())));
    }
    if (context.globals().dry_run) continue;
    const auto made = store.add_artifact(id, source, arguments.text_or("path", ""));
    added.insert(added.end(), made.begin(), made.end());
  }
  if (context.globals().dry_run) {
    report.field("run_id", "run", run_id_cell(id));
    return report.summary("nothing was copied");
  }
  report.table(table_of(added));
  return report;
}

Report list(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  Report report("run.artifact.list/1");
  report.table(table_of(store.artifacts(run_argument(store, arguments, 0))));
  return report;
}

// Copies everything at or below `path`; the digest is checked on the way.
std::vector<Artifact> copy_out(const RunStore& store, const std::string& id,
                               const std::string& path, const fs::path& target) {
  std::vector<Artifact> copied;
  for (const auto& artifact : store.artifacts(id)) {
    const bool below = artifact.path.starts_with(path + "/");
    if (artifact.path != path && !below) continue;
    const fs::path to = below ? target / artifact.path.substr(path.size() + 1) : target;
    const StoredFile stored = copy_file_atomically(store.artifact_folder(id) / artifact.path, to);
    if (stored.sha256 != artifact.sha256) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("artifact {} is not what was stored", quote(artifact.path)),
                  fmt::format("it was changed after it was added; the copy in '{}' is the changed "
                              "file",
                              to.string()));
    }
    copied.push_back(artifact);
  }
  return copied;
}

Report get(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  const std::string id = run_argument(store, arguments, 0);
  const std::string& path = arguments.positionals()[1];
  const std::string output = arguments.text_or("output", fs::path(path).filename().string());
  std::vector<std::string> known;
  for (const auto& artifact : store.artifacts(id)) known.push_back(artifact.path);
  const auto matches = [&](const std::string& name) {
    return name == path || name.starts_with(path + "/");
  };
  if (std::ranges::none_of(known, matches)) {
    const auto near = closest(path, known);
    throw Error(ErrorKind::not_found, fmt::format("the run has no artifact {}", quote(path)),
                near ? fmt::format("did you mean '{}'?", *near)
                     : "'mlopsctl run artifact list' shows what it has");
  }
  Report report("run.artifact.get/1");
  if (output == "-") {
    const fs::path file = store.artifact_folder(id) / path;
    if (!fs::is_regular_file(file)) {
      throw Error(ErrorKind::usage, fmt::format("{} is not a single file", quote(path)),
                  "name a folder with --output");
    }
    return report.document([file](const ByteSink& write) { write(read_file(file)); });
  }
  if (context.globals().dry_run) {
    report.field("output", "output", Cell(output));
    return report.summary("nothing was copied");
  }
  report.table(table_of(copy_out(store, id, path, output)));
  return report;
}

}  // namespace

CommandSpec run_artifact_add() {
  return {.path = "run artifact add",
          .summary = "Copy files or folders into a run",
          .examples = {{"mlopsctl run artifact add @last model.json", "Keep a model with its run"},
                       {"mlopsctl run artifact add @last out/ --path checkpoints/7", "A folder"}},
          .options = {{.name = "path",
                       .value = "PATH",
                       .help = "Name inside the run",
                       .default_text = "the name of the file or folder"}},
          .positionals = {run_positional(),
                          {.name = "FILE",
                           .help = "File or folder to copy",
                           .many = true,
                           .complete = Complete::file}},
          .run = add};
}

CommandSpec run_artifact_list() {
  return {.path = "run artifact list",
          .summary = "List the artifacts of a run with sizes and digests",
          .examples = {{"mlopsctl run artifact list @last", "What was kept?"}},
          .positionals = {run_positional(false, 0)},
          .aliases = {"run artifact ls"},
          .run = list};
}

CommandSpec run_artifact_get() {
  return {
      .path = "run artifact get",
      .summary = "Copy an artifact out of a run, checking its digest",
      .examples = {{"mlopsctl run artifact get @last model.json", "Into the current folder"},
                   {"mlopsctl run artifact get @last stdout.log --output -", "Print it"}},
      .options = {{.name = "output",
                   .value = "PATH",
                   .help = "Where to; - prints a single file",
                   .letter = 'o',
                   .complete = Complete::file,
                   .default_text = "its name, here"}},
      .positionals = {run_positional(), {.name = "PATH", .help = "File or folder inside the run"}},
      .run = get};
}

}  // namespace mlopsctl::commands
