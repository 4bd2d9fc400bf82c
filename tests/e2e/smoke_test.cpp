// smoke against any URL, as a user and as CI call it.
#include "support/http_server.hpp"
#include "support/mock_openai.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlopsctl::testing;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

ServedResponse health(const ServedRequest& request) {
  ServedResponse response;
  if (request.target == "/health?deep=1") response.body = R"({"status": "ok", "gpus": 2})";
  if (request.target == "/sick") response.status = 503;
  if (request.target == "/key") {
    const auto key = request.headers.find("authorization");
    response.status = key != request.headers.end() && key->second == "Bearer k1" ? 200 : 401;
  }
  return response;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("smoke: 0 when a server answers as it should, 3 when not, 2 for a wrong line") {
  const HttpServer server(health);
  const Sandbox box;
  const std::string url = server.url("/health?deep=1");
  CHECK(box.run({"smoke", url}).code == 0);
  CHECK(
      box.run({"smoke", url, "--field", "status=ok", "--field", "gpus", "--within", "10s"}).code ==
      0);
  const Outcome wrong = box.run({"smoke", url, "--field", "status=up", "--attempts", "1"});
  CHECK(wrong.code == 3);
  CHECK(has(wrong.out + wrong.err, "'status' is 'ok', 'up' is wanted"));
  CHECK(box.run({"smoke", server.url("/sick"), "--attempts", "1"}).code == 3);
  CHECK(box.run({"smoke", server.url("/sick"), "--status", "503"}).code == 0);
  CHECK(box.run({"smoke", "http://127.0.0.1:1/", "--attempts", "1"}).code == 3);
  for (const Strings& bad : std::vector<Strings>{{"--status", "42"},
                                                 {"--within", "0"},
                                                 {"--attempts", "0"},
                                                 {"--header", "no colon"},
                                                 {"--field", "a[", "--attempts", "1"}}) {
    CAPTURE(bad[0]);
    Strings line{"smoke", url};
    line.insert(line.end(), bad.begin(), bad.end());
    CHECK(box.run(line).code == 2);
  }
  CHECK(box.run({"smoke", "http://"}).code == 2);
  CHECK(box.run({"smoke", "absent.yaml"}).code == 1);
  CHECK(box.run({"smoke"}).code == 1);
}

TEST_CASE("a completion and a chat are asked for beside or instead of a page") {
  const MockOpenAi server;
  const Sandbox box;
  const std::string base = server.url().substr(0, server.url().size() - 3);
  const Outcome both = box.run({"smoke", base, "--chat", "auto", "--completion", "mock", "--json"});
  CHECK(both.code == 0);
  const json report = json::parse(both.out);
  CHECK(report["schema"] == "mlopsctl.smoke/1");
  REQUIRE(report["checks"].size() == 2);
  CHECK(report["checks"][0]["name"] == "completion");
  CHECK(report["checks"][1]["passed"] == true);
  // The base of an API may be given as clients take it.
  CHECK(box.run({"smoke", server.url(), "--chat", "mock"}).code == 0);
}

TEST_CASE("keys come from the environment, and are shown nowhere") {
  const HttpServer server(health);
  Sandbox box;
  box.set_environment("SMOKE_KEY", "k1");
  CHECK(box.run({"smoke", server.url("/key"), "--attempts", "1"}).code == 3);
  CHECK(box.run({"smoke", server.url("/key"), "--api-key-env", "SMOKE_KEY"}).code == 0);
  CHECK(box.run({"smoke", server.url("/key"), "--api-key-env", "NONE"}).code == 2);
}

TEST_CASE("in CI: quiet when all is well, JUnit, a step summary, a message; 5 without the file") {
  const HttpServer server(health);
  Sandbox box;
  box.set_environment("GITHUB_STEP_SUMMARY", (box.folder() / "summary.md").string());
  box.set_environment("HOOK", server.url("/hook"));
  const Outcome quiet = box.run({"smoke", server.url("/health?deep=1"), "--quiet"});
  CHECK(quiet.code == 0);
  CHECK(quiet.out + quiet.err == "");
  const Outcome bad = box.run({"smoke", server.url("/sick"), "--attempts", "1", "--junit",
                               "smoke.xml", "--github-summary", "--webhook-env", "HOOK"});
  CHECK(bad.code == 3);
  CHECK(has(box.read("smoke.xml"), "status 503 instead of 200"));
  CHECK(has(box.read("summary.md"), "Smoke checks failed"));
  const auto requests = server.requests();
  REQUIRE(requests.back().target == "/hook");
  CHECK(json::parse(requests.back().body)["schema"] == "mlopsctl.smoke.message/1");
  CHECK(box.run({"smoke", server.url("/health?deep=1"), "--junit", "/proc/smoke.xml"}).code == 5);
}

TEST_CASE("on a terminal each check has a line, and the last line concludes") {
  const HttpServer server(health);
  const Sandbox box;
  for (const int columns : {40, 80, 160}) {
    const Outcome shown =
        box.run_on_terminal({"smoke", server.url("/sick"), "--attempts", "1"}, columns);
    CHECK(shown.code == 3);
    CHECK(has(shown.out, "failed"));
  }
}
