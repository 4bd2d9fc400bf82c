// data init, config, root, cache dir, cache migrate.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/change.hpp"
#include "mlopsctl/data/config.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

namespace {

Report run_init(Context& context, const Arguments& arguments) {
  Report report("data.init/1");
  const fs::path folder = data_base(context);
  if (context.globals().dry_run) {
    const bool there = fs::exists(folder / ".dvc" / "config");
    report.field("root", "root", Cell(folder.string()));
    return report.summary(there ? "already there; nothing would change"
                                : fmt::format("would make '{}'", (folder / ".dvc").string()));
  }
  const auto result =
      data::init(folder, {.no_scm = arguments.flag("no-scm"), .subdir = arguments.flag("subdir")});
  report.field("root", "root", Cell(result.root.string()));
  report.field("created", "created", Cell(Value(result.made)));
  report.summary(result.made ? "ready" : "already there; nothing changed");
  if (result.made && !arguments.flag("no-scm")) report.next("git commit -m 'Version data'");
  return report;
}

std::string_view level_name(data::ConfigLevel level) {
  switch (level) {
    case data::ConfigLevel::system:
      return "system";
    case data::ConfigLevel::global:
      return "global";
    case data::ConfigLevel::project:
      return "project";
    case data::ConfigLevel::local:
      return "local";
  }
  return "";
}

std::optional<data::ConfigLevel> chosen_level(const Arguments& arguments) {
  std::optional<data::ConfigLevel> level;
  for (const auto one : {data::ConfigLevel::system, data::ConfigLevel::global,
                         data::ConfigLevel::project, data::ConfigLevel::local}) {
    if (!arguments.flag(level_name(one))) continue;
    if (level) throw Error(ErrorKind::usage, "name one level only");
    level = one;
  }
  return level;
}

// "remote \"s3\"" and "url" as they are typed: remote.s3.url.
std::string key_of(const std::string& section, const std::string& option) {
  const std::size_t quote_at = section.find(" \"");
  if (quote_at == std::string::npos) return section + "." + option;
  return fmt::format("{}.{}.{}", section.substr(0, quote_at),
                     section.substr(quote_at + 2, section.size() - quote_at - 3), option);
}

Report list_config(const data::DataConfig& config, std::optional<data::ConfigLevel> level) {
  Report report("data.config/1");
  Table& table = report.table({.key = "settings",
                               .columns = {{.key = "name", .header = "NAME"},
                                           {.key = "value", .header = "VALUE"},
                                           {.key = "level", .header = "LEVEL"},
                                           {.key = "file", .header = "FILE", .shrink = true}},
                               .when_empty = "nothing is set"});
  for (const auto& [section, options] : config.sections()) {
    for (const auto& [option, value] : options) {
      if (level && value.level != *level) continue;
      const bool secret = option.find("secret") != std::string::npos ||
                          option.find("password") != std::string::npos ||
                          option.find("token") != std::string::npos;
      table.add({Cell(key_of(section, option)), Cell(secret ? std::string("***") : value.value),
                 Cell(level_name(value.level)), Cell(value.file.string())});
    }
  }
  return report;
}

Report run_config(Context& context, const Arguments& arguments) {
  const auto level = chosen_level(arguments);
  const auto root = data::Repository::find_root(data_base(context));
  const bool outside = level == data::ConfigLevel::system || level == data::ConfigLevel::global;
  if (!root && !outside) open_repository(context);  // says what is missing
  const fs::path folder = root ? *root / ".dvc" : fs::path{};
  const auto name = arguments.positional(0);
  if (!name) return list_config(data::DataConfig::load(folder), level);
  const data::ConfigKey key = data::parse_config_key(*name);
  const fs::path file = data::config_file(level.value_or(data::ConfigLevel::project), folder);
  const auto value = arguments.positional(1);
  Report report("data.config/1");
  if (arguments.flag("unset")) {
    if (value) throw Error(ErrorKind::usage, "--unset takes no value");
    if (context.globals().dry_run) return report.summary("nothing was changed");
    if (!data::unset_config(file, key.section, key.option)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("'{}' is not set in '{}'", *name, file.string()));
    }
    return report.summary(fmt::format("removed '{}' from '{}'", *name, file.string()));
  }
  if (!value) {
    const auto config = data::DataConfig::load(folder);
    const data::ConfigValue* found = config.find(key.section, key.option);
    if (found == nullptr || (level && found->level != *level)) {
      throw Error(ErrorKind::not_found, fmt::format("'{}' is not set", *name),
                  "'mlopsctl data config' lists what is set");
    }
    return report.answer("value", "value", Cell(found->value));
  }
  if (context.globals().dry_run) return report.summary("nothing was changed");
  data::set_config(file, key.section, key.option, *value);
  report.field("name", "name", Cell(*name));
  return report.summary(fmt::format("written to '{}'", file.string()));
}

Report run_root(Context& context, const Arguments&) {
  const data::Repository repository = open_repository(context);
  Report report("data.root/1");
  return report.answer("root", "root", Cell(repository.root().string()));
}

