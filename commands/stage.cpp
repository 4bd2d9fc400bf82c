// stage list, stage add, freeze, unfreeze.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/stage_edit.hpp"

#include "commands/commands.hpp"
#include "commands/pipeline_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

std::vector<std::size_t> listed(const data::Pipelines& pipelines, const std::string& base,
                                const Arguments& arguments) {
  std::vector<std::size_t> chosen;
  if (!arguments.positionals().empty()) {
    for (const auto& target : arguments.positionals()) {
      for (const auto index : pipelines.select(target, base)) chosen.push_back(index);
    }
    return chosen;
  }
  const std::string here = base.empty() ? "dvc.yaml" : base + "/dvc.yaml";
  for (std::size_t i = 0; i < pipelines.stages().size(); ++i) {
    const auto& stage = pipelines.stages()[i];
    if (arguments.flag("all") ? !stage.name.empty() : stage.file == here) chosen.push_back(i);
  }
  return chosen;
}

std::string outputs_of(const data::Stage& stage) {
  std::vector<std::string> paths;
  for (const auto& out : stage.outs) paths.push_back(out.path);
  return join(paths, ", ");
}

Report run_list(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const std::string base = pipeline_base(repository, context);
  const data::Pipelines pipelines = data::Pipelines::load(repository);
  Report report("stage.list/1");
  Table table{
      .key = "stages",
      .columns = {{.key = "stage", .header = "STAGE"},
                  {.key = "description", .header = "DESCRIPTION", .wrap = true},
                  {.key = "outputs", .header = "OUTPUTS", .wrap = true},
                  {.key = "frozen", .header = "FROZEN"},
                  {.key = "command", .header = "COMMAND", .shrink = true, .terminal = false},
                  {.key = "file", .header = "FILE", .terminal = false},
                  {.key = "line", .header = "LINE", .terminal = false}},
      .when_empty = "there is no stage here; --all shows those of every folder"};
  for (const auto index : listed(pipelines, base, arguments)) {
    const auto& stage = pipelines.stages()[index];
    table.add({Cell(stage.address(base)), stage.desc.empty() ? Cell() : Cell(stage.desc),
               Cell(outputs_of(stage)), Cell(Value(stage.frozen), stage.frozen ? "frozen" : ""),
               Cell(join(stage.commands(), "\n")), Cell(stage.file),
               Cell(Value(static_cast<std::int64_t>(stage.line)))});
  }
  report.table(std::move(table));
  return report;
}

// Several words are put together as DVC does it, so that both write the same dvc.yaml.
std::string command_text(const std::vector<std::string>& words) {
  if (words.size() == 1) return words[0];
  std::vector<std::string> quoted;
  for (const auto& word : words) {
    const bool marks = word.find(' ') != std::string::npos && word.find('"') == std::string::npos;
    quoted.push_back(word.empty() ? "\"\"" : marks ? "\"" + word + "\"" : word);
  }
  return join(quoted, " ");
}

struct OutOption {
  std::string_view name;
  data::OutRole role;
  bool cache, persist;
};
constexpr OutOption out_options[] = {
    {"outs", data::OutRole::plain, true, false},
    {"outs-no-cache", data::OutRole::plain, false, false},
    {"outs-persist", data::OutRole::plain, true, true},
    {"outs-persist-no-cache", data::OutRole::plain, false, true},
    {"metrics", data::OutRole::metric, true, false},
    {"metrics-no-cache", data::OutRole::metric, false, false},
    {"plots", data::OutRole::plot, true, false},
    {"plots-no-cache", data::OutRole::plot, false, false},
};

Report run_add(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto name = arguments.text("name");
  if (!name) throw Error(ErrorKind::usage, "a stage needs a name", "give it one with --name");
  data::NewStage stage{.name = *name,
                       .cmd = command_text(arguments.positionals()),
                       .wdir = arguments.text_or("wdir", ""),
                       .desc = arguments.text_or("desc", ""),
                       .deps = arguments.list("deps"),
                       .params = arguments.list("params"),
                       .outs = {},
                       .always_changed = arguments.flag("always-changed")};
  for (const auto& option : out_options) {
    for (const auto& path : arguments.list(option.name)) {
      stage.outs.push_back({.path = path,
                            .role = option.role,
                            .cache = option.cache,
                            .persist = option.persist,
                            .options = {}});
    }
  }
  const std::string base = pipeline_base(repository, context);
  const data::StageEdit edit = data::add_stage(repository, base, stage, arguments.flag("force"));
  Report report("stage.add/1");
  report.field("stage", "Stage", Cell(*name));
  report.field("file", "File", Cell(shown_path(repository, context, edit.file)));
  report.summary(
      fmt::format("added stage '{}' to '{}'", *name, shown_path(repository, context, edit.file)));
  report.next("mlopsctl repro " + *name);
  return report;
}

