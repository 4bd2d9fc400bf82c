// hook install, uninstall, status, run: git hooks that keep data and commits together.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/hooks.hpp"
#include "mlopsctl/platform/git_repository.hpp"
#include "mlopsctl/platform/process.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace mlopsctl::commands {

namespace {

namespace fs = std::filesystem;
using data::HookChange;

GitRepository& git_of(data::Repository& repository) {
  GitRepository* git = repository.git();
  if (git == nullptr) {
    throw Error(ErrorKind::not_found, "there is no git working tree here, so there are no hooks",
                "'git init' makes one; with core.no_scm data are versioned without git");
  }
  return *git;
}

std::vector<std::string> named_hooks(const Arguments& arguments) {
  if (!arguments.positionals().empty()) return arguments.positionals();
  return {data::hook_names.begin(), data::hook_names.end()};
}

std::string_view what_happened(HookChange change) {
  switch (change) {
    case HookChange::none:
      return "unchanged";
    case HookChange::made:
      return "made";
    case HookChange::added:
      return "added in front of what is there";
    case HookChange::moved:
      return "made; the hook that was there runs behind it";
    case HookChange::removed:
      return "removed; the rest of the hook stays";
    case HookChange::deleted:
      return "removed";
    case HookChange::restored:
      return "removed; the hook that was there is back";
  }
  return "";
}

Table hooks_table() {
  return {.key = "hooks",
          .columns = {{.key = "hook", .header = "HOOK"},
                      {.key = "change", .header = "CHANGE"},
                      {.key = "beside", .header = "BESIDE"},
                      {.key = "file", .header = "FILE", .terminal = false}}};
}

// Where core.hooksPath leads away from this repository, the hooks are everybody's.
void tell_about_folder(Report& report, GitRepository& git, const fs::path& folder) {
  report.field("folder", "folder", Cell(folder.string()));
  const auto relative = folder.lexically_relative(git.root()).generic_string();
  const bool own = !relative.empty() && !relative.starts_with("..");
  const bool common = folder == git.common_folder() / "hooks";
  if (!own && !common) {
    report.finding(Severity::warning,
                   "core.hooksPath is outside of this repository: the hooks run in every "
                   "repository that uses that folder; where there are no data they do nothing");
  } else if (!common) {
    report.finding(Severity::note, "core.hooksPath: git keeps these hooks with the files");
  }
}

Report install(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  GitRepository& git = git_of(repository);
  const fs::path folder = data::hook_folder(git);
  const std::string below = repository.root().lexically_relative(git.root()).generic_string();
  const data::HookCall call{.program = executable_path(), .project = below == "." ? "" : below};
  Report report("hook.install/1");
  tell_about_folder(report, git, folder);
  Table table = hooks_table();
  bool beside_dvc = false;
  for (const auto& name : named_hooks(arguments)) {
    const auto change = data::install_hook(folder, name, call, context.globals().dry_run);
    const auto state = data::hook_state(folder, name);
    beside_dvc = beside_dvc || state.neighbour == data::HookNeighbour::dvc;
    table.add({Cell(name), Cell(what_happened(change)), Cell(data::to_string(state.neighbour)),
               Cell(state.file.string())});
  }
  report.table(std::move(table));
  if (beside_dvc) {
    report.finding(Severity::note,
                   "DVC's hooks stay and run after these: what is done already costs them no time "
                   "but their start");
  }
  return report.summary(context.globals().dry_run ? "nothing was written" : "");
}

Report uninstall(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const fs::path folder = data::hook_folder(git_of(repository));
  Report report("hook.uninstall/1");
  Table table = hooks_table();
  for (const auto& name : named_hooks(arguments)) {
    const auto change = data::uninstall_hook(folder, name, context.globals().dry_run);
    const auto state = data::hook_state(folder, name);
    table.add({Cell(name), Cell(what_happened(change)), Cell(data::to_string(state.neighbour)),
               Cell(state.file.string())});
  }
  report.table(std::move(table));
  return report;
}

Report status(Context& context, const Arguments&) {
  data::Repository repository = open_repository(context);
  GitRepository& git = git_of(repository);
  const fs::path folder = data::hook_folder(git);
  Report report("hook.status/1");
  tell_about_folder(report, git, folder);
  Table table{.key = "hooks",
              .columns = {{.key = "hook", .header = "HOOK"},
                          {.key = "installed", .header = "INSTALLED"},
                          {.key = "beside", .header = "BESIDE"},
                          {.key = "file", .header = "FILE", .terminal = false}}};
  for (const auto name : data::hook_names) {
    const auto state = data::hook_state(folder, name);
    const bool works = state.installed && state.runs;
    table.add({Cell(name), Cell(Value(works), works ? "yes" : "no"),
               Cell(data::to_string(state.neighbour)), Cell(state.file.string())});
    if (state.installed && !state.runs) {
      report.finding(Severity::warning,
                     fmt::format("{} is not executable, so git does not run it", name));
    }
  }
  report.table(std::move(table));
  return report;
}

Report before_commit(Context& context, data::Repository& repository) {
  Report report("hook.run/1");
  const auto problems =
      data::commit_problems(repository, context.config().size("hook.max-file-size"));
  const bool refuse = context.config().boolean("hook.refuse-stale");
  Table table{.key = "problems",
              .columns = {{.key = "path", .header = "PATH"},
                          {.key = "problem", .header = "PROBLEM"},
                          {.key = "size", .header = "SIZE", .right = true},
                          {.key = "do", .header = "DO", .wrap = true}}};
  for (const auto& file : problems.big) {
    table.add({Cell(file.path), Cell("too big for git"), Cell(Value(Bytes{file.size})),
               Cell(fmt::format("git rm --cached '{0}' && mlopsctl data add '{0}'", file.path))});
  }
  for (const auto& path : problems.changed) {
    table.add({Cell(path), Cell("changed since it was recorded"), Cell(),
               Cell(fmt::format("mlopsctl data commit '{}'", path))});
  }
  for (const auto& path : problems.unstaged) {
    table.add(
        {Cell(path), Cell("not staged as it is"), Cell(), Cell(fmt::format("git add '{}'", path))});
  }
  if (table.rows.empty()) return report;
  const bool stale = !problems.changed.empty() || !problems.unstaged.empty();
  report.table(std::move(table));
  if (!problems.big.empty() || (stale && refuse)) {
    report.verdict(ExitCode::bad_answer);
    return report.summary(
        "the commit was stopped; 'git commit --no-verify' makes it all the same, "
        "'mlopsctl config set hook.max-file-size' and 'hook.refuse-stale' set what is checked");
  }
  return report.summary("hook.refuse-stale is off, so the commit goes on");
}

// git and the pre-commit tool say in different ways whether a branch was checked out, or files.
bool whole_checkout(const std::vector<std::string>& arguments) {
  const char* type = std::getenv("PRE_COMMIT_CHECKOUT_TYPE");
  if (type != nullptr) return std::string_view(type) == "1";
  return arguments.size() < 3 || arguments[2] == "1";
}

Report after_checkout(Context& context, data::Repository& repository,
                      const std::vector<std::string>& arguments) {
  // In the middle of a rebase data would be brought for every commit on the way.
  const fs::path git = git_of(repository).folder();
  const bool rebasing = fs::exists(git / "rebase-merge") || fs::exists(git / "rebase-apply");
  if (rebasing || !whole_checkout(arguments)) return Report("hook.run/1");
  return check_out(context, repository, repository.select({}, repository.root()),
                   {.everything = true}, "hook.run/1");
}

Report before_push(Context& context, data::Repository& repository) {
  if (repository.outputs().empty() || !repository.config().default_remote()) {
    Report report("hook.run/1");
    if (!repository.outputs().empty()) {
      report.finding(Severity::note, "no remote for data is configured, so none were pushed");
    }
    return report;
  }
  data::SyncScope scope;
  scope.base = repository.root();
  scope.transfer.dry_run = context.globals().dry_run;
  return push(context, repository, scope, "hook.run/1");
}

Report run(Context& context, const Arguments& arguments) {
  const auto& words = arguments.positionals();
  // Hooks of core.hooksPath run in repositories without data, too.
  if (!data::Repository::find_root(data_base(context))) return Report("hook.run/1");
  data::Repository repository = open_repository(context);
  if (repository.git() == nullptr) return Report("hook.run/1");
  if (words[0] == "pre-commit") return before_commit(context, repository);
  if (words[0] == "pre-push") return before_push(context, repository);
  return after_checkout(context, repository, {words.begin() + 1, words.end()});
}

std::vector<std::string> choices() { return {data::hook_names.begin(), data::hook_names.end()}; }

PositionalSpec hooks_positional() {
  return {.name = "HOOK",
          .help = "One of the hooks; all if none is named",
          .least = 0,
          .many = true,
          .choices = choices()};
}

}  // namespace

