// What passes and what fails, against a server of the test's own.
#include "mlopsctl/deploy/smoke.hpp"

#include "support/http_server.hpp"
#include "support/mock_openai.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using namespace std::chrono_literals;

namespace {

SmokeResult check(const HttpServer& server, SmokeCheck wanted, int* waits = nullptr) {
  const auto client = make_http_client();
  const auto results = run_smoke(*client, server.url(""), {std::move(wanted)}, [&](Milliseconds) {
    if (waits != nullptr) ++*waits;
  });
  REQUIRE(results.size() == 1);
  return results.front();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

ServedResponse json(const std::string& body) { return {.body = body}; }

}  // namespace

TEST_CASE("a check passes on its status and says what it saw") {
  const HttpServer server([](const ServedRequest& request) {
    return ServedResponse{.status = request.target == "/health" ? 200 : 204};
  });
  const SmokeResult health = check(server, {});
  CHECK(health.passed);
  CHECK(health.name == "/health");
  CHECK(health.status == 200);
  CHECK(health.url == server.url("/health"));
  CHECK(check(server, {.name = "empty", .path = "other", .status = 204}).passed);
}

TEST_CASE("a check that fails is repeated, and its last answer is shown without secrets") {
  int served = 0;
  const HttpServer server([&](const ServedRequest&) {
    return ++served < 3 ? ServedResponse{.status = 503, .body = "loading"} : ServedResponse{};
  });
  int waits = 0;
  const SmokeResult result = check(server, {}, &waits);
  CHECK(result.passed);
  CHECK(result.attempts == 3);
  CHECK(waits == 2);

  const HttpServer broken([](const ServedRequest&) {
    return ServedResponse{.status = 500,
                          .body = "token sk-proj-abcdefghijklmnopqrstuvwxyz012345\n"};
  });
  const SmokeResult bad = check(broken, {.attempts = 2});
  CHECK_FALSE(bad.passed);
  CHECK(bad.attempts == 2);
  CHECK(has(bad.text, "status 500 instead of 200: token"));
  CHECK_FALSE(has(bad.text, "abcdefghijkl"));
}

TEST_CASE("fields of JSON are compared as text or as numbers, or only have to be there") {
  const HttpServer server([](const ServedRequest&) {
    return json(
        R"({"status": "ok", "model": {"name": "chat", "loaded": true}, "gpus": [1, 2.0], "n": null})");
  });
  const auto with = [&](std::map<std::string, std::string> fields) {
    return check(server, {.json = std::move(fields), .attempts = 1});
  };
  CHECK(with({{"status", "ok"}, {"model.loaded", "true"}, {"gpus[1]", "2"}, {"model", ""}}).passed);
  CHECK(with({{"gpus", ""}}).passed);
  CHECK(has(with({{"status", "up"}}).text, "'status' is 'ok', 'up' is wanted"));
  CHECK(has(with({{"version", ""}}).text, "'version' is missing"));
  CHECK(has(with({{"n", ""}}).text, "'n' is missing"));
  CHECK(has(with({{"model", "chat"}}).text, "no single value"));

  const HttpServer text([](const ServedRequest&) { return json("fine"); });
  CHECK(has(check(text, {.json = {{"status", ""}}, .attempts = 1}).text, "no JSON"));
}

TEST_CASE("an answer that is too slow, lacks a text or never comes fails") {
  const HttpServer server([](const ServedRequest& request) {
    ServedResponse response{.body = "ready"};
    if (request.target == "/slow") response.delay = 80ms;
    if (request.target == "/never") response.drop = true;
    return response;
  });
  const SmokeResult slow =
      check(server, {.path = "/slow", .within = Milliseconds{20}, .attempts = 1});
  CHECK_FALSE(slow.passed);
  CHECK(has(slow.text, "20ms is allowed"));
  CHECK(slow.took >= Milliseconds{80});
  CHECK(has(check(server, {.contains = "steady", .attempts = 1}).text, "lacks 'steady': ready"));
  const SmokeResult never = check(server, {.path = "/never", .attempts = 2});
  CHECK_FALSE(never.passed);
  CHECK(never.status == 0);
  CHECK(never.attempts == 2);
  const SmokeResult late =
      check(server, {.path = "/slow", .timeout = Milliseconds{10}, .attempts = 1});
  CHECK_FALSE(late.passed);
}

TEST_CASE("completions and chats need some text, of the model that is named or listed") {
  const MockOpenAi server;
  const auto client = make_http_client();
  const std::string base = server.url().substr(0, server.url().size() - 3);
  const auto run = [&](const SmokeCheck& wanted) {
    return run_smoke(*client, base, {wanted}, [](Milliseconds) {}).front();
  };
  CHECK(run({.completion_model = "mock"}).passed);
  CHECK(run({.path = "/v1/chat/completions", .completion_model = "auto"}).passed);
  const std::string chat = server.bodies("/chat/completions").back();
  CHECK(has(chat, R"("model":"mock")"));
  CHECK(has(chat, R"("role":"user")"));
  const HttpServer silent(
      [](const ServedRequest&) { return json(R"({"choices": [{"text": " \n"}], "data": []})"); });
  CHECK(has(check(silent, {.completion_model = "m", .attempts = 1}).text, "has no text"));
  CHECK(has(check(silent, {.completion_model = "auto", .attempts = 1}).text, "lists no model"));
}

TEST_CASE("all checks are done whatever fails, and the failures are told together") {
  const HttpServer server([](const ServedRequest& request) {
    return ServedResponse{.status = request.target == "/a" ? 500 : 200};
  });
  const auto client = make_http_client();
  const auto results =
      run_smoke(*client, server.url(""),
                {{.name = "a", .path = "/a", .attempts = 1}, {.name = "b", .path = "/b"}},
                [](Milliseconds) {});
  REQUIRE(results.size() == 2);
  CHECK(results[1].passed);
  CHECK_FALSE(all_passed(results));
  CHECK(has(describe_failures(results), "1 of 2 checks failed: a (status 500 instead of 200"));
}
