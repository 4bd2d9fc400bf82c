// The digest of an image, as the OCI distribution specification 1.1 and docker's token
// authentication have it.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "deploy/plan/image_name.hpp"
#include "deploy/plan/registry_login.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace mlopsctl {

namespace {

// Lists of several platforms first: their digest is right for every node.
constexpr const char* manifest_types =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

// As docker does: this machine's registries have no certificates.
bool is_local(const std::string& registry) {
  const auto host = registry.substr(0, registry.rfind(':'));
  return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

struct Challenge {
  std::string scheme;  // lower case
  std::map<std::string, std::string> parameters;
};

// "Bearer realm=\"https://…\",service=\"…\"" (RFC 9110, 11.6.1).
Challenge parse_challenge(std::string_view text) {
  Challenge challenge;
  const auto blank = text.find(' ');
  challenge.scheme = to_lower(text.substr(0, blank));
  text = blank == text.npos ? "" : text.substr(blank + 1);
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == text.npos) break;
    const std::string name = to_lower(trim(text.substr(0, equals)));
    text.remove_prefix(equals + 1);
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    const auto end = std::min(text.find(quoted ? '"' : ','), text.size());
    challenge.parameters[name] = text.substr(0, end);
    text.remove_prefix(std::min(end + (quoted ? 1 : 0), text.size()));
    const auto comma = text.find_first_not_of(", ");
    text.remove_prefix(std::min(comma, text.size()));
  }
  return challenge;
}

class Registry {
 public:
  Registry(HttpClient& client, const ImageName& name, std::string asked)
      : client_(client), name_(name), asked_(std::move(asked)) {
    const std::string host = name.registry == "docker.io" ? "registry-1.docker.io" : name.registry;
    base_ = (is_local(name.registry) ? "http://" : "https://") + host;
  }

  std::string digest() {
    HttpResponse response = ask("HEAD");
    if (response.status == 401) {
      authorise(response);
      response = ask("HEAD");
    }
    if (response.status == 405 || response.status == 501) return digest_of_body();
    require_answer(response);
    const auto digest = response.header("Docker-Content-Digest");
    return digest && digest->starts_with("sha256:") ? std::string(*digest) : digest_of_body();
  }

 private:
  HttpResponse ask(const std::string& method) {
    HttpRequest request;
    request.method = method;
    request.url = fmt::format("{}/v2/{}/manifests/{}", base_, name_.repository,
                              name_.tag.empty() ? "latest" : name_.tag);
    request.headers.push_back({"Accept", manifest_types});
    if (!authorisation_.empty()) request.headers.push_back({"Authorization", authorisation_});
    request.redirects = 3;
    request.total_timeout = Milliseconds{30'000};
    return client_.send(request);
  }

  // A manifest's digest is that of its bytes.
  std::string digest_of_body() {
    const HttpResponse response = ask("GET");
    require_answer(response);
    if (response.body.empty()) {
      throw Error(ErrorKind::unavailable, fmt::format("{} gives neither digest nor manifest of {}",
                                                      name_.registry, quote(asked_)));
    }
    return "sha256:" + sha256_hex(response.body);
  }

  void require_answer(const HttpResponse& response) const {
    if (response.ok()) return;
    if (response.status == 404) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} has no image {}", name_.registry, quote(asked_)),
                  "push it first, or look at the spelling of name and tag");
    }
    if (response.status == 401 || response.status == 403) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} does not let us see {} ({})", name_.registry, quote(asked_),
                              response.status),
                  note_.empty() ? fmt::format("docker login {}; registries say the same of images "
                                              "that do not exist",
                                              name_.registry)
                                : note_);
    }
    if (response.status == 429) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} answers no more requests for now (429)", name_.registry),
                  "log in, or give the image by its digest");
    }
    throw Error(ErrorKind::unavailable, fmt::format("{} answers {} for {}", name_.registry,
                                                    response.status, quote(asked_)));
  }

  void authorise(const HttpResponse& refused) {
    const auto header = refused.header("WWW-Authenticate");
    if (!header) return;
    const Challenge challenge = parse_challenge(*header);
    const auto login = registry_login(name_.registry, note_);
    if (challenge.scheme == "basic" && login && !login->user.empty()) {
      authorisation_ = basic(*login);
    } else if (challenge.scheme == "bearer") {
      authorisation_ = "Bearer " + fetch_token(challenge, login);
    }
  }

  static std::string basic(const RegistryLogin& login) {
    return "Basic " + to_base64(login.user + ":" + login.password);
  }

  std::string fetch_token(const Challenge& challenge, const std::optional<RegistryLogin>& login) {
    const auto value = [&](const char* name) {
      const auto found = challenge.parameters.find(name);
      return found == challenge.parameters.end() ? "" : found->second;
    };
    const std::string realm = value("realm");
    const bool safe = realm.starts_with("https://") || base_.starts_with("http://");
    if (!realm.starts_with("http") || (login && !safe)) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} sends us to {} for a token, where credentials are not safe",
                              name_.registry, quote(realm)));
    }
    const std::string scope = fmt::format("repository:{}:pull", name_.repository);
    HttpRequest request;
    request.total_timeout = Milliseconds{30'000};
    const std::string query =
        fmt::format("service={}&scope={}", percent_encode(value("service")), percent_encode(scope));
    if (login && !login->identity_token.empty()) {
      request.method = "POST";
      request.url = realm;
      request.repeatable = true;
      request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
      request.body = fmt::format("grant_type=refresh_token&client_id=mlopsctl&refresh_token={}&{}",
                                 percent_encode(login->identity_token), query);
    } else {
      request.url = realm + (realm.find('?') == realm.npos ? '?' : '&') + query;
      if (login) request.headers.push_back({"Authorization", basic(*login)});
    }
    return token_of(client_.send(request), realm);
  }

  std::string token_of(const HttpResponse& response, const std::string& realm) const {
    if (response.status == 401 || response.status == 403) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} does not accept our login ({})", name_.registry, response.status),
                  note_.empty() ? "docker login " + name_.registry : note_);
    }
    const auto answer = nlohmann::json::parse(response.body, nullptr, false);
    for (const auto* key : {"token", "access_token"}) {
      if (!response.ok() || !answer.is_object()) break;
      const auto found = answer.find(key);
      if (found != answer.end() && found->is_string()) return found->get<std::string>();
    }
    throw Error(ErrorKind::unavailable,
                fmt::format("{} gives no token ({})", quote(realm), response.status));
  }

  HttpClient& client_;
  const ImageName& name_;
  std::string asked_, base_, authorisation_, note_;
};

}  // namespace

PinnedImage pin_image(HttpClient& client, const std::string& image) {
  const ImageName name = parse_image(image);
  if (!name.digest.empty()) return {image, image, name.digest};
  const std::string digest = Registry(client, name, image).digest();
  return {image, name.written + "@" + digest, digest};
}

}  // namespace mlopsctl
