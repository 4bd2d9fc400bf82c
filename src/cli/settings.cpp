// The table of settings: the only place that knows their names and defaults.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/cli/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

constexpr std::array settings{
    SettingSpec{"experiment", "MLOPSCTL_EXPERIMENT", SettingType::text, "Default",
                "Experiment that new runs belong to where none is named"},
    SettingSpec{"list.limit", "MLOPSCTL_LIST_LIMIT", SettingType::integer, "50",
                "Rows that 'run list' shows at most"},
    SettingSpec{"run.sample-interval", "MLOPSCTL_SAMPLE_INTERVAL", SettingType::duration, "5s",
                "Time between two samples of the system series of 'run exec'; 0 takes none"},
    SettingSpec{"run.packages", "MLOPSCTL_PACKAGES", SettingType::boolean, "true",
                "Whether 'run exec' records the packages of a Python command"},
    SettingSpec{"run.git", "MLOPSCTL_GIT", SettingType::boolean, "true",
                "Whether 'run exec' records commit, branch, changes and untracked files"},
    SettingSpec{"run.data", "MLOPSCTL_DATA", SettingType::boolean, "true",
                "Whether 'run exec' records the digests of data that a DVC repository tracks"},
    SettingSpec{"run.grace", "MLOPSCTL_GRACE", SettingType::duration, "10s",
                "Time a command has to end after Ctrl-C before it is killed"},
    SettingSpec{"hook.max-file-size", "MLOPSCTL_HOOK_MAX_FILE_SIZE", SettingType::size, "10MB",
                "Largest file that the pre-commit hook lets into git; 0 is no limit"},
    SettingSpec{"hook.refuse-stale", "MLOPSCTL_HOOK_REFUSE_STALE", SettingType::boolean, "true",
                "Whether the pre-commit hook refuses a commit whose data are not recorded in it"},
};

bool is_boolean(std::string_view value) {
  const std::string low = to_lower(value);
  return low == "true" || low == "false" || low == "yes" || low == "no" || low == "1" ||
         low == "0" || low == "on" || low == "off";
}

}  // namespace

std::span<const SettingSpec> setting_specs() { return settings; }

const SettingSpec& setting_spec(std::string_view key) {
  const auto found = std::ranges::find(settings, key, &SettingSpec::key);
  if (found != settings.end()) return *found;
  std::vector<std::string> keys;
  for (const auto& spec : settings) keys.emplace_back(spec.key);
  const auto near = closest(key, keys);
  throw Error(ErrorKind::config, fmt::format("there is no setting {}", quote(key)),
              near ? fmt::format("did you mean '{}'?", *near)
                   : "'mlopsctl config list' shows what there is");
}

void check_setting(const SettingSpec& spec, std::string_view value) {
  const auto refuse = [&](std::string_view wanted) {
    throw Error(ErrorKind::config,
                fmt::format("{} is not a value for '{}'", quote(value), spec.key),
                fmt::format("it needs {}", wanted));
  };
  switch (spec.type) {
    case SettingType::text:
      if (trim(value).empty()) refuse("some text");
      break;
    case SettingType::boolean:
      if (!is_boolean(value)) refuse("true or false");
      break;
    case SettingType::integer: {
      const auto number = parse_integer(value);
      if (!number || *number < 1) refuse("a whole number from 1");
      break;
    }
    case SettingType::duration:
      parse_duration(value);
      break;
    case SettingType::size:
      try {
        parse_bytes(value);
      } catch (const Error&) {
        refuse("a size such as 500kB or 10MB");
      }
      break;
  }
}

}  // namespace mlopsctl
