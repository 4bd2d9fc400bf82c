#include "data/remote/aws_profiles.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <cstdlib>

namespace mlopsctl::data {

namespace {

fs::path file_of(const fs::path& chosen, const char* variable, const char* usual) {
  fs::path path = chosen;
  if (path.empty()) {
    path = environment(variable).value_or(std::string("~/.aws/") + usual);
  }
  const std::string text = path.string();
  if (text.starts_with("~/")) path = environment("HOME").value_or("/") + text.substr(1);
  return path;
}

std::map<std::string, AwsSection> read_sections(const fs::path& path) {
  std::error_code failed;
  if (!fs::exists(path, failed)) return {};
  return parse_aws_file(read_file(path));
}

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

bool AwsProfiles::has(const std::string& profile) const {
  return config.contains(profile) || credentials.contains(profile);
}

std::optional<std::string> AwsProfiles::value(const std::string& profile,
                                              const std::string& key) const {
  for (const auto* sections : {&credentials, &config}) {
    const auto section = sections->find(profile);
    if (section == sections->end()) continue;
    const auto found = section->second.find(key);
    if (found != section->second.end() && !found->second.empty()) return found->second;
  }
  return std::nullopt;
}

std::map<std::string, AwsSection> parse_aws_file(std::string_view text) {
  std::map<std::string, AwsSection> sections;
  AwsSection* section = nullptr;
  std::string parent;  // "s3", while its indented settings follow
  for (const auto& line : split(text, '\n')) {
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      section = &sections[std::string(trim(content.substr(1, content.find(']') - 1)))];
      parent.clear();
      continue;
    }
    const auto equals = content.find('=');
    if (equals == std::string_view::npos || section == nullptr) continue;
    const std::string name = to_lower(trim(content.substr(0, equals)));
    std::string_view value = trim(content.substr(equals + 1));
    if (const auto comment = value.find(" #"); comment != std::string_view::npos)
      value = trim(value.substr(0, comment));
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (indented && !parent.empty()) {
      (*section)[parent + "." + name] = value;
      continue;
    }
    parent = value.empty() ? name : "";
    (*section)[name] = value;
  }
  return sections;
}

AwsProfiles load_aws_profiles(const fs::path& config, const fs::path& credentials) {
  AwsProfiles profiles;
  profiles.config_is_own = config.empty();
  profiles.config_file = file_of(config, "AWS_CONFIG_FILE", "config");
  for (auto& [name, section] : read_sections(profiles.config_file)) {
    constexpr std::string_view profile = "profile ";
    constexpr std::string_view session = "sso-session ";
    if (name.starts_with(profile)) {
      profiles.config[std::string(trim(name.substr(profile.size())))] = std::move(section);
    } else if (name.starts_with(session)) {
      profiles.sessions[std::string(trim(name.substr(session.size())))] = std::move(section);
    } else {
      profiles.config[name] = std::move(section);
    }
  }
  profiles.credentials =
      read_sections(file_of(credentials, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  return profiles;
}

}  // namespace mlopsctl::data
