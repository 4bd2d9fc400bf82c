// Where credentials for AWS come from, in the order of botocore: the options of the remote, the
// environment, the profile (keys, a role over another profile, web identity, SSO,
// credential_process), web identity, the container, the instance.
#pragma once

#include "mlopsctl/platform/http.hpp"

#include "data/remote/aws_profiles.hpp"
#include "data/remote/sigv4.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace mlopsctl::data {

struct Credentials {
  SigningKey key;
  std::optional<Timestamp> expires;
  std::string source;  // "the environment": for messages
};

struct CredentialSettings {
  std::optional<SigningKey> explicit_key;  // from .dvc/config
  std::string profile;                     // empty: $AWS_PROFILE, else "default"
  bool profile_is_explicit = false;        // then it beats keys in the environment
  std::string region;
  fs::path config_file;  // chosen by .dvc/config
  fs::path credentials_file;
  HttpTls tls;
};

// Safe to use from several threads.
class CredentialChain {
 public:
  explicit CredentialChain(CredentialSettings settings);

  // Valid for at least five more minutes, or as long as the source gives. Throws Error{config} that
  // says where was looked; Error of the source that should have had them.
  Credentials get(Timestamp now);
  // The server called these expired or unknown. True if others may come.
  bool refresh_after_refusal(const Credentials& refused, Timestamp now);

 private:
  CredentialSettings settings_;
  std::mutex guard_;
  std::optional<Credentials> current_;
};

// The links of the chain; nothing if a link does not apply.
std::optional<Credentials> credentials_from_environment();
std::optional<Credentials> credentials_from_profile(const CredentialSettings& settings,
                                                    const AwsProfiles& profiles,
                                                    const std::string& profile, int depth);
std::optional<Credentials> credentials_from_web_identity(const CredentialSettings& settings);
std::optional<Credentials> credentials_from_container();
std::optional<Credentials> credentials_from_instance();

std::optional<Credentials> credentials_from_sso(const CredentialSettings& settings,
                                                const AwsProfiles& profiles,
                                                const std::string& profile);
std::optional<Credentials> credentials_from_process(const AwsProfiles& profiles,
                                                    const std::string& profile);

// What STS is asked for.
struct RoleRequest {
  std::string role_arn;
  std::string session_name;
  std::string external_id;
  std::string duration_seconds;
  std::string web_identity_token;  // empty: AssumeRole, signed with `source`
  std::string region;
};
Credentials assume_role(const CredentialSettings& settings, const RoleRequest& request,
                        const std::optional<Credentials>& source);

// {"AccessKeyId": …, "SecretAccessKey": …, "Token" or "SessionToken": …, "Expiration": …}
Credentials credentials_from_json(std::string_view text, const std::string& source);

}  // namespace mlopsctl::data
