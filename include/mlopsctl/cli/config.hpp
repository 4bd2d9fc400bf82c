// Settings: flags > MLOPSCTL_* > project file > user file > default, from one table.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

enum class SettingType { text, boolean, integer, duration, size };

struct SettingSpec {
  std::string_view key;          // "run.sample-interval"
  std::string_view environment;  // "MLOPSCTL_SAMPLE_INTERVAL"
  SettingType type;
  std::string_view default_value;
  std::string_view description;
};

std::span<const SettingSpec> setting_specs();
const SettingSpec& setting_spec(std::string_view key);  // Error{config} with a suggestion

struct Setting {
  const SettingSpec* spec = nullptr;
  std::string value;
  std::string origin;  // "default", "environment MLOPSCTL_…", "file …:3"
};

class Config {
 public:
  // Either file may be missing. Unknown keys and malformed values in a file are Error{config}
  // naming file, line and key when the setting (or, for unknown keys, any) is asked for.
  Config(std::filesystem::path project_file, std::filesystem::path user_file);

  Setting get(std::string_view key) const;
  std::vector<Setting> all() const;
  std::string text(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  Milliseconds duration(std::string_view key) const;
  std::uint64_t size(std::string_view key) const;  // bytes

  const std::filesystem::path& project_file() const { return project_file_; }
  const std::filesystem::path& user_file() const { return user_file_; }

 private:
  struct FileEntry {
    std::string key, value;
    std::size_t line = 0;
    const std::filesystem::path* file = nullptr;
  };
  const std::vector<FileEntry>& entries() const;

  std::filesystem::path project_file_;
  std::filesystem::path user_file_;
  mutable std::optional<std::vector<FileEntry>> entries_;  // read at the first use
};

// Throws Error{config} if `value` is not one for this setting.
void check_setting(const SettingSpec& spec, std::string_view value);

// Sets one key in a YAML file and leaves everything else, comments included, as it is.
void write_setting(const std::filesystem::path& file, std::string_view key, std::string_view value);

// $XDG_CONFIG_HOME/mlopsctl/config.yaml or ~/.config/mlopsctl/config.yaml.
std::filesystem::path user_config_file();

}  // namespace mlopsctl
