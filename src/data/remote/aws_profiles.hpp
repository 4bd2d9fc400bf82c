// ~/.aws/config and ~/.aws/credentials.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl::data {

namespace fs = std::filesystem;

// Keys of nested settings have their parent before them: "s3.addressing_style".
using AwsSection = std::map<std::string, std::string>;

struct AwsProfiles {
  std::map<std::string, AwsSection> config;       // by profile, "default" too
  std::map<std::string, AwsSection> sessions;     // sso-session
  std::map<std::string, AwsSection> credentials;  // by profile
  fs::path config_file;
  bool config_is_own = true;  // not a file that .dvc/config chose: then its commands are not run

  bool has(const std::string& profile) const;
  // Of the credentials file, else of the configuration.
  std::optional<std::string> value(const std::string& profile, const std::string& key) const;
};

// Sections by the text between the brackets. Pure. Lines that are no setting are left out.
std::map<std::string, AwsSection> parse_aws_file(std::string_view text);

// Empty paths: $AWS_CONFIG_FILE and $AWS_SHARED_CREDENTIALS_FILE, else the files in ~/.aws. Files
// that are not there are empty.
AwsProfiles load_aws_profiles(const fs::path& config, const fs::path& credentials);

// Value of an environment variable, nothing if it is unset or empty.
std::optional<std::string> environment(const char* name);

}  // namespace mlopsctl::data
