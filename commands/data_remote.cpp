// data remote: which stores a repository knows.
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/config.hpp"
#include "mlopsctl/data/remote.hpp"

#include "commands/commands.hpp"
#include "commands/data_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace fs = std::filesystem;

namespace {

struct Place {
  fs::path dvc_folder;  // empty outside of a repository
  fs::path file;        // that is changed
  data::DataConfig config;
};

Place place_of(Context& context, const Arguments& arguments) {
  using data::ConfigLevel;
  std::optional<ConfigLevel> level;
  for (const auto& [name, one] : {std::pair{"system", ConfigLevel::system},
                                  {"global", ConfigLevel::global},
                                  {"local", ConfigLevel::local}}) {
    if (!arguments.flag(name)) continue;
    if (level) throw Error(ErrorKind::usage, "name one level only");
    level = one;
  }
  const auto root = data::Repository::find_root(data_base(context));
  const bool outside = level == ConfigLevel::system || level == ConfigLevel::global;
  if (!root && !outside) open_repository(context);  // says what is missing
  Place place;
  if (root) place.dvc_folder = *root / ".dvc";
  place.file = data::config_file(level.value_or(ConfigLevel::project), place.dvc_folder);
  place.config = data::DataConfig::load(place.dvc_folder);
  return place;
}

std::string known_remote(const Place& place, const std::string& name) {
  std::string lower = to_lower(name);
  const auto remotes = place.config.remotes();
  if (std::ranges::find(remotes, lower) != remotes.end()) return lower;
  const auto near = closest(lower, remotes);
  throw Error(
      ErrorKind::not_found, fmt::format("there is no remote {}", quote(name)),
      near ? fmt::format("did you mean '{}'?", *near) : "'mlopsctl data remote list' lists them");
}

// A relative path is typed relative to where one is; set_config keeps it relative to the file.
void set_url(const Place& place, const std::string& section, const Context& context,
             const std::string& url) {
  const bool path =
      url.find("://") == std::string::npos && fs::path(url).is_relative() && !url.starts_with('~');
  data::set_config(place.file, section, "url",
                   path ? fs::proximate(data_base(context) / url).string() : url);
}

Report run_add(Context& context, const Arguments& arguments) {
  const Place place = place_of(context, arguments);
  const std::string name = to_lower(arguments.positionals()[0]);
  const std::string& url = arguments.positionals()[1];
  if (name.empty() || name.find_first_of("\"'[]\n ") != std::string::npos)
    throw Error(ErrorKind::usage, fmt::format("{} is no name for a remote", quote(name)));
  const auto remotes = place.config.remotes();
  const bool exists = std::ranges::find(remotes, name) != remotes.end();
  if (exists && !arguments.flag("force")) {
    throw Error(ErrorKind::conflict, fmt::format("there is a remote {} already", quote(name)),
                "change it with 'mlopsctl data remote modify', or replace its "
                "url with --force");
  }
  Report report("data.remote.add/1");
  report.field("name", "name", Cell(name));
  report.field("url", "url", Cell(mask_secrets(url)));
  if (!data::is_store_url(url) && !url.starts_with("remote://")) {
    report.finding(Severity::warning,
                   fmt::format("{} is written down, but mlopsctl moves data to s3://, file:// and "
                               "folders only",
                               quote(mask_secrets(url))));
  }
  if (context.globals().dry_run) return report.summary("nothing was changed");
  // In this order, so that a new file has its sections as DVC writes them.
  if (arguments.flag("default")) data::set_config(place.file, "core", "remote", name);
  set_url(place, data::remote_section(name), context, url);
  return report.summary(fmt::format("written to '{}'", place.file.string()));
}

// DVC refuses a file with an option that the kind of remote does not have.
void check_option(const std::string& url, const std::string& option) {
  const std::vector<std::string> known{"url",
                                       "jobs",
                                       "checksum_jobs",
                                       "version_aware",
                                       "worktree",
                                       "verify",
                                       "region",
                                       "profile",
                                       "endpointurl",
                                       "access_key_id",
                                       "secret_access_key",
                                       "session_token",
                                       "credentialpath",
                                       "configpath",
                                       "use_ssl",
                                       "ssl_verify",
                                       "allow_anonymous_login",
                                       "sse",
                                       "sse_kms_key_id",
                                       "sse_customer_algorithm",
                                       "sse_customer_key",
                                       "acl",
                                       "grant_read",
                                       "grant_read_acp",
                                       "grant_write_acp",
                                       "grant_full_control",
                                       "cache_regions",
                                       "read_timeout",
                                       "connect_timeout"};
  if (!url.starts_with("s3://") || std::ranges::find(known, option) != known.end()) return;
  const auto near = closest(option, known);
  throw Error(ErrorKind::usage, fmt::format("remotes on S3 have no option {}", quote(option)),
              near ? fmt::format("did you mean '{}'?", *near)
                   : "'mlopsctl data remote modify --help' lists them");
}

Report run_modify(Context& context, const Arguments& arguments) {
  const Place place = place_of(context, arguments);
  const std::string name = known_remote(place, arguments.positionals()[0]);
  const std::string option = to_lower(arguments.positionals()[1]);
  const auto value = arguments.positional(2);
  const std::string section = data::remote_section(name);
  Report report("data.remote.modify/1");
  report.field("name", "name", Cell(name));
  report.field("option", "option", Cell(option));
  if (arguments.flag("unset")) {
    if (value) throw Error(ErrorKind::usage, "--unset takes no value");
    if (context.globals().dry_run) return report.summary("nothing was changed");
    if (!data::unset_config(place.file, section, option)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} of the remote {} is not set in '{}'", quote(option), quote(name),
                              place.file.string()));
    }
    return report.summary(fmt::format("removed from '{}'", place.file.string()));
  }
  if (!value) throw Error(ErrorKind::usage, "a value is missing", "or remove it with --unset");
  check_option(place.config.text(section, "url"), option);
  if (context.globals().dry_run) return report.summary("nothing was changed");
  if (option == "url") {
    set_url(place, section, context, *value);
  } else {
    data::set_config(place.file, section, option, *value);
  }
  const bool secret = is_secret_name(option);
  if (secret && !arguments.flag("local") && !arguments.flag("global") &&
      !arguments.flag("system")) {
    report.finding(Severity::warning, fmt::format("{} is a secret, and git keeps '{}': use --local",
                                                  quote(option), place.file.string()));
  }
  return report.summary(fmt::format("written to '{}'", place.file.string()));
}

