// init, completion, help exit-codes, help man.
#include "mlopsctl/context.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"
#include "mlopsctl/version.hpp"

#include "cli/completion.hpp"
#include "cli/man.hpp"
#include "commands/commands.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

// The store and the artifacts are data, not source; config.yaml is meant to be committed.
constexpr std::string_view ignore_file =
    "/runs.db\n/runs.db-wal\n/runs.db-shm\n/artifacts/\n/tmp/\n";

constexpr std::string_view config_file =
    "# Settings of this project; 'mlopsctl config list' shows all of them.\n"
    "# experiment: my-experiment\n";

Report run_init(Context& context, const Arguments&) {
  const fs::path home = context.new_home();
  const bool existed = fs::exists(home / "runs.db");
  Report report("init/1");
  report.field("home", "folder", Cell(home.string()));
  report.field("created", "created", Cell(Value(!existed)));
  if (context.globals().dry_run) {
    return report.summary(existed ? "already initialised; nothing would change"
                                  : fmt::format("would make '{}'", home.string()));
  }
  context.use_home(home);
  context.runs(StoreAccess::create);
  if (!fs::exists(home / ".gitignore")) write_file_atomically(home / ".gitignore", ignore_file);
  if (!fs::exists(home / "config.yaml")) write_file_atomically(home / "config.yaml", config_file);
  report.summary(existed ? "already initialised; nothing changed" : "ready");
  if (!existed) report.next("mlopsctl run exec -- python train.py");
  return report;
}

Report run_completion(Context&, const Arguments& arguments) {
  const std::string script = completion_script(arguments.positionals().front());
  Report report("completion/1");
  return report.document([script](const ByteSink& write) { write(script); });
}

Report run_exit_codes(Context&, const Arguments&) {
  Report report("help.exit-codes/1");
  Table& table = report.table({.key = "exit_codes",
                               .columns = {{.key = "code", .header = "CODE", .right = true},
                                           {.key = "name", .header = "NAME"},
                                           {.key = "meaning", .header = "MEANING", .wrap = true}}});
  for (const auto& doc : exit_code_docs()) {
    table.add(
        {Cell(Value(static_cast<std::int64_t>(doc.code))), Cell(doc.name), Cell(doc.meaning)});
  }
  return report.summary(
      "3 and 4 come only from commands that judge, such as 'run compare --exit-code'; treat a code "
      "that is not listed as a failure");
}

Report run_man(Context& context, const Arguments& arguments) {
  const fs::path folder = arguments.positionals().front();
  const auto pages = man_pages(context.registry(), std::string(version_info().version));
  Report report("help.man/1");
  Table& table = report.table({.key = "pages", .columns = {{.key = "file", .header = "FILE"}}});
  for (const auto& page : pages) {
    table.add({Cell((folder / page.file).string())});
    if (!context.globals().dry_run) write_file_atomically(folder / page.file, page.text);
  }
  return report;
}

}  // namespace

CommandSpec init() {
  return {
      .path = "init",
      .summary = "Make a project: a .mlopsctl folder with a run store",
      .description =
          "Makes .mlopsctl at the root of the git working tree, or in the current folder where "
          "there is none. Other commands find it from any folder below. Calling it again changes "
          "nothing. The folder has a .gitignore of its own: the store and the artifacts stay out "
          "of git, config.yaml is meant to be committed.",
      .examples = {{"mlopsctl init", "Start tracking in this repository"},
                   {"mlopsctl init --project /data/team", "Make the project somewhere else"}},
      .run = run_init};
}

CommandSpec completion() {
  return {
      .path = "completion",
      .summary = "Print the completion script of a shell",
      .description =
          "The scripts ask the program itself for every completion, so they know new commands, "
          "run ids, experiments, metrics and parameters without being replaced.",
      .examples = {{"source <(mlopsctl completion bash)", "Complete in this bash session"},
                   {"mlopsctl completion fish > ~/.config/fish/completions/mlopsctl.fish",
                    "Install for fish"},
                   {"mlopsctl completion zsh > ~/.zfunc/_mlopsctl",
                    "Install for zsh, with ~/.zfunc in fpath"}},
      .positionals = {{.name = "SHELL", .help = "The shell", .choices = {"bash", "zsh", "fish"}}},
      .run = run_completion};
}

CommandSpec help_exit_codes() {
  return {.path = "help exit-codes",
          .summary = "Explain the exit codes",
          .examples = {{"mlopsctl help exit-codes", "What 3 means in a CI step"}},
          .run = run_exit_codes};
}

CommandSpec help_man() {
  return {.path = "help man",
          .summary = "Write the manual pages into a folder",
          .examples = {{"mlopsctl help man man/", "Regenerate the pages after changing a command"}},
          .positionals = {{.name = "DIR",
                           .help = "Folder for the pages; made if it does not exist",
                           .complete = Complete::directory}},
          .run = run_man};
}

}  // namespace mlopsctl::commands
