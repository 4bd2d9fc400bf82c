#include "mlopsctl/cli/config.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace mlopsctl {

Config::Config(fs::path project_file, fs::path user_file)
    : project_file_(std::move(project_file)), user_file_(std::move(user_file)) {}

// Project entries come first: the first match wins.
const std::vector<Config::FileEntry>& Config::entries() const {
  if (entries_) return *entries_;
  std::vector<FileEntry> read;
  for (const fs::path* file : {&project_file_, &user_file_}) {
    if (file->empty() || !fs::exists(*file)) continue;
    const std::string text = read_file(*file);
    const auto scalars = [&] {
      try {
        return read_yaml_scalars(text);
      } catch (const Error& error) {  // only here is it known which file it was
        throw Error(ErrorKind::config, fmt::format("'{}': {}", file->string(), error.what()),
                    "correct the file, or remove it to go back to the defaults");
      }
    }();
    for (const auto& scalar : scalars) {
      if (scalar.path.empty()) continue;
      try {
        check_setting(setting_spec(scalar.path), scalar.value);
      } catch (const Error& error) {
        throw Error(ErrorKind::config,
                    fmt::format("'{}' line {}: {}", file->string(), scalar.line, error.what()),
                    error.hint());
      }
      read.push_back({scalar.path, scalar.value, scalar.line, file});
    }
  }
  entries_ = std::move(read);
  return *entries_;
}

Setting Config::get(std::string_view key) const {
  const SettingSpec& spec = setting_spec(key);
  const char* value = std::getenv(std::string(spec.environment).c_str());
  if (value != nullptr && *value != '\0') {
    try {
      check_setting(spec, value);
    } catch (const Error& error) {
      throw Error(ErrorKind::config, fmt::format("{}: {}", spec.environment, error.what()),
                  error.hint());
    }
    return {&spec, value, fmt::format("environment {}", spec.environment)};
  }
  for (const auto& entry : entries()) {
    if (entry.key != key) continue;
    return {&spec, entry.value, fmt::format("{}:{}", entry.file->string(), entry.line)};
  }
  return {&spec, std::string(spec.default_value), "default"};
}

std::vector<Setting> Config::all() const {
  std::vector<Setting> settings;
  for (const auto& spec : setting_specs()) settings.push_back(get(spec.key));
  return settings;
}

std::string Config::text(std::string_view key) const { return get(key).value; }

bool Config::boolean(std::string_view key) const {
  const std::string value = to_lower(get(key).value);
  return value == "true" || value == "yes" || value == "1" || value == "on";
}

std::int64_t Config::integer(std::string_view key) const {
  return parse_integer(get(key).value).value_or(0);
}

Milliseconds Config::duration(std::string_view key) const { return parse_duration(get(key).value); }

std::uint64_t Config::size(std::string_view key) const { return parse_bytes(get(key).value); }

void write_setting(const fs::path& file, std::string_view key, std::string_view value) {
  check_setting(setting_spec(key), value);
  std::string text = fs::exists(file) ? read_file(file) : "";
  const auto scalars = read_yaml_scalars(text);
  const auto found = std::ranges::find(scalars, key, &YamlScalar::path);
  if (found != scalars.end()) {
    text.replace(found->begin, found->end - found->begin, yaml_scalar(value));
  } else {
    // A dotted key at the top level means the same as the nested one, and never disturbs the rest.
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += fmt::format("{}: {}\n", key, yaml_scalar(value));
  }
  write_file_atomically(file, text);
}

fs::path user_config_file() {
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  if (xdg != nullptr && *xdg == '/') return fs::path(xdg) / "mlopsctl" / "config.yaml";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return fs::path(home) / ".config" / "mlopsctl" / "config.yaml";
}

}  // namespace mlopsctl
