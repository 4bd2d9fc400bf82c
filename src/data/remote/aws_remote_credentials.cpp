// Credentials that a service gives: STS, the container's agent, the instance's metadata.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/s3_xml.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "data/remote/aws_credentials.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

namespace {

constexpr Milliseconds metadata_timeout{1000};  // off EC2 nobody answers there

std::string host_of(const std::string& url) {
  const auto start = url.find("://") + 3;
  return url.substr(start, url.find_first_of("/?", start) - start);
}

// With or without a port, brackets of IPv6 kept.
bool is_local_host(const std::string& host) {
  for (const char* name :
       {"localhost", "127.", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"})
    if (host.starts_with(name)) return true;
  return false;
}

HttpResponse ask_metadata(HttpRequest request) {
  request.connect_timeout = metadata_timeout;
  request.total_timeout = metadata_timeout * 2;
  request.proxy = "none";
  return http_send(request, {.attempts = 3, .budget = Milliseconds{5000}});
}

}  // namespace

Credentials assume_role(const CredentialSettings& settings, const RoleRequest& request,
                        const std::optional<Credentials>& source) {
  const std::string region = request.region.empty() ? settings.region : request.region;
  std::string url =
      environment("AWS_ENDPOINT_URL_STS")
          .value_or(environment("AWS_ENDPOINT_URL")
                        .value_or(fmt::format("https://sts.{}.amazonaws.com", region)));
  if (url.ends_with('/')) url.pop_back();
  Query form{{"Version", "2011-06-15"},
             {"Action", source ? "AssumeRole" : "AssumeRoleWithWebIdentity"},
             {"RoleArn", request.role_arn},
             {"RoleSessionName", request.session_name.empty() ? fmt::format("mlopsctl-{}", now().ms)
                                                              : request.session_name}};
  if (!request.external_id.empty()) form.push_back({"ExternalId", request.external_id});
  if (!request.duration_seconds.empty())
    form.push_back({"DurationSeconds", request.duration_seconds});
  if (!source) form.push_back({"WebIdentityToken", request.web_identity_token});
  const std::string body = encoded(form);
  HttpRequest post{
      .method = "POST",
      .url = url + "/",
      .headers = {{"Host", host_of(url)}, {"Content-Type", "application/x-www-form-urlencoded"}},
      .body = body,
      .total_timeout = Milliseconds{30'000},
      .tls = settings.tls,
      .repeatable = true};
  if (source)
    sign("POST", "/", "", post.headers, sha256_hex(body), source->key, {region, "sts"}, now());
  const HttpResponse response = http_send(post);
  if (!response.ok()) {
    const auto failure = parse_s3_failure(response.body);
    throw Error(ErrorKind::config,
                fmt::format("STS refuses the role {}: {}", quote(request.role_arn),
                            failure ? failure->code + ": " + failure->message
                                    : fmt::format("status {}", response.status)),
                source ? fmt::format("credentials from {} were used", source->source) : "");
  }
  const StsCredentials role = parse_sts_credentials(response.body);
  return {.key = {role.access_key, role.secret_key, role.session_token},
          .expires = role.expires,
          .source = fmt::format("the role {}", request.role_arn)};
}

std::optional<Credentials> credentials_from_web_identity(const CredentialSettings& settings) {
  const auto file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto arn = environment("AWS_ROLE_ARN");
  if (!file || !arn) return std::nullopt;
  return assume_role(settings,
                     {.role_arn = *arn,
                      .session_name = environment("AWS_ROLE_SESSION_NAME").value_or(""),
                      .web_identity_token = std::string(trim(read_file(*file)))},
                     std::nullopt);
}

std::optional<Credentials> credentials_from_container() {
  std::string url;
  if (const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    url = "http://169.254.170.2" + *relative;
  } else if (const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    url = *full;
    if (!url.starts_with("https://") && !is_local_host(host_of(url))) {
      throw Error(ErrorKind::config,
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine");
    }
  } else {
    return std::nullopt;
  }
  HttpRequest request{.url = url};
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    token = std::string(trim(read_file(*file)));
  if (!token.empty()) request.headers.push_back({"Authorization", token});
  const HttpResponse response = ask_metadata(request);
  require_ok(response, "the container's credential service");
  return credentials_from_json(response.body, "the container's role");
}

std::optional<Credentials> credentials_from_instance() {
  if (to_lower(environment("AWS_EC2_METADATA_DISABLED").value_or("")) == "true")
    return std::nullopt;
  std::string base =
      environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
  if (base.ends_with('/')) base.pop_back();
  const std::string folder = base + "/latest/meta-data/iam/security-credentials/";
  try {
    HttpRequest request{.method = "PUT",
                        .url = base + "/latest/api/token",
                        .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                        .connect_timeout = metadata_timeout,
                        .total_timeout = metadata_timeout,
                        .proxy = "none"};
    const HttpResponse token = http_send(request, {.attempts = 1});
    if (!token.ok()) return std::nullopt;
    const std::vector<HttpHeader> headers{{"x-aws-ec2-metadata-token", token.body}};
    const HttpResponse roles = ask_metadata({.url = folder, .headers = headers});
    if (!roles.ok()) return std::nullopt;  // the instance has no role
    const std::string role(trim(std::string_view(roles.body).substr(0, roles.body.find('\n'))));
    const HttpResponse response = ask_metadata({.url = folder + role, .headers = headers});
    require_ok(response, "the instance's metadata service");
    return credentials_from_json(response.body, "the instance's role");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    return std::nullopt;  // not on an instance
  }
}

}  // namespace mlopsctl::data
