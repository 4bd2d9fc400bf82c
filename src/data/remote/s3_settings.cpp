#include "data/remote/s3_settings.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/md5.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>

#include <array>

namespace mlopsctl::data {

namespace {

// Reads options by name; what is wrong is said with the name of the option.
class Options {
 public:
  explicit Options(const RemoteOptions& options) : options_(options) {}
  std::string text(const char* name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? "" : found->second;
  }
  bool boolean(const char* name, bool fallback) const {
    const std::string value = to_lower(text(name));
    if (value.empty()) return fallback;
    if (value == "true") return true;
    if (value == "false") return false;
    throw Error(ErrorKind::config,
                fmt::format("{} of the remote is {}, not true or false", name, quote(value)));
  }
  std::optional<Milliseconds> seconds(const char* name) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    const auto number = parse_number(value);
    if (!number || *number <= 0 || *number > 86'400) {
      throw Error(ErrorKind::config, fmt::format("{} of the remote is {}, not a number of seconds",
                                                 name, quote(value)));
    }
    return Milliseconds{static_cast<std::int64_t>(*number * 1000)};
  }

 private:
  const RemoteOptions& options_;
};

void set_tls(S3Settings& settings, const Options& options) {
  const std::string verify = options.text("ssl_verify");
  const std::string word = to_lower(verify);
  if (word == "false") {
    settings.tls.verify = false;
  } else if (!verify.empty() && word != "true") {
    settings.tls.ca_bundle = verify;
  } else if (const auto bundle = environment("AWS_CA_BUNDLE")) {
    settings.tls.ca_bundle = *bundle;
  }
}

void set_writing(S3Settings& settings, const Options& options) {
  const auto header = [&](const char* option, const char* name) {
    if (const std::string value = options.text(option); !value.empty())
      settings.write_headers.push_back({name, value});
  };
  header("sse", "x-amz-server-side-encryption");
  header("sse_kms_key_id", "x-amz-server-side-encryption-aws-kms-key-id");
  header("acl", "x-amz-acl");
  bool grants = false;
  for (const auto& [option, name] : {std::pair{"grant_read", "x-amz-grant-read"},
                                     {"grant_read_acp", "x-amz-grant-read-acp"},
                                     {"grant_write_acp", "x-amz-grant-write-acp"},
                                     {"grant_full_control", "x-amz-grant-full-control"}}) {
    grants = grants || !options.text(option).empty();
    header(option, name);
  }
  if (grants && !options.text("acl").empty())
    throw Error(ErrorKind::config,
                "the remote has acl and grant_… options: S3 takes one kind only");
  const std::string key = options.text("sse_customer_key");
  if (key.empty()) return;
  const std::string algorithm = options.text("sse_customer_algorithm");
  const std::string prefix = "x-amz-server-side-encryption-customer-";
  const auto raw = from_base64(key);
  if (!raw) throw Error(ErrorKind::config, "sse_customer_key of the remote is not base64");
  settings.customer_key = {
      {prefix + "algorithm", algorithm.empty() ? "AES256" : algorithm},
      {prefix + "key", key},
      {prefix + "key-MD5", to_base64(from_hexadecimal(md5_of(*raw)).value_or(""))}};
}

void set_credentials(S3Settings& settings, const Options& options) {
  CredentialSettings& credentials = settings.credentials;
  const std::string access = options.text("access_key_id");
  const std::string secret = options.text("secret_access_key");
  if (access.empty() != secret.empty()) {
    throw Error(ErrorKind::config,
                fmt::format("the remote has {}, but not {}",
                            access.empty() ? "secret_access_key" : "access_key_id",
                            access.empty() ? "access_key_id" : "secret_access_key"));
  }
  if (!access.empty())
    credentials.explicit_key = SigningKey{access, secret, options.text("session_token")};
  credentials.profile = options.text("profile");
  credentials.profile_is_explicit = !credentials.profile.empty();
  credentials.config_file = options.text("configpath");
  credentials.credentials_file = options.text("credentialpath");
  credentials.tls = settings.tls;
}

std::string with_scheme(std::string endpoint, bool use_ssl) {
  if (endpoint.find("://") == std::string::npos)
    endpoint = (use_ssl ? "https://" : "http://") + endpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

void split_url(S3Settings& settings, const std::string& url) {
  constexpr std::string_view scheme = "s3://";
  const std::string_view rest = std::string_view(url).substr(scheme.size());
  const auto slash = rest.find('/');
  settings.bucket = rest.substr(0, slash);
  std::string_view prefix = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty()) settings.prefix = std::string(prefix) + "/";
  if (settings.bucket.empty() || settings.bucket.find_first_of(" \t?#%@") != std::string::npos)
    throw Error(ErrorKind::config, fmt::format("{} names no bucket", quote(url)),
                "write s3://BUCKET/PREFIX");
}

}  // namespace

