// Digests of images, from a registry of the test's own.
#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "support/expect_error.hpp"
#include "support/http_server.hpp"
#include "support/temporary_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace mlopsctl;
using mlopsctl::testing::HttpServer;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;

namespace {

const std::string digest = "sha256:" + std::string(64, 'c');

std::string header(const ServedRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

std::string host(const HttpServer& server) { return "localhost:" + std::to_string(server.port()); }

// A docker configuration of the test's own.
class Config {
 public:
  explicit Config(const std::string& json) {
    std::ofstream(folder_.path() / "config.json") << json;
    ::setenv("DOCKER_CONFIG", folder_.path().c_str(), 1);
    ::unsetenv("REGISTRY_AUTH_FILE");
    ::unsetenv("XDG_RUNTIME_DIR");
  }
  ~Config() { ::unsetenv("DOCKER_CONFIG"); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  mlopsctl::testing::TemporaryFolder folder_;
};

PinnedImage pin(const std::string& image) {
  const auto client = make_http_client();
  return pin_image(*client, image);
}

// Manifests are there for whoever has the token "yes".
ServedResponse guarded(const ServedRequest& request, int port) {
  if (request.target.starts_with("/token")) {
    const bool known = header(request, "authorization") == "Basic " + to_base64("ann:pa:ss");
    const bool asks_right =
        request.target == "/token?service=reg&scope=repository%3Aacme%2Fchat%3Apull";
    return known && asks_right ? ServedResponse{.body = R"({"token": "yes"})"}
                               : ServedResponse{.status = 401};
  }
  if (header(request, "authorization") != "Bearer yes") {
    const std::string realm = "http://localhost:" + std::to_string(port) + "/token";
    return {.status = 401,
            .headers = {{"WWW-Authenticate",
                         "Bearer realm=\"" + realm + "\",service=\"reg\",scope=\"ignored,x\""}}};
  }
  return {.headers = {{"Docker-Content-Digest", digest}}};
}

}  // namespace

TEST_CASE("one HEAD of the manifest gives the digest") {
  Config config("{}");
  HttpServer server([](const ServedRequest&) {
    return ServedResponse{.headers = {{"Docker-Content-Digest", digest}}};
  });
  const auto image = pin(host(server) + "/acme/chat:1.4");
  CHECK(image.pinned == host(server) + "/acme/chat@" + digest);
  CHECK(image.digest == digest);
  CHECK(image.asked == host(server) + "/acme/chat:1.4");
  const auto requests = server.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "HEAD");
  CHECK(requests[0].target == "/v2/acme/chat/manifests/1.4");
  // Lists of platforms count, or the digest would be that of one machine type.
  CHECK(header(requests[0], "accept").find("oci.image.index.v1+json") != std::string::npos);
  CHECK(pin(host(server) + "/chat").pinned == host(server) + "/chat@" + digest);
  CHECK(server.requests().back().target == "/v2/chat/manifests/latest");
}

TEST_CASE("an image with a digest is asked of nobody") {
  const std::string image = "ghcr.io/acme/chat@" + digest;
  CHECK(pin(image).pinned == image);
  CHECK(pin("ghcr.io/acme/chat:1.4@" + digest).digest == digest);
  CHECK_ERROR(pin("ghcr.io/acme/chat@sha256:abc"), ErrorKind::usage, "64 hexadecimal digits");
  CHECK_ERROR(pin("Not An Image"), ErrorKind::usage, "is no image");
}

TEST_CASE("without the header, the digest is that of the manifest's bytes") {
  Config config("{}");
  const std::string manifest = R"({"schemaVersion": 2})";
  HttpServer server([&](const ServedRequest& request) {
    return request.method == "HEAD" ? ServedResponse{} : ServedResponse{.body = manifest};
  });
  CHECK(pin(host(server) + "/chat:1").digest == "sha256:" + sha256_hex(manifest));
}

TEST_CASE("tokens are fetched with the login of docker's config.json") {
  int port = 0;
  HttpServer server([&](const ServedRequest& request) { return guarded(request, port); });
  port = server.port();
  SUBCASE("auths") {
    Config config(R"({"auths": {")" + host(server) + R"(": {"auth": ")" + to_base64("ann:pa:ss") +
                  R"("}}})");
    CHECK(pin(host(server) + "/acme/chat:1.4").digest == digest);
  }
  SUBCASE("a credential helper") {
    Config config(R"({"credHelpers": {")" + host(server) + R"(": "test"}})");
    const auto program = config.path() / "docker-credential-test";
    std::ofstream(program) << "#!/bin/sh\nread server\n[ \"$1\" = get ] && [ \"$server\" = '"
                           << host(server)
                           << "' ] && echo '{\"Username\":\"ann\",\"Secret\":\"pa:ss\"}'\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", (config.path().string() + ":" + path).c_str(), 1);
    CHECK(pin(host(server) + "/acme/chat:1.4").digest == digest);
    ::setenv("PATH", path.c_str(), 1);
  }
  SUBCASE("nobody has logged in") {
    Config config("{}");
    CHECK_ERROR(pin(host(server) + "/acme/chat:1.4"), ErrorKind::unavailable,
                "docker login " + host(server));
  }
  SUBCASE("the helper is missing: that is why") {
    Config config(R"({"credsStore": "gone"})");
    CHECK_ERROR(pin(host(server) + "/acme/chat:1.4"), ErrorKind::unavailable,
                "docker-credential-gone");
  }
}