Report change_frozen(Context& context, const Arguments& arguments, bool frozen) {
  data::Repository repository = open_repository(context);
  const std::string base = pipeline_base(repository, context);
  const data::Pipelines pipelines = data::Pipelines::load(repository);
  std::vector<std::size_t> chosen;
  for (const auto& target : arguments.positionals()) {
    for (const auto index : pipelines.select(target, base)) chosen.push_back(index);
  }
  Report report(frozen ? "freeze/1" : "unfreeze/1");
  Table table{
      .key = "stages",
      .columns = {{.key = "stage", .header = "STAGE"}, {.key = "changed", .header = "CHANGED"}}};
  for (const auto index : chosen) {
    const auto& stage = pipelines.stages()[index];
    const data::StageEdit edit = data::set_frozen(repository, stage, frozen);
    table.add({Cell(stage.address(base)), Cell(Value(!edit.changed_files.empty()))});
  }
  report.table(std::move(table));
  return report;
}

Report run_freeze(Context& context, const Arguments& arguments) {
  return change_frozen(context, arguments, true);
}
Report run_unfreeze(Context& context, const Arguments& arguments) {
  return change_frozen(context, arguments, false);
}

OptionSpec path_option(std::string name, std::string help, char letter = 0) {
  return {.name = std::move(name),
          .value = "PATH",
          .help = std::move(help),
          .letter = letter,
          .repeatable = true,
          .complete = Complete::file};
}

}  // namespace

CommandSpec stage_list() {
  return {
      .path = "stage list",
      .summary = "Show the stages of the pipelines",
      .description =
          "Shows the stages of the dvc.yaml in this folder with everything resolved: one row for "
          "each member of a foreach or matrix.",
      .examples = {{"mlopsctl stage list", "Stages of the dvc.yaml here"},
                   {"mlopsctl stage list --all --json", "All of the repository, for a script"}},
      .options = {{.name = "all", .help = "Stages of every dvc.yaml in the repository"}},
      .positionals = {stages_positional("Stage, group or dvc.yaml")},
      .run = run_list};
}

CommandSpec stage_add() {
  return {
      .path = "stage add",
      .summary = "Add a stage to the dvc.yaml here",
      .description =
          "Writes the stage behind the others and leaves comments and order of the file alone; "
          "makes the file if there is none. Outputs that go into the cache are added to "
          ".gitignore. Nothing runs: 'mlopsctl repro' does that.",
      .examples = {{"mlopsctl stage add --name train --deps data.csv --deps train.py --params lr "
                    "--outs model.bin -- python train.py",
                    "A training stage"},
                   {"mlopsctl stage add --name eval -d model.bin -M metrics.json -- ./eval.sh",
                    "Metrics that git keeps, not the cache"},
                   {"mlopsctl stage add --force --name train -d train.py -o model.bin -- make",
                    "Define a stage anew"}},
      .options = {{.name = "name", .value = "NAME", .help = "Name of the stage"},
                  path_option("deps", "What the command reads", 'd'),
                  {.name = "params",
                   .value = "[FILE:]KEYS",
                   .help = "Parameters: keys of params.yaml, or of another file",
                   .letter = 'p',
                   .repeatable = true},
                  path_option("outs", "What the command makes"),
                  path_option("outs-no-cache", "The same, kept by git", 'O'),
                  path_option("outs-persist", "The same, not removed before the command runs"),
                  path_option("outs-persist-no-cache", "Both"),
                  path_option("metrics", "A file of metrics", 'm'),
                  path_option("metrics-no-cache", "The same, kept by git", 'M'),
                  path_option("plots", "A file of points to plot"),
                  path_option("plots-no-cache", "The same, kept by git"),
                  {.name = "wdir",
                   .value = "DIR",
                   .help = "Folder that the command runs in",
                   .letter = 'w',
                   .complete = Complete::directory},
                  {.name = "desc", .value = "TEXT", .help = "What the stage is for"},
                  {.name = "always-changed", .help = "Run it every time"},
                  {.name = "force", .help = "Overwrite a stage of that name", .letter = 'f'}},
      .positionals = {{.name = "COMMAND", .help = "The command and its arguments", .many = true}},
      .takes_command = true,
      .run = run_add};
}

CommandSpec freeze() {
  return {.path = "freeze",
          .summary = "Keep stages from running until they are unfrozen",
          .description =
              "Sets 'frozen: true' in dvc.yaml, or in the .dvc file of an import. repro then "
              "leaves the stage and what only it depends on alone.",
          .examples = {{"mlopsctl freeze prepare", "Do not prepare the data again"}},
          .options = {},
          .positionals = {stages_positional("Stage or imported .dvc file", 1)},
          .run = run_freeze};
}

CommandSpec unfreeze() {
  return {.path = "unfreeze",
          .summary = "Let frozen stages run again",
          .description = "Removes 'frozen' from dvc.yaml, or from the .dvc file of an import.",
          .examples = {{"mlopsctl unfreeze prepare", "Prepare the data again if it changed"}},
          .options = {},
          .positionals = {stages_positional("Stage or imported .dvc file", 1)},
          .run = run_unfreeze};
}

}  // namespace mlopsctl::commands
