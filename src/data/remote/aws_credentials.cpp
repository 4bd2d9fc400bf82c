#include "data/remote/aws_credentials.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mlopsctl::data {

namespace {

constexpr Milliseconds early{5 * 60'000};  // new ones are fetched so long before the end

bool is_fresh(const Credentials& credentials, Timestamp now) {
  return !credentials.expires || *credentials.expires - now > early;
}

std::string profile_of(const CredentialSettings& settings) {
  if (!settings.profile.empty()) return settings.profile;
  return environment("AWS_PROFILE").value_or("default");
}

Credentials find(const CredentialSettings& settings) {
  if (settings.explicit_key)
    return {.key = *settings.explicit_key, .source = "the remote's configuration"};
  if (!settings.profile_is_explicit) {
    if (auto found = credentials_from_environment()) return *found;
  }
  const AwsProfiles profiles = load_aws_profiles(settings.config_file, settings.credentials_file);
  const std::string profile = profile_of(settings);
  const bool named = settings.profile_is_explicit || environment("AWS_PROFILE");
  if (named && !profiles.has(profile)) {
    throw Error(ErrorKind::config, fmt::format("there is no AWS profile {}", quote(profile)),
                fmt::format("{} has the profiles; 'aws configure list-profiles' lists them",
                            profiles.config_file.string()));
  }
  if (auto found = credentials_from_profile(settings, profiles, profile, 0)) return *found;
  if (auto found = credentials_from_web_identity(settings)) return *found;
  if (auto found = credentials_from_container()) return *found;
  if (auto found = credentials_from_instance()) return *found;
  throw Error(
      ErrorKind::config, "no credentials for S3 were found",
      fmt::format("looked at the remote's options, AWS_ACCESS_KEY_ID, profile {} of {}, web "
                  "identity, container and instance metadata; set keys with 'mlopsctl data remote "
                  "modify --local NAME access_key_id …' or the environment; for a public bucket "
                  "set allow_anonymous_login",
                  quote(profile), profiles.config_file.string()));
}

}  // namespace

CredentialChain::CredentialChain(CredentialSettings settings) : settings_(std::move(settings)) {}

Credentials CredentialChain::get(Timestamp now) {
  const std::scoped_lock lock(guard_);
  if (current_ && is_fresh(*current_, now)) return *current_;
  try {
    current_ = find(settings_);
  } catch (const Error&) {
    // What is there is good for some more minutes; the source may be back by then.
    if (!current_ || !current_->expires || *current_->expires <= now) throw;
  }
  return *current_;
}

bool CredentialChain::refresh_after_refusal(const Credentials& refused, Timestamp now) {
  {
    const std::scoped_lock lock(guard_);
    const bool same = current_ && current_->key.access_key == refused.key.access_key &&
                      current_->key.session_token == refused.key.session_token;
    if (!same) return current_.has_value();  // somebody else was faster
    if (!current_->expires) return false;    // they are what was configured
    current_.reset();
  }
  const Credentials fresh = get(now);
  return fresh.key.access_key != refused.key.access_key ||
         fresh.key.session_token != refused.key.session_token;
}

std::optional<Credentials> credentials_from_environment() {
  const auto access = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!access && !secret) return std::nullopt;
  if (!access || !secret) {
    throw Error(ErrorKind::config,
                fmt::format("{} is set, but {} is not",
                            access ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                            access ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
  }
  return Credentials{.key = {*access, *secret, environment("AWS_SESSION_TOKEN").value_or("")},
                     .source = "the environment"};
}

Credentials credentials_from_json(std::string_view text, const std::string& source) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto value = [&](const char* name) -> std::string {
    if (!json.is_object()) return "";
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  Credentials credentials{.key = {value("AccessKeyId"), value("SecretAccessKey"), value("Token")},
                          .source = source};
  if (credentials.key.session_token.empty()) credentials.key.session_token = value("SessionToken");
  if (credentials.key.access_key.empty() || credentials.key.secret_key.empty())
    throw Error(ErrorKind::config, fmt::format("{} gave no credentials", source));
  if (const std::string expires = value("Expiration"); !expires.empty())
    credentials.expires = parse_time(expires, Timestamp{});
  return credentials;
}

}  // namespace mlopsctl::data