TEST_CASE("basic authentication") {
  HttpServer server([](const ServedRequest& request) {
    if (header(request, "authorization") == "Basic " + to_base64("ann:x")) {
      return ServedResponse{.headers = {{"Docker-Content-Digest", digest}}};
    }
    return ServedResponse{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  });
  Config config(R"({"auths": {"http://x": {}, ")" + host(server) + R"(": {"auth": ")" +
                to_base64("ann:x") + R"("}}})");
  CHECK(pin(host(server) + "/acme/chat:1.4").digest == digest);
}

TEST_CASE("what a registry refuses is told apart") {
  Config config("{}");
  int status = 404;
  HttpServer server([&](const ServedRequest&) { return ServedResponse{.status = status}; });
  const auto image = host(server) + "/acme/chat:1.4";
  CHECK_ERROR(pin(image), ErrorKind::not_found, "has no image");
  status = 403;
  CHECK_ERROR(pin(image), ErrorKind::unavailable, "does not let us see");
  status = 429;
  CHECK_ERROR(pin(image), ErrorKind::unavailable, "no more requests");
  status = 500;
  CHECK_ERROR(pin(image), ErrorKind::unavailable, "answers 500");
}

namespace {

std::string joined(const std::vector<std::string>& argv) {
  std::string text;
  for (const auto& word : argv) text += (text.empty() ? "" : " ") + word;
  return text;
}

void write_program(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

}  // namespace

TEST_CASE("an image is built, pushed as its version and as latest, and its digest read back") {
  HttpServer server([](const ServedRequest&) {
    return ServedResponse{.headers = {{"Docker-Content-Digest", digest}}};
  });
  Config config("{}");
  const auto log = config.path() / "log";
  const std::string program = "#!/bin/sh\necho \"$@\" >> '" + log.string() + "'\n";
  for (const auto* tool : {"docker", "podman", "buildctl"}) {
    write_program(config.path() / tool, program);
  }
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (config.path().string() + ":" + path).c_str(), 1);
  ImageBuild build{.folder = config.path(),
                   .image = host(server) + "/chat:1.4",
                   .arguments = {"REV=a b"},
                   .tool = ""};
  const auto client = make_http_client();
  CHECK(build_image(*client, build).digest == digest);
  const std::string latest = host(server) + "/chat:latest";
  CHECK(read_file(log) == "build --tag " + build.image + " --tag " + latest +
                              " --build-arg REV=a b " + config.path().string() + "\npush " +
                              build.image + "\npush " + latest + "\n");
  build.tool = "buildctl";
  const auto commands = build_commands(build);
  REQUIRE(commands.size() == 1);
  CHECK(joined(commands[0]) ==
        "buildctl build --frontend dockerfile.v0 --local context=" + config.path().string() +
            " --local dockerfile=" + config.path().string() + " --output type=image,\"name=" +
            build.image + "," + latest + "\",push=true --opt build-arg:REV=a b");
  // What fails is told, and nothing is pushed.
  write_program(config.path() / "podman", "#!/bin/sh\n[ \"$1\" = push ] && touch pushed\nexit 7\n");
  build.tool = "podman";
  CHECK_ERROR(build_image(*client, build), ErrorKind::unavailable,
              "'podman build' failed with exit code 7");
  build.tool = "make";
  CHECK_ERROR(build_commands(build), ErrorKind::usage, "tools are docker");
  build.tool = "docker";
  build.image = host(server) + "/chat:latest";
  CHECK_ERROR(build_commands(build), ErrorKind::usage, "no version to build");
  build.image = host(server) + "/chat:1";
  build.folder = "/no/such/folder";
  CHECK_ERROR(build_commands(build), ErrorKind::not_found, "no folder");
  ::setenv("PATH", path.c_str(), 1);
}
