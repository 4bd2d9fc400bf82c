#include "mlopsctl/data/config.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/source.hpp"
#include "mlopsctl/platform/files.hpp"

#include "data/config_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace mlopsctl::data {

namespace {

constexpr std::string_view remote_scheme = "remote://";
constexpr int most_remote_steps = 16;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

fs::path home() { return environment("HOME"); }

// As DVC resolves it: URLs and absolute paths as they are, ~ is home, else relative to the file.
std::string resolved(const std::string& text, const fs::path& file) {
  if (text.empty() || is_url(text) || text.front() == '/') return text;
  if (text == "~" || text.starts_with("~/"))
    return (home() / text.substr(std::min<std::size_t>(2, text.size()))).string();
  return (file.parent_path() / text).lexically_normal().string();
}

ConfigDocument read_document(const fs::path& file) {
  std::error_code failed;
  if (!fs::exists(file, failed)) return {};
  try {
    return parse_config(read_file(file));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::config) throw;
    throw Error(ErrorKind::config, fmt::format("{}: {}", quoted_path(file), error.what()),
                error.hint());
  }
}

}  // namespace

fs::path config_file(ConfigLevel level, const fs::path& dvc_folder) {
  switch (level) {
    case ConfigLevel::system: {
      const std::string folder = environment("DVC_SYSTEM_CONFIG_DIR");
      return folder.empty() ? fs::path("/etc/xdg/dvc/config") : fs::path(folder) / "config";
    }
    case ConfigLevel::global: {
      const std::string folder = environment("DVC_GLOBAL_CONFIG_DIR");
      if (!folder.empty()) return fs::path(folder) / "config";
      const std::string xdg = environment("XDG_CONFIG_HOME");
      return (xdg.empty() ? home() / ".config" : fs::path(xdg)) / "dvc" / "config";
    }
    case ConfigLevel::project:
      return dvc_folder / "config";
    case ConfigLevel::local:
      return dvc_folder / "config.local";
  }
  return {};
}

DataConfig DataConfig::load(const fs::path& dvc_folder) {
  DataConfig config;
  for (const ConfigLevel level :
       {ConfigLevel::system, ConfigLevel::global, ConfigLevel::project, ConfigLevel::local}) {
    if (dvc_folder.empty() && (level == ConfigLevel::project || level == ConfigLevel::local)) {
      continue;
    }
    const fs::path file = config_file(level, dvc_folder);
    const ConfigDocument document = read_document(file);
    for (const auto& section : document.sections) {
      auto& values = config.sections_[section.name];
      for (const auto& [name, value] : section.options) {
        try {
          check_config_option(section.name, name, value);
        } catch (const Error& error) {
          throw Error(ErrorKind::config, fmt::format("{}: {}", quoted_path(file), error.what()),
                      error.hint());
        }
        values[name] = {value, level, file};
      }
    }
  }
  return config;
}

const ConfigValue* DataConfig::find(std::string_view section, std::string_view option) const {
  const auto values = sections_.find(std::string(section));
  if (values == sections_.end()) return nullptr;
  const auto value = values->second.find(std::string(option));
  return value == values->second.end() ? nullptr : &value->second;
}

std::string DataConfig::text(std::string_view section, std::string_view option,
                             std::string_view fallback) const {
  const ConfigValue* value = find(section, option);
  return value != nullptr ? value->value : std::string(fallback);
}

bool DataConfig::boolean(std::string_view section, std::string_view option, bool fallback) const {
  const ConfigValue* value = find(section, option);
  return value != nullptr ? to_lower(value->value) == "true" : fallback;
}

std::optional<fs::path> DataConfig::path(std::string_view section, std::string_view option) const {
  const ConfigValue* value = find(section, option);
  if (value == nullptr) return std::nullopt;
  return fs::path(resolved(value->value, value->file));
}

std::vector<std::string> DataConfig::remotes() const {
  constexpr std::string_view before = "remote \"";
  std::vector<std::string> names;
  for (const auto& [section, values] : sections_) {
    if (!section.starts_with(before) || !section.ends_with('"')) continue;
    names.push_back(section.substr(before.size(), section.size() - before.size() - 1));
  }
  std::ranges::sort(names);
  return names;
}

std::map<std::string, std::string> DataConfig::remote(std::string_view name) const {
  std::map<std::string, std::string> options;
  std::string suffix;
  std::string next = to_lower(name);
  for (int step = 0;; ++step) {
    const auto found = sections_.find(remote_section(next));
    if (found == sections_.end()) {
      const auto near = closest(next, remotes());
      throw Error(ErrorKind::config, fmt::format("there is no remote {}", quote(next)),
                  near ? fmt::format("did you mean '{}'?", *near)
                       : "'mlopsctl data remote list' shows the remotes");
    }
    std::string url;
    for (const auto& [option, value] : found->second) {
      if (option == "url") {
        url = resolved(value.value, value.file);
        continue;
      }
      const bool is_path = is_path_option(found->first, option);
      options.emplace(option, is_path ? resolved(value.value, value.file) : value.value);
    }
    if (!url.starts_with(remote_scheme)) {
      if (!suffix.empty() && !url.ends_with('/')) url += '/';
      options["url"] = url + suffix;
      return options;
    }
    if (step == most_remote_steps) {
      throw Error(ErrorKind::config, fmt::format("remote {} refers to itself", quote(name)));
    }
    const std::string rest = url.substr(remote_scheme.size());
    const std::size_t slash = rest.find('/');
    next = to_lower(rest.substr(0, slash));
    if (slash == std::string::npos || slash + 1 == rest.size()) continue;
    suffix = suffix.empty() ? rest.substr(slash + 1) : rest.substr(slash + 1) + "/" + suffix;
  }
}

std::optional<std::string> DataConfig::default_remote() const {
  const ConfigValue* value = find("core", "remote");
  if (value == nullptr || value->value.empty()) return std::nullopt;
  return to_lower(value->value);
}

void set_config(const fs::path& file, std::string_view section, std::string_view option,
                std::string_view value) {
  try {
    check_config_option(section, option, value);
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, error.what(), error.hint());
  }
  std::string text(value);
  // A path that was typed here is kept relative to the file, so that the repository can move.
  if (is_path_option(section, option) && !is_url(text) && !text.empty() && text.front() != '/' &&
      text.front() != '~') {
    const fs::path typed = fs::absolute(text).lexically_normal();
    text = typed.lexically_relative(fs::absolute(file).lexically_normal().parent_path()).string();
  }
  ConfigDocument document = read_document(file);
  const auto found = std::ranges::find(document.sections, section, &ConfigDocument::Section::name);
  if (found == document.sections.end()) {
    document.sections.push_back({std::string(section), {{std::string(option), text}}});
  } else {
    const auto old = std::ranges::find(
        found->options, option, [](const auto& one) -> std::string_view { return one.first; });
    if (old == found->options.end()) {
      found->options.emplace_back(option, text);
    } else {
      old->second = text;
    }
  }
  write_file_atomically(file, config_text(document));
}

bool unset_config(const fs::path& file, std::string_view section, std::string_view option) {
  ConfigDocument document = read_document(file);
  const auto found = std::ranges::find(document.sections, section, &ConfigDocument::Section::name);
  if (found == document.sections.end()) return false;
  if (!option.empty()) {
    const auto removed =
        std::erase_if(found->options, [&](const auto& one) { return one.first == option; });
    if (removed == 0) return false;
  }
  if (option.empty() || found->options.empty()) document.sections.erase(found);
  write_file_atomically(file, config_text(document));
  return true;
}

}  // namespace mlopsctl::data
