// `.dvc/config`: DVC's settings in ConfigObj's dialect, at four levels of which a later one wins.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::data {

namespace fs = std::filesystem;

// system: /etc/xdg/dvc/config, global: ~/.config/dvc/config, project: .dvc/config,
// local: .dvc/config.local, which git ignores and where secrets belong.
enum class ConfigLevel { system, global, project, local };

// One file. Sections are "core" or `remote "name"`; section and option names are lower case.
struct ConfigDocument {
  struct Section {
    std::string name;                                          // core; remote "name"
    std::vector<std::pair<std::string, std::string>> options;  // quotes undone, lists as written
  };
  std::vector<Section> sections;

  const std::string* find(std::string_view section, std::string_view option) const;
};

// Throws Error{config} "line 3: …".
ConfigDocument parse_config(std::string_view text);
// As DVC writes it: options indented by four spaces, values quoted where necessary.
std::string config_text(const ConfigDocument& document);
// The items of a list value: "reflink,copy", "reflink, copy".
std::vector<std::string> config_list(std::string_view value);

// Where one value came from.
struct ConfigValue {
  std::string value;
  ConfigLevel level = ConfigLevel::project;
  fs::path file;
};

// The four levels merged.
class DataConfig {
 public:
  // dvc_folder: <root>/.dvc; empty for system and global only. Throws Error{config} that names file
  // and line; options that DVC does not know are refused in sections that it knows.
  static DataConfig load(const fs::path& dvc_folder);

  const ConfigValue* find(std::string_view section, std::string_view option) const;
  std::string text(std::string_view section, std::string_view option,
                   std::string_view fallback = "") const;
  bool boolean(std::string_view section, std::string_view option, bool fallback) const;
  // A path option, made absolute: ~ is the home folder, a relative one is relative to its file.
  std::optional<fs::path> path(std::string_view section, std::string_view option) const;

  // Names of the remotes, sorted.
  std::vector<std::string> remotes() const;
  // All options of a remote, by name; `url` as written, except that a relative path is made
  // absolute and remote://name/sub is followed. Throws Error{config} if there is no such remote.
  std::map<std::string, std::string> remote(std::string_view name) const;
  // core.remote; nothing if there is none.
  std::optional<std::string> default_remote() const;

  // Every value with its place, section by section.
  const std::map<std::string, std::map<std::string, ConfigValue>>& sections() const {
    return sections_;
  }

 private:
  std::map<std::string, std::map<std::string, ConfigValue>> sections_;
};

// The file of a level. dvc_folder may be empty for system and global.
fs::path config_file(ConfigLevel level, const fs::path& dvc_folder);

// Sets an option in the file of one level, making file and section if necessary. A relative path
// for an option that holds one is stored relative to the file. Throws Error{usage} for names or
// values that DVC would refuse.
void set_config(const fs::path& file, std::string_view section, std::string_view option,
                std::string_view value);
// Removes an option, or the whole section if `option` is empty. False if it is not there.
bool unset_config(const fs::path& file, std::string_view section, std::string_view option);

// Section name of a remote: remote "name".
std::string remote_section(std::string_view name);

// "core.remote" and "remote.name.url" split at the right dots. Throws Error{usage}.
struct ConfigKey {
  std::string section;
  std::string option;
};
ConfigKey parse_config_key(std::string_view key);

}  // namespace mlopsctl::data
