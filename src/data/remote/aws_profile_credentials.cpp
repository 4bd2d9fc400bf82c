// Credentials that a profile of ~/.aws describes: keys, a role, SSO, a program.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "data/remote/aws_credentials.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::data {

namespace {

constexpr int deepest = 10;
constexpr Milliseconds process_timeout{60'000};

// Words as a shell would split them; quotes and backslashes, nothing else.
std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool any = false;
  char quoted = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted != 0) {
      if (c == quoted) {
        quoted = 0;
      } else if (c == '\\' && quoted == '"' && i + 1 < line.size()) {
        word += line[++i];
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quoted = c;
      any = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      word += line[++i];
      any = true;
    } else if (c == ' ' || c == '\t') {
      if (any) words.push_back(std::exchange(word, ""));
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

std::optional<Credentials> static_keys(const AwsProfiles& profiles, const std::string& profile) {
  const auto access = profiles.value(profile, "aws_access_key_id");
  const auto secret = profiles.value(profile, "aws_secret_access_key");
  if (!access || !secret) return std::nullopt;
  return Credentials{
      .key = {*access, *secret, profiles.value(profile, "aws_session_token").value_or("")},
      .source = fmt::format("the AWS profile {}", quote(profile))};
}

std::optional<Credentials> source_of_role(const CredentialSettings& settings,
                                          const AwsProfiles& profiles, const std::string& profile,
                                          int depth) {
  if (const auto source = profiles.value(profile, "source_profile")) {
    auto found = *source == profile ? static_keys(profiles, profile)
                                    : credentials_from_profile(settings, profiles, *source, depth);
    if (!found) {
      throw Error(ErrorKind::config,
                  fmt::format("the AWS profile {}, source_profile of {}, has no credentials",
                              quote(*source), quote(profile)));
    }
    return found;
  }
  const std::string source = profiles.value(profile, "credential_source").value_or("");
  std::optional<Credentials> found;
  if (source == "Environment") found = credentials_from_environment();
  if (source == "EcsContainer") found = credentials_from_container();
  if (source == "Ec2InstanceMetadata") found = credentials_from_instance();
  if (!found) {
    throw Error(
        ErrorKind::config,
        fmt::format("the AWS profile {} has a role_arn, but no source for it", quote(profile)),
        "give it source_profile, credential_source or web_identity_token_file");
  }
  return found;
}

std::optional<Credentials> role(const CredentialSettings& settings, const AwsProfiles& profiles,
                                const std::string& profile, int depth) {
  const auto arn = profiles.value(profile, "role_arn");
  if (!arn) return std::nullopt;
  const auto text = [&](const char* key) { return profiles.value(profile, key).value_or(""); };
  RoleRequest request{.role_arn = *arn,
                      .session_name = text("role_session_name"),
                      .external_id = text("external_id"),
                      .duration_seconds = text("duration_seconds"),
                      .region = text("region")};
  if (const auto file = profiles.value(profile, "web_identity_token_file")) {
    request.web_identity_token = std::string(trim(read_file(*file)));
    return assume_role(settings, request, std::nullopt);
  }
  return assume_role(settings, request, source_of_role(settings, profiles, profile, depth + 1));
}

}  // namespace

std::optional<Credentials> credentials_from_profile(const CredentialSettings& settings,
                                                    const AwsProfiles& profiles,
                                                    const std::string& profile, int depth) {
  if (depth > deepest) {
    throw Error(ErrorKind::config,
                fmt::format("the source_profile of {} leads in a circle", quote(profile)));
  }
  if (!profiles.has(profile)) return std::nullopt;
  if (auto found = role(settings, profiles, profile, depth)) return found;
  if (auto found = credentials_from_sso(settings, profiles, profile)) return found;
  if (auto found = static_keys(profiles, profile)) return found;
  return credentials_from_process(profiles, profile);
}

std::optional<Credentials> credentials_from_process(const AwsProfiles& profiles,
                                                    const std::string& profile) {
  const auto command = profiles.value(profile, "credential_process");
  if (!command) return std::nullopt;
  if (!profiles.config_is_own) {
    throw Error(ErrorKind::config,
                fmt::format("credential_process of {} is not run, because a remote's configpath "
                            "chose that file",
                            profiles.config_file.string()),
                "if you trust it, name the file in AWS_CONFIG_FILE instead");
  }
  const auto result = run_process({.argv = shell_words(*command), .timeout = process_timeout});
  const std::string source =
      fmt::format("credential_process of the AWS profile {}", quote(profile));
  if (!result.ok()) {
    throw Error(ErrorKind::unavailable, fmt::format("{} failed", source),
                std::string(shortened(printable(trim(result.err)), 300)));
  }
  return credentials_from_json(result.out, source);
}

std::optional<Credentials> credentials_from_sso(const CredentialSettings& settings,
                                                const AwsProfiles& profiles,
                                                const std::string& profile) {
  const auto account = profiles.value(profile, "sso_account_id");
  const auto role_name = profiles.value(profile, "sso_role_name");
  if (!account || !role_name) return std::nullopt;
  const auto session = profiles.value(profile, "sso_session");
  const auto of_session = [&](const char* key) -> std::string {
    if (session) {
      const auto section = profiles.sessions.find(*session);
      if (section == profiles.sessions.end()) return "";
      const auto found = section->second.find(key);
      return found != section->second.end() ? found->second : "";
    }
    return profiles.value(profile, key).value_or("");
  };
  const std::string name = session ? *session : of_session("sso_start_url");
  const fs::path cache = fs::path(environment("HOME").value_or("/")) / ".aws" / "sso" / "cache" /
                         (sha1_hex(name) + ".json");
  const std::string login = fmt::format("log in: aws sso login --profile {}", profile);
  std::error_code failed;
  const auto json = fs::exists(cache, failed)
                        ? nlohmann::json::parse(read_file(cache), nullptr, false)
                        : nlohmann::json();
  const std::string token = json.is_object() ? json.value("accessToken", "") : "";
  const std::string expires = json.is_object() ? json.value("expiresAt", "") : "";
  if (token.empty() || expires.empty() || parse_time(expires, Timestamp{}) <= now()) {
    throw Error(ErrorKind::config,
                fmt::format("the SSO session of the AWS profile {} has expired", quote(profile)),
                login);
  }
  const std::string base =
      environment("AWS_ENDPOINT_URL_SSO")
          .value_or(fmt::format("https://portal.sso.{}.amazonaws.com", of_session("sso_region")));
  const HttpResponse response =
      http_send({.url = fmt::format("{}/federation/credentials?account_id={}&role_name={}", base,
                                    percent_encode(*account), percent_encode(*role_name)),
                 .headers = {{"x-amz-sso_bearer_token", token}},
                 .total_timeout = Milliseconds{30'000},
                 .tls = settings.tls});
  if (!response.ok()) {
    throw Error(ErrorKind::config,
                fmt::format("SSO gives no credentials to the AWS profile {}: {}", quote(profile),
                            shortened(printable(trim(response.body)), 200)),
                login);
  }
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  const auto role_keys =
      answer.is_object() ? answer.value("roleCredentials", nlohmann::json()) : nlohmann::json();
  if (!role_keys.is_object())
    throw Error(ErrorKind::unavailable, "the answer of SSO has no roleCredentials");
  return Credentials{
      .key = {role_keys.value("accessKeyId", ""), role_keys.value("secretAccessKey", ""),
              role_keys.value("sessionToken", "")},
      .expires = Timestamp{role_keys.value("expiration", std::int64_t{0})},
      .source = fmt::format("SSO for the AWS profile {}", quote(profile))};
}

}  // namespace mlopsctl::data
