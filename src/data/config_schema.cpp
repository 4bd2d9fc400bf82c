#include "data/config_schema.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

namespace mlopsctl::data {

namespace {

enum class Kind { text, boolean, number, links, shared };

struct Option {
  std::string_view name;
  Kind kind = Kind::text;
};

constexpr Option core[] = {{"remote"},
                           {"interactive", Kind::boolean},
                           {"analytics", Kind::boolean},
                           {"hardlink_lock", Kind::boolean},
                           {"no_scm", Kind::boolean},
                           {"autostage", Kind::boolean},
                           {"experiments", Kind::boolean},
                           {"check_update", Kind::boolean},
                           {"site_cache_dir"},
                           {"machine"},
                           {"checksum_jobs", Kind::number}};
constexpr Option cache[] = {{"dir"},
                            {"type", Kind::links},
                            {"shared", Kind::shared},
                            {"protected", Kind::boolean},
                            {"slow_link_warning", Kind::boolean},
                            {"verify", Kind::boolean},
                            {"local"},
                            {"s3"},
                            {"gs"},
                            {"ssh"},
                            {"azure"}};

[[noreturn]] void refuse(std::string_view section, std::string_view option, std::string_view why,
                         const std::string& hint = {}) {
  throw Error(ErrorKind::config,
              fmt::format("option {} of section {} {}", quote(option), quote(section), why), hint);
}

void check_value(std::string_view section, const Option& option, std::string_view value) {
  const std::string lower = to_lower(value);
  switch (option.kind) {
    case Kind::text:
      return;
    case Kind::boolean:
      if (lower != "true" && lower != "false") {
        refuse(section, option.name, fmt::format("is {}, not true or false", quote(value)));
      }
      return;
    case Kind::number:
      if (const auto number = parse_integer(value); !number || *number < 1) {
        refuse(section, option.name, fmt::format("is {}, not a number above 0", quote(value)));
      }
      return;
    case Kind::shared:
      if (lower != "group") {
        refuse(section, option.name, fmt::format("is {}, not \"group\"", quote(value)));
      }
      return;
    case Kind::links:
      for (const auto& item : config_list(value)) {
        const std::string type = to_lower(item);
        if (type != "reflink" && type != "hardlink" && type != "symlink" && type != "copy") {
          refuse(section, option.name, fmt::format("has {}", quote(item)),
                 "the types of links are reflink, hardlink, symlink and copy");
        }
      }
      return;
  }
}

void check_known(std::span<const Option> options, std::string_view section, std::string_view option,
                 std::string_view value) {
  const auto found = std::ranges::find(options, option, &Option::name);
  if (found != options.end()) return check_value(section, *found, value);
  std::vector<std::string> names;
  for (const auto& one : options) names.emplace_back(one.name);
  const auto near = closest(option, names);
  refuse(section, option, "is not known",
         near ? fmt::format("did you mean '{}'?", *near)
              : fmt::format("it has: {}", join(names, ", ")));
}

constexpr std::string_view other_sections[] = {"core",    "cache", "exp",    "hydra",
                                               "parsing", "plots", "studio", "db",
                                               "feature", "state", "index",  "machine"};

}  // namespace

void check_config_option(std::string_view section, std::string_view option,
                         std::string_view value) {
  if (section == "core") return check_known(core, section, option, value);
  if (section == "cache") return check_known(cache, section, option, value);
  if (section.starts_with("remote \"")) {
    // Each kind of remote has options of its own; those that hold true or false are the same.
    if (option == "version_aware" || option == "worktree" || option == "verify" ||
        option == "use_ssl" || option == "allow_anonymous_login" || option == "cache_regions") {
      check_value(section, {option, Kind::boolean}, value);
    }
    if (option == "jobs" || option == "checksum_jobs") {
      check_value(section, {option, Kind::number}, value);
    }
    return;
  }
  const std::string_view kind = section.substr(0, section.find(' '));
  if (std::ranges::find(other_sections, kind) != std::end(other_sections)) return;
  std::vector<std::string> names(std::begin(other_sections), std::end(other_sections));
  names.emplace_back("remote");
  const auto near = closest(kind, names);
  throw Error(ErrorKind::config, fmt::format("section {} is not known", quote(section)),
              near ? fmt::format("did you mean '{}'?", *near) : "");
}

bool is_path_option(std::string_view section, std::string_view option) {
  if (section == "cache") return option == "dir";
  if (!section.starts_with("remote \"")) return false;
  return option == "url" || option == "keyfile" || option == "credentialpath" ||
         option == "configpath" || option == "gdrive_service_account_json_file_path" ||
         option == "gdrive_user_credentials_file" || option == "cert_path" || option == "key_path";
}

}  // namespace mlopsctl::data