Report run_list(Context& context, const Arguments&) {
  const auto root = data::Repository::find_root(data_base(context));
  const auto config = data::DataConfig::load(root ? *root / ".dvc" : fs::path());
  Report report("data.remote.list/1");
  Table& table =
      report.table({.key = "remotes",
                    .columns = {{.key = "name", .header = "NAME"},
                                {.key = "url", .header = "URL"},
                                {.key = "default", .header = "DEFAULT"}},
                    .when_empty = "no remotes yet: mlopsctl data remote add --default NAME URL"});
  const auto usual = config.default_remote();
  for (const auto& name : config.remotes()) {
    const bool is_default = usual && to_lower(*usual) == name;
    table.add({Cell(name), Cell(mask_secrets(config.text(data::remote_section(name), "url"))),
               Cell(Value(is_default), is_default ? "*" : "")});
  }
  return report;
}

Report run_default(Context& context, const Arguments& arguments) {
  const Place place = place_of(context, arguments);
  const auto name = arguments.positional(0);
  Report report("data.remote.default/1");
  if (arguments.flag("unset")) {
    if (name) throw Error(ErrorKind::usage, "--unset takes no name");
    if (!context.globals().dry_run) data::unset_config(place.file, "core", "remote");
    return report.summary("there is no default remote now");
  }
  if (!name) {
    const auto usual = place.config.default_remote();
    if (!usual) {
      throw Error(ErrorKind::not_found, "there is no default remote",
                  "choose one: mlopsctl data remote default NAME");
    }
    return report.answer("name", "name", Cell(*usual));
  }
  const std::string known = known_remote(place, *name);
  report.field("name", "name", Cell(known));
  if (context.globals().dry_run) return report.summary("nothing was changed");
  data::set_config(place.file, "core", "remote", known);
  return report.summary(fmt::format("written to '{}'", place.file.string()));
}

Report run_remove(Context& context, const Arguments& arguments) {
  const Place place = place_of(context, arguments);
  const std::string name = known_remote(place, arguments.positionals()[0]);
  Report report("data.remote.remove/1");
  report.field("name", "name", Cell(name));
  if (context.globals().dry_run) return report.summary("nothing was changed");
  if (!data::unset_config(place.file, data::remote_section(name), "")) {
    throw Error(ErrorKind::not_found,
                fmt::format("the remote {} is not in '{}'", quote(name), place.file.string()),
                "name its level: --local, --global or --system");
  }
  const auto* usual = place.config.find("core", "remote");
  if (usual != nullptr && usual->file == place.file && to_lower(usual->value) == name)
    data::unset_config(place.file, "core", "remote");
  return report.summary("removed; what it holds stays where it is");
}

