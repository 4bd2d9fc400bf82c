#include "data/remote/aws_credentials.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "support/expect_error.hpp"
#include "support/http_server.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <map>

namespace mlopsctl::data {
using mlopsctl::testing::HttpServer;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using mlopsctl::testing::TemporaryFolder;

namespace {

// Sets variables for one test and restores what was before.
class Environment {
 public:
  void set(const std::string& name, const std::string& value) {
    const char* before = std::getenv(name.c_str());
    if (!before_.contains(name)) before_[name] = before != nullptr ? before : "";
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_)
      value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  std::map<std::string, std::string> before_;
};

struct Home {
  TemporaryFolder folder;
  Environment environment;
  Home() {
    environment.set("HOME", folder.path().string());
    environment.set("AWS_CONFIG_FILE", (folder / "config").string());
    environment.set("AWS_SHARED_CREDENTIALS_FILE", (folder / "credentials").string());
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
};

std::string in(Milliseconds time) { return to_rfc3339(now() + time); }

std::string json_keys(const std::string& access, const std::string& expires) {
  return fmt::format(
      R"({{"AccessKeyId":"{}","SecretAccessKey":"s","Token":"t","Expiration":"{}"}})", access,
      expires);
}

std::string sts_answer(const std::string& action, const std::string& access) {
  return fmt::format(
      "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials>"
      "<AccessKeyId>{1}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
      "</SessionToken><Expiration>{2}</Expiration></Credentials></{0}Result></{0}Response>",
      action, access, in(Milliseconds{3'600'000}));
}

Credentials found(const CredentialSettings& settings = {.region = "us-east-1"}) {
  return CredentialChain(settings).get(now());
}

}  // namespace

TEST_CASE("options beat the environment, and the environment beats the profile") {
  Home home;
  home.write("credentials", "[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
  CHECK(found().key.access_key == "file");
  home.environment.set("AWS_ACCESS_KEY_ID", "env");
  CHECK_ERROR(found(), ErrorKind::config, "AWS_SECRET_ACCESS_KEY");
  home.environment.set("AWS_SECRET_ACCESS_KEY", "s");
  home.environment.set("AWS_SESSION_TOKEN", "t");
  CHECK(found().key.access_key == "env");
  CHECK(found().key.session_token == "t");
  CHECK(found({.profile = "default", .profile_is_explicit = true}).key.access_key == "file");
  CHECK(found({.explicit_key = SigningKey{"option", "s", ""}}).key.access_key == "option");
}

TEST_CASE("nothing found says where was looked; an unknown profile says so") {
  Home home;
  CHECK_ERROR(found(), ErrorKind::config, "AWS_ACCESS_KEY_ID");
  CHECK_ERROR(found({.profile = "other", .profile_is_explicit = true}), ErrorKind::config, "other");
}

TEST_CASE("files of AWS are read with comments, nested settings and blanks") {
  const auto sections = parse_aws_file(
      "# comment\n[default]\nregion=eu-west-1 # here\n\n[profile two]\ns3 =\n"
      "    addressing_style = virtual\noutput = json\nbroken line\n");
  CHECK(sections.at("default").at("region") == "eu-west-1");
  CHECK(sections.at("profile two").at("s3.addressing_style") == "virtual");
  CHECK(sections.at("profile two").at("output") == "json");
}

TEST_CASE("a role is assumed with the keys of its source profile, over two steps") {
  Home home;
  int number = 0;
  const HttpServer sts([&](const ServedRequest& request) -> ServedResponse {
    CHECK(request.headers.at("authorization").find("/sts/aws4_request") != std::string::npos);
    return {.body = sts_answer("AssumeRole", "role" + std::to_string(++number))};
  });
  home.environment.set("AWS_ENDPOINT_URL_STS", sts.url(""));
  home.write("config",
             "[profile top]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = middle\n"
             "external_id = x\n[profile middle]\nrole_arn = arn:aws:iam::1:role/middle\n"
             "source_profile = base\n[profile loop]\nrole_arn = arn:aws:iam::1:role/loop\n"
             "source_profile = pool\n[profile pool]\nrole_arn = a\nsource_profile = loop\n");
  home.write("credentials", "[base]\naws_access_key_id = base\naws_secret_access_key = s\n");
  const auto credentials =
      found({.profile = "top", .profile_is_explicit = true, .region = "us-east-1"});
  CHECK(credentials.key.access_key == "role2");
  CHECK(credentials.key.session_token == "t");
  REQUIRE(credentials.expires);
  const auto requests = sts.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].body.find("role%2Fmiddle") != std::string::npos);
  CHECK(requests[1].body.find("ExternalId=x") != std::string::npos);
  CHECK(requests[1].headers.at("x-amz-security-token") == "t");
  CHECK(requests[1].headers.at("authorization").find("Credential=role1/") != std::string::npos);
  CHECK_ERROR(found({.profile = "loop", .profile_is_explicit = true}), ErrorKind::config, "circle");
}

TEST_CASE("a refusal of STS is shown in its words") {
  Home home;
  const HttpServer sts([](const ServedRequest&) -> ServedResponse {
    return {.status = 403,
            .body =
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message>"
                "</Error></ErrorResponse>"};
  });
  home.environment.set("AWS_ENDPOINT_URL_STS", sts.url(""));
  home.write("token", "web-token\n");
  home.environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", (home.folder / "token").string());
  home.environment.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/web");
  CHECK_ERROR(found(), ErrorKind::config, "not you");
  CHECK(sts.requests().at(0).body.find("WebIdentityToken=web-token") != std::string::npos);
  CHECK_FALSE(sts.requests().at(0).headers.contains("authorization"));
}

TEST_CASE("a credential process is run, but not one that a repository chose") {
  Home home;
  home.write("keys.json", json_keys("process", in(Milliseconds{3'600'000})));
  home.write("config", "[default]\ncredential_process = cat '" +
                           (home.folder / "keys.json").string() + "'\n");
  CHECK(found().key.access_key == "process");
  CHECK_ERROR(found({.config_file = home.folder / "config"}), ErrorKind::config, "AWS_CONFIG_FILE");
  home.write("config", "[default]\ncredential_process = false\n");
  CHECK_ERROR(found(), ErrorKind::unavailable, "failed");
}

TEST_CASE("SSO gives keys for a session that lives, and says how to log in when it does not") {
  Home home;
  const HttpServer portal([](const ServedRequest& request) -> ServedResponse {
    CHECK(request.headers.at("x-amz-sso_bearer_token") == "bearer");
    CHECK(request.target.find("account_id=123&role_name=reader") != std::string::npos);
    return {.body = R"({"roleCredentials":{"accessKeyId":"sso","secretAccessKey":"s",)"
                    R"("sessionToken":"t","expiration":32503680000000}})"};
  });
  home.environment.set("AWS_ENDPOINT_URL_SSO", portal.url(""));
  home.write("config",
             "[default]\nsso_session = work\nsso_account_id = 123\nsso_role_name = reader\n"
             "[sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://x\n");
  const std::string cache = ".aws/sso/cache/" + sha1_hex("work") + ".json";
  CHECK_ERROR(found(), ErrorKind::config, "aws sso login");
  home.write(cache, R"({"accessToken":"bearer","expiresAt":"2020-01-01T00:00:00Z"})");
  CHECK_ERROR(found(), ErrorKind::config, "expired");
  home.write(cache, R"({"accessToken":"bearer","expiresAt":"2999-01-01T00:00:00Z"})");
  CHECK(found().key.access_key == "sso");
}

TEST_CASE("instance metadata is asked with a token, and renewed before the keys expire") {
  Home home;
  int number = 0;
  Milliseconds life{60'000};
  const HttpServer metadata([&](const ServedRequest& request) -> ServedResponse {
    if (request.target == "/latest/api/token") {
      CHECK(request.method == "PUT");
      CHECK(request.headers.contains("x-aws-ec2-metadata-token-ttl-seconds"));
      return {.body = "imds-token"};
    }
    CHECK(request.headers.at("x-aws-ec2-metadata-token") == "imds-token");
    if (request.target.ends_with("/")) return {.body = "my-role\n"};
    CHECK(request.target.ends_with("/my-role"));
    return {.body = json_keys("imds" + std::to_string(++number), in(life))};
  });
  home.environment.set("AWS_EC2_METADATA_DISABLED", "false");
  home.environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url(""));
  CredentialChain chain({.region = "us-east-1"});
  CHECK(chain.get(now()).key.access_key == "imds1");
  life = Milliseconds{3'600'000};
  CHECK(chain.get(now()).key.access_key == "imds2");  // the first had one minute left
  CHECK(chain.get(now()).key.access_key == "imds2");  // this one has an hour
  CHECK(chain.refresh_after_refusal(chain.get(now()), now()));
  CHECK(chain.get(now()).key.access_key == "imds3");
}

TEST_CASE("the container's service is asked with its token, and only here or over https") {
  Home home;
  const HttpServer agent([](const ServedRequest& request) -> ServedResponse {
    CHECK(request.headers.at("authorization") == "pod-token");
    return {.body = json_keys("container", in(Milliseconds{3'600'000}))};
  });
  home.environment.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-token");
  home.environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url("/creds"));
  CHECK(found().key.access_key == "container");
  home.environment.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://far.example/creds");
  CHECK_ERROR(found(), ErrorKind::config, "https");
}

}  // namespace mlopsctl::data
