// data add, commit.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/add.hpp"
#include "mlopsctl/data/import.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

#include <glob.h>

#include <algorithm>
#include <iterator>

namespace mlopsctl::commands {

namespace {

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
  const bool to_remote = arguments.flag("to-remote");
  if (arguments.text("remote") && !to_remote)
    throw Error(ErrorKind::usage, "--remote goes with --to-remote");
  if (to_remote && (!options.commit || targets.size() != 1))
    throw Error(ErrorKind::usage, "--to-remote takes exactly one target, and no --no-commit");
  if (context.globals().dry_run) {
    if (!to_remote)
      for (const auto& target : targets) repository.relative(target, base);
    return report.summary(fmt::format("would add {}", join(targets, ", ")));
  }
  const auto result = to_remote ? data::add_to_remote(repository,
                                                      {.url = targets.front(),
                                                       .output = options.output,
                                                       .base = base,
                                                       .force = options.force,
                                                       .remote = arguments.text_or("remote", ""),
                                                       .fs_config = {},
                                                       .jobs = jobs_of(arguments),
                                                       .annotations = options.annotations},
                                                      context.progress())
                                : data::add(repository, targets, base, options, context.progress());
  report.table(outputs_table(repository, context, result.outputs));
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
  // Stages first: they may refuse, and then nothing is recorded.
  auto result = data::commit_stages(
      repository, selected,
      {.everything = arguments.positionals().empty(),
       .force = arguments.flag("force"),
       .confirm =
           [&](const std::string& question) {
             const bool somebody = context.globals().yes ||
                                   (context.terminal().in_is_tty && context.terminal().err_is_tty);
             return somebody && context.confirmed(question);
           },
       .look = data::make_source_look(repository)},
      context.progress());
  auto data = data::commit(repository, selected, !arguments.flag("no-relink"), context.progress());
  std::ranges::move(data.outputs, std::back_inserter(result.outputs));
  for (auto& file : data.changed_files) {
    if (std::ranges::find(result.changed_files, file) == result.changed_files.end())
      result.changed_files.push_back(std::move(file));
  }
  result.staged = result.staged || data.staged;
  report.table(outputs_table(repository, context, result.outputs));
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
          "gone is taken out of it.\n\n"
          "With --to-remote the data go to the remote only: neither the working tree nor the cache "
          "needs room for them. The target may be a URL then.",
      .examples = {{"mlopsctl data add data.csv", "Writes data.csv.dvc for git"},
                   {"mlopsctl data add models/checkpoint --type model --desc 'after epoch 7'",
                    "Version a model, with a note"},
                   {"mlopsctl data add data/images/0017.png", "One file of a tracked folder"},
                   {"mlopsctl data add --to-remote /mnt/raw/video -o video",
                    "Straight to the remote; 'data pull' brings it when it is needed"}},
      .options = {{.name = "no-commit", .help = "Only hash; 'data commit' fills the cache later"},
                  {.name = "no-relink", .help = "Do not replace files by links"},
                  {.name = "glob", .help = "Targets are patterns: * ? [abc]"},
                  {.name = "output",
                   .value = "PATH",
                   .help = "Copy the target, which may be outside, to here and add that",
                   .letter = 'o',
                   .complete = Complete::file},
                  {.name = "force", .help = "Let --output replace what is there", .letter = 'f'},
                  {.name = "to-remote",
                   .help = "Send the target to the remote and keep nothing here"},
                  {.name = "remote",
                   .value = "NAME",
                   .help = "With --to-remote: another remote than the configured one",
                   .letter = 'r'},
                  jobs_option(),
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
  options.push_back({.name = "force",
                     .help = "Record stages without asking, whatever else changed",
                     .letter = 'f'});
  options.push_back({.name = "no-relink", .help = "Do not replace files by links"});
  return {
      .path = "data commit",
      .summary = "Record what is in the working tree now for data that is tracked",
      .description =
          "For data that changed after 'data add', for what was added with --no-commit, and for "
          "outputs of stages that were made by hand: their stage is written into dvc.lock as if "
          "it had run now. Where its command, a parameter or something it reads changed as "
          "well, that is asked first.",
      .examples = {{"mlopsctl data commit", "Everything that changed"},
                   {"mlopsctl data commit data/train", "One output"},
                   {"mlopsctl data commit model --force",
                    "This model is the result, though the code has changed since"}},
      .options = std::move(options),
      .positionals = {targets_positional(0)},
      .run = run_commit};
}

}  // namespace mlopsctl::commands