Report run_rename(Context& context, const Arguments& arguments) {
  const Place place = place_of(context, arguments);
  const std::string from = known_remote(place, arguments.positionals()[0]);
  const std::string to = to_lower(arguments.positionals()[1]);
  const auto remotes = place.config.remotes();
  if (std::ranges::find(remotes, to) != remotes.end())
    throw Error(ErrorKind::conflict, fmt::format("there is a remote {} already", quote(to)));
  Report report("data.remote.rename/1");
  report.field("name", "name", Cell(to));
  if (context.globals().dry_run) return report.summary("nothing was changed");
  const auto options = place.config.sections().find(data::remote_section(from));
  std::size_t moved = 0;
  for (const auto& [option, value] : options->second) {
    if (value.file != place.file) continue;
    data::set_config(place.file, data::remote_section(to), option, value.value);
    ++moved;
  }
  if (moved == 0) {
    throw Error(ErrorKind::not_found,
                fmt::format("the remote {} is not in '{}'", quote(from), place.file.string()),
                "name its level: --local, --global or --system");
  }
  data::unset_config(place.file, data::remote_section(from), "");
  const auto* usual = place.config.find("core", "remote");
  if (usual != nullptr && usual->file == place.file && to_lower(usual->value) == from)
    data::set_config(place.file, "core", "remote", to);
  return report.summary(fmt::format("{} is {} now", quote(from), quote(to)));
}

std::vector<OptionSpec> with_levels(std::vector<OptionSpec> options) {
  options.push_back({.name = "local", .help = "Use .dvc/config.local, which git ignores"});
  options.push_back({.name = "global", .help = "Use the file of this user"});
  options.push_back({.name = "system", .help = "Use the file of this machine"});
  return options;
}

PositionalSpec name_positional(std::size_t least = 1) {
  return {
      .name = "NAME", .help = "Name of the remote", .least = least, .complete = Complete::remote};
}

}  // namespace

CommandSpec data_remote_add() {
  return {
      .path = "data remote add",
      .summary = "Tell a repository where data may be kept",
      .description =
          "URL is s3://BUCKET/PREFIX, a folder, or file:///FOLDER; "
          "no server is needed for a "
          "folder. A relative folder is kept relative to .dvc, as "
          "DVC does. Nothing is "
          "contacted. For S3 the usual sources of credentials are "
          "used: the options of the "
          "remote, AWS_ACCESS_KEY_ID, the profiles in ~/.aws, SSO, "
          "web identity, container "
          "and instance roles.",
      .examples = {{"mlopsctl data remote add --default store s3://bucket/dvc", "An S3 bucket"},
                   {"mlopsctl data remote add --default disk /mnt/share/dvc", "A folder"}},
      .options = with_levels(
          {{.name = "default", .help = "Make it the default", .letter = 'd'},
           {.name = "force", .help = "Replace the url of a remote that is there", .letter = 'f'}}),
      .positionals = {name_positional(), {.name = "URL", .help = "Where data are kept"}},
      .run = run_add};
}

CommandSpec data_remote_modify() {
  return {.path = "data remote modify",
          .summary = "Set an option of a remote",
          .description =
              "Options for S3 are those of DVC: endpointurl, region, profile, "
              "access_key_id, "
              "secret_access_key, session_token, credentialpath, configpath, "
              "use_ssl, ssl_verify, "
              "allow_anonymous_login, sse, sse_kms_key_id, sse_customer_algorithm, "
              "sse_customer_key, acl, grant_read, grant_read_acp, grant_write_acp, "
              "grant_full_control, read_timeout, connect_timeout. Secrets belong "
              "into --local.",
          .examples = {{"mlopsctl data remote modify store endpointurl "
                        "https://minio.example:9000",
                        "Another server than Amazon's"},
                       {"mlopsctl data remote modify --local store access_key_id KEY",
                        "A secret, outside of git"}},
          .options = with_levels({{.name = "unset", .help = "Remove the option", .letter = 'u'}}),
          .positionals = {name_positional(),
                          {.name = "OPTION", .help = "Name of the option"},
                          {.name = "VALUE", .help = "Its value", .least = 0}},
          .run = run_modify};
}

CommandSpec data_remote_list() {
  return {.path = "data remote list",
          .summary = "List the remotes of a repository",
          .examples = {{"mlopsctl data remote list", "Where may data be kept?"}},
          .run = run_list};
}

CommandSpec data_remote_default() {
  return {.path = "data remote default",
          .summary = "Show or choose the remote that is used when none is named",
          .examples = {{"mlopsctl data remote default store", "Choose one"},
                       {"mlopsctl data remote default", "Which one is it?"}},
          .options = with_levels({{.name = "unset", .help = "Have none", .letter = 'u'}}),
          .positionals = {name_positional(0)},
          .run = run_default};
}

CommandSpec data_remote_remove() {
  return {.path = "data remote remove",
          .summary = "Forget a remote",
          .description = "The data on it are not touched.",
          .examples = {{"mlopsctl data remote remove old", "Forget it"}},
          .options = with_levels({}),
          .positionals = {name_positional()},
          .run = run_remove};
}

CommandSpec data_remote_rename() {
  return {.path = "data remote rename",
          .summary = "Give a remote another name",
          .examples = {{"mlopsctl data remote rename store archive", "All of its options move"}},
          .options = with_levels({}),
          .positionals = {name_positional(), {.name = "NEW", .help = "Its new name"}},
          .run = run_rename};
}

}  // namespace mlopsctl::commands
