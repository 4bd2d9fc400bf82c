// config list, get, set.
#include "mlopsctl/cli/config.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"

#include "commands/commands.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

Report list(Context& context, const Arguments&) {
  Report report("config.list/1");
  Table& table =
      report.table({.key = "settings",
                    .columns = {{.key = "key", .header = "KEY"},
                                {.key = "value", .header = "VALUE"},
                                {.key = "origin", .header = "ORIGIN"},
                                {.key = "environment", .header = "ENVIRONMENT", .terminal = false},
                                {.key = "description", .header = "DESCRIPTION", .wrap = true}}});
  for (const auto& setting : context.config().all()) {
    const bool changed = setting.origin != "default";
    table.add({Cell(setting.spec->key),
               Cell(Value(setting.value), "", changed ? Style::bold : Style::plain),
               Cell(setting.origin), Cell(setting.spec->environment),
               Cell(setting.spec->description)});
  }
  return report;
}

Report get(Context& context, const Arguments& arguments) {
  const Setting setting = context.config().get(arguments.positionals().front());
  Report report("config.get/1");
  report.answer("value", "value", Cell(setting.value));
  report.field("key", "key", Cell(setting.spec->key));
  report.field("origin", "origin", Cell(setting.origin));
  return report.field("description", "meaning", Cell(setting.spec->description));
}

Report set(Context& context, const Arguments& arguments) {
  const std::string& key = arguments.positionals()[0];
  const std::string& value = arguments.positionals()[1];
  const bool user = arguments.flag("user");
  check_setting(setting_spec(key), value);
  const auto file = user ? context.config().user_file() : context.config().project_file();
  if (file.empty()) {
    throw Error(
        ErrorKind::not_found,
        user ? "neither XDG_CONFIG_HOME nor HOME is set" : "there is no project here",
        user ? "set one of them" : "start one with 'mlopsctl init', or set it for you with --user");
  }
  if (!context.globals().dry_run) write_setting(file, key, value);
  Report report("config.set/1");
  report.field("key", "key", Cell(key));
  report.field("value", "value", Cell(value));
  report.field("file", "file", Cell(file.string()));
  if (context.globals().dry_run) return report.summary("nothing was written");
  const Setting now =
      Config(context.config().project_file(), context.config().user_file()).get(key);
  if (now.value != value) {
    report.finding(Severity::warning, fmt::format("'{}' is still {}: {} wins over the file", key,
                                                  quote(now.value), now.origin));
  }
  return report;
}

const std::vector<PositionalSpec> key_positional{{.name = "KEY",
                                                  .help = "A setting, as 'config list' shows it",
                                                  .complete = Complete::config_key}};

}  // namespace

CommandSpec config_list() {
  return {.path = "config list",
          .summary = "Show all settings, their values and where each comes from",
          .description =
              "A flag wins over the environment, the environment over the project file "
              "(.mlopsctl/config.yaml), the project file over the user file "
              "($XDG_CONFIG_HOME/mlopsctl/config.yaml), the user file over the default.",
          .examples = {{"mlopsctl config list", "See what is in force here"}},
          .run = list};
}

CommandSpec config_get() {
  return {.path = "config get",
          .summary = "Show one setting",
          .examples = {{"mlopsctl config get experiment", "Which experiment do new runs go to?"}},
          .positionals = key_positional,
          .run = get};
}

CommandSpec config_set() {
  return {
      .path = "config set",
      .summary = "Change a setting in the project file, or in yours",
      .description = "Comments, order and everything else in the file stay as they are.",
      .examples = {{"mlopsctl config set experiment chatbot", "New runs of this project go there"},
                   {"mlopsctl config set list.limit 20 --user", "For all of your projects"}},
      .options = {{.name = "user", .help = "Write the user file instead of the project file"}},
      .positionals = {key_positional[0], {.name = "VALUE", .help = "The new value"}},
      .run = set};
}

}  // namespace mlopsctl::commands