S3Settings s3_settings(const std::string& url, const RemoteOptions& remote_options) {
  const Options options(remote_options);
  S3Settings settings;
  split_url(settings, url);
  set_tls(settings, options);
  set_credentials(settings, options);
  set_writing(settings, options);
  settings.anonymous = options.boolean("allow_anonymous_login", false);

  const AwsProfiles profiles =
      load_aws_profiles(settings.credentials.config_file, settings.credentials.credentials_file);
  const std::string profile = settings.credentials.profile_is_explicit
                                  ? settings.credentials.profile
                                  : environment("AWS_PROFILE").value_or("default");
  const auto first = [](std::initializer_list<std::optional<std::string>> values) {
    for (const auto& value : values)
      if (value && !value->empty()) return *value;
    return std::string();
  };
  const bool use_ssl = options.boolean("use_ssl", true);
  settings.endpoint =
      first({options.text("endpointurl"), environment("AWS_ENDPOINT_URL_S3"),
             environment("AWS_ENDPOINT_URL"), profiles.value(profile, "s3.endpoint_url"),
             profiles.value(profile, "endpoint_url")});
  if (!settings.endpoint.empty()) settings.endpoint = with_scheme(settings.endpoint, use_ssl);
  const std::string region =
      first({options.text("region"), environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"),
             profiles.value(profile, "region")});
  if (!region.empty()) settings.region = region;
  settings.credentials.region = settings.region;

  // Names with dots match no certificate of *.s3.amazonaws.com.
  const std::string style = profiles.value(profile, "s3.addressing_style").value_or("auto");
  settings.path_style =
      style == "path" || (style != "virtual" && (!settings.endpoint.empty() ||
                                                 settings.bucket.find('.') != std::string::npos));
  settings.connect_timeout = options.seconds("connect_timeout").value_or(settings.connect_timeout);
  settings.read_timeout = options.seconds("read_timeout").value_or(settings.read_timeout);
  return settings;
}

S3Address s3_address(const S3Settings& settings, const std::string& region) {
  const std::string endpoint = !settings.endpoint.empty()
                                   ? settings.endpoint
                                   : fmt::format("https://s3.{}.amazonaws.com{}", region,
                                                 region.starts_with("cn-") ? ".cn" : "");
  const auto scheme_end = endpoint.find("://") + 3;
  const auto path = endpoint.find('/', scheme_end);
  std::string host = endpoint.substr(scheme_end, path - scheme_end);
  std::string prefix = path == std::string::npos ? "" : endpoint.substr(path);
  if (settings.path_style) {
    prefix += "/" + percent_encode(settings.bucket);
  } else {
    host = settings.bucket + "." + host;
  }
  std::string scheme = endpoint.substr(0, scheme_end);
  std::string base = scheme + host;
  // Sent as clients do: without the port that the scheme has anyway.
  for (const auto& [start, port] : {std::pair{"http://", ":80"}, {"https://", ":443"}})
    if (scheme == start && host.ends_with(port))
      host.resize(host.size() - std::string_view(port).size());
  return {.base = std::move(base), .host = std::move(host), .path_prefix = std::move(prefix)};
}

}  // namespace mlopsctl::data