Report run_cache_dir(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  Report report("data.cache.dir/1");
  const auto value = arguments.positional(0);
  if (!value && !arguments.flag("unset")) {
    return report.answer("folder", "folder", Cell(repository.cache().folder().string()));
  }
  const auto level =
      arguments.flag("local") ? data::ConfigLevel::local : data::ConfigLevel::project;
  const fs::path file = data::config_file(level, repository.folder());
  if (context.globals().dry_run) return report.summary("nothing was changed");
  if (arguments.flag("unset")) {
    if (!data::unset_config(file, "cache", "dir")) {
      throw Error(ErrorKind::not_found, fmt::format("'{}' sets no cache folder", file.string()));
    }
    return report.summary(
        "the cache is in .dvc/cache again; what was stored elsewhere stays there");
  }
  data::set_config(file, "cache", "dir", *value);
  report.field("folder", "folder", Cell(*value));
  return report.summary("what the old cache holds stays there: copy it, or fetch it again");
}

Report run_cache_migrate(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  Report report("data.cache.migrate/1");
  if (context.globals().dry_run) {
    std::int64_t count = 0;
    for (const auto& object : repository.cache().list()) {
      count += object.id.kind == data::HashKind::legacy ? 1 : 0;
    }
    report.field("objects", "objects of DVC 2", Cell(Value(count)));
    return report.summary("nothing was changed");
  }
  const auto result =
      data::migrate_cache(repository, arguments.flag("dvc-files"), context.progress());
  report.field("objects", "objects", Cell(Value(static_cast<std::int64_t>(result.objects))));
  suggest_git_add(report, result.changed_files, false);
  return report.summary(result.objects == 0 ? "there is nothing of DVC 2 in the cache"
                                            : "the old objects stay until 'mlopsctl data gc'");
}

}  // namespace

CommandSpec data_init() {
  return {.path = "data init",
          .summary = "Make a DVC repository here",
          .description =
              "Makes .dvc and .dvcignore as DVC does, and adds them to git's index. Everything "
              "below is DVC's own format: dvc and mlopsctl can be used side by side.\n\n"
              "A first day: 'data init', 'data add data.csv', 'git add data.csv.dvc .gitignore', "
              "'git commit'. After a change of branches, 'data checkout' brings the data of that "
              "branch.",
          .examples = {{"mlopsctl data init", "At the root of a git working tree"},
                       {"mlopsctl data init --no-scm", "Without git"}},
          .options = {{.name = "no-scm", .help = "Do without git"},
                      {.name = "subdir", .help = "Make it in this folder of the working tree"}},
          .run = run_init};
}

CommandSpec data_config() {
  return {.path = "data config",
          .summary = "Show or change the settings of a DVC repository",
          .description =
              "Without a name: everything that is set and where. With a name: its value. With a "
              "name and a value: sets it, in .dvc/config unless a level is named. Names are those "
              "of DVC: core.remote, core.autostage, cache.type, remote.NAME.url. Secrets belong "
              "into --local, which git ignores.",
          .examples = {{"mlopsctl data config", "What is set, and where?"},
                       {"mlopsctl data config cache.type hardlink", "Link instead of copying"},
                       {"mlopsctl data config --local remote.store.access_key_id KEY",
                        "A secret, outside of git"}},
          .options = {{.name = "unset", .help = "Remove the setting", .letter = 'u'},
                      {.name = "local", .help = "Use .dvc/config.local"},
                      {.name = "global", .help = "Use the file of this user"},
                      {.name = "system", .help = "Use the file of this machine"}},
          .positionals = {{.name = "NAME", .help = "SECTION.OPTION", .least = 0},
                          {.name = "VALUE", .help = "New value", .least = 0}},
          .run = run_config};
}

CommandSpec data_root() {
  return {.path = "data root",
          .summary = "Print the root folder of the DVC repository",
          .examples = {{"cd \"$(mlopsctl data root)\"", "Go to the top"}},
          .run = run_root};
}

CommandSpec data_cache_dir() {
  return {.path = "data cache dir",
          .summary = "Show or set the folder of the cache",
          .examples = {{"mlopsctl data cache dir", "Where is it?"},
                       {"mlopsctl data cache dir /mnt/big/cache", "Keep it on another disk"}},
          .options = {{.name = "unset", .help = "Use .dvc/cache again", .letter = 'u'},
                      {.name = "local", .help = "Only in this working tree (.dvc/config.local)"}},
          .positionals = {{.name = "DIR",
                           .help = "New folder; a relative one is kept relative to .dvc",
                           .least = 0,
                           .complete = Complete::directory}},
          .run = run_cache_dir};
}

CommandSpec data_cache_migrate() {
  return {.path = "data cache migrate",
          .summary = "Make objects of DVC 2 usable by DVC 3's names",
          .description =
              "Objects that DVC 2 stored stay readable without this. It links them to where DVC 3 "
              "keeps them; with --dvc-files the .dvc files name them in the new way, too.",
          .examples = {{"mlopsctl data cache migrate --dvc-files", "Leave DVC 2 behind"}},
          .options = {{.name = "dvc-files", .help = "Renew the .dvc files, too"}},
          .run = run_cache_migrate};
}

}  // namespace mlopsctl::commands