CommandSpec hook_install() {
  return {
      .path = "hook install",
      .summary = "Let git check, bring and push data by itself",
      .description =
          "Three hooks of git: pre-commit stops commits of files that are too big for git and "
          "of data that are not recorded; post-checkout brings the data of the commit that was "
          "checked out; pre-push pushes data before their commits.\n\n"
          "Hooks that are there already, yours or DVC's, are kept: a shell script gets a "
          "marked block behind its first line, anything else is called behind a new hook. "
          "core.hooksPath is respected. Teams that use pre-commit name this repository in "
          ".pre-commit-config.yaml instead; see .pre-commit-hooks.yaml.",
      .examples = {{"mlopsctl hook install", "All three"},
                   {"mlopsctl hook install pre-push --dry-run", "What would one of them change?"},
                   {"mlopsctl config set hook.max-file-size 500kB", "Stop smaller files, too"}},
      .options = {},
      .positionals = {hooks_positional()},
      .run = install};
}

CommandSpec hook_uninstall() {
  return {.path = "hook uninstall",
          .summary = "Remove the hooks, and nothing else that is in their files",
          .examples = {{"mlopsctl hook uninstall", "All three"}},
          .options = {},
          .positionals = {hooks_positional()},
          .run = uninstall};
}

CommandSpec hook_status() {
  return {.path = "hook status",
          .summary = "Show which hooks are installed, and what runs beside them",
          .examples = {{"mlopsctl hook status", "Are they there?"}},
          .run = status};
}

CommandSpec hook_run() {
  return {
      .path = "hook run",
      .summary = "Do what a hook does: git calls this",
      .description =
          "Exit code 3 of pre-commit stops a commit. Where there are no data it does nothing.",
      .examples = {{"mlopsctl hook run pre-commit", "What would the next commit be told?"}},
      .options = {},
      .positionals = {{.name = "HOOK", .help = "The hook", .choices = choices()},
                      {.name = "ARG", .help = "What git gives the hook", .least = 0, .many = true}},
      .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::bad_answer,
                     ExitCode::partial},
      .run = run};
}

}  // namespace mlopsctl::commands
