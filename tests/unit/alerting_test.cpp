#include "mlopsctl/alerting/alert.hpp"
#include "mlopsctl/base/error.hpp"

#include "support/expect_error.hpp"
#include "support/http_server.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace mlopsctl;
using mlopsctl::testing::HttpServer;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using mlopsctl::testing::TemporaryFolder;

namespace {

ServedResponse fine(const ServedRequest&) { return {.status = 200, .body = "ok"}; }

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

Endpoint secret(const std::string& url) {
  ::setenv("MLOPSCTL_TEST_WEBHOOK", url.c_str(), 1);
  return Endpoint::from_environment("MLOPSCTL_TEST_WEBHOOK");
}

}  // namespace

TEST_CASE("alerts are an array with labels, annotations and times in RFC 3339") {
  const Alert alert{.labels = {{"alertname", "DataDrift"}, {"check", "churn"}, {"empty", ""}},
                    .annotations = {{"summary", "a \"b\"\n"}},
                    .starts = Timestamp{1'700'000'000'000},
                    .ends = {1'700'000'060'000},
                    .generator_url = "https://ci/1"};
  const auto json = nlohmann::json::parse(alertmanager_json(std::vector{alert}));
  REQUIRE(json.is_array());
  CHECK(json[0]["labels"] == nlohmann::json{{"alertname", "DataDrift"}, {"check", "churn"}});
  CHECK(json[0]["annotations"]["summary"] == "a \"b\"\n");
  CHECK(json[0]["startsAt"] == "2023-11-14T22:13:20Z");
  CHECK(json[0]["endsAt"] == "2023-11-14T22:14:20Z");
  CHECK(json[0]["generatorURL"] == "https://ci/1");
}

TEST_CASE("nothing in a name can ping a Slack channel or make a link") {
  const Message message{.title = "drift <!channel>",
                        .text = "<!here> & <http://evil|click>",
                        .fields = {{"feature", "<@U1>"}},
                        .lines = {"<!everyone>\n\xff"},
                        .link = "https://ci/report.html?a=1&b=2"};
  const std::string body = slack_json(message);
  const auto json = nlohmann::json::parse(body);
  CHECK(json["text"].get<std::string>().find('<') == std::string::npos);
  CHECK(json["blocks"][1]["text"]["text"] == "&lt;!here&gt; &amp; &lt;http://evil|click&gt;");
  CHECK(json["blocks"][2]["fields"][0]["text"] == "*feature*\n&lt;@U1&gt;");
  CHECK(json["blocks"][3]["text"]["text"].get<std::string>().find("<!") == std::string::npos);
  CHECK(json["blocks"][4]["text"]["text"] ==
        "<https://ci/report.html?a=1&amp;b=2|Open the report>");
}

TEST_CASE("a message for Slack stays within its limits") {
  Message message{.title = std::string(500, 't'), .text = std::string(9000, 'x')};
  message.lines.assign(500, std::string(100, 'y'));
  message.fields.assign(40, {"label", std::string(5000, 'z')});
  const auto json = nlohmann::json::parse(slack_json(message));
  CHECK(json["blocks"].size() <= 50);
  CHECK(json["blocks"][2]["fields"].size() == 10);
  CHECK(json["blocks"][1]["text"]["text"].get<std::string>().size() <= 3000);
  CHECK(json["blocks"][3]["text"]["text"].get<std::string>().size() <= 3000);
}

TEST_CASE("a group's path holds any label value") {
  CHECK(push_path({"mlopsctl", {{"check", "churn"}}}) == "/metrics/job/mlopsctl/check/churn");
  CHECK(push_path({"a b", {{"check", "x+y%"}}}) == "/metrics/job/a%20b/check/x%2By%25");
  CHECK(push_path({"j", {{"path", "/var/tmp"}}}) == "/metrics/job/j/path@base64/L3Zhci90bXA=");
  CHECK(push_path({"j", {{"empty", ""}, {"dots", ".."}}}) ==
        "/metrics/job/j/empty@base64/=/dots@base64/Li4=");
}

TEST_CASE("metrics replace their group, or only their own names") {
  const HttpServer server(fine);
  const auto client = make_http_client();
  const Endpoint gateway = Endpoint::from_text(server.url("/"));
  push_metrics(*client, gateway, {"j", {}}, "a 1\n", true);
  push_metrics(*client, gateway, {"j", {}}, "a 2\n", false);
  const auto requests = server.requests();
  CHECK(requests[0].method == "PUT");
  CHECK(requests[0].target == "/metrics/job/j");
  CHECK(requests[0].body == "a 1\n");
  CHECK(requests[1].method == "POST");
}

TEST_CASE("what a server does not take is an error with its answer") {
  const HttpServer server([](const ServedRequest&) {
    return ServedResponse{.status = 400, .body = "invalid label name\nmore"};
  });
  const auto client = make_http_client();
  const std::string message = message_of(
      [&] { send_alerts(*client, Endpoint::from_text(server.url("/")), std::vector<Alert>{{}}); });
  CHECK(message.find("answered 400: invalid label name") != std::string::npos);
  CHECK(message.find("more") == std::string::npos);
}

TEST_CASE("a message waits as long as 429 asks for, and is sent once otherwise") {
  int served = 0;
  const HttpServer server([&](const ServedRequest&) {
    if (++served == 1) return ServedResponse{.status = 429, .headers = {{"Retry-After", "7"}}};
    return ServedResponse{.status = served == 2 ? 200 : 500, .body = "internal"};
  });
  const auto client = make_http_client();
  std::vector<Milliseconds> waits;
  const auto wait = [&](Milliseconds time) { waits.push_back(time); };
  const Endpoint endpoint = secret(server.url("/services/T0/B0/verysecretpath"));
  send_message(*client, endpoint, "Slack", "{}", wait);
  CHECK(waits == std::vector{Milliseconds{7000}});
  CHECK(server.requests().size() == 2);
  // It may have been shown already: no second try.
  CHECK_THROWS_AS(send_message(*client, endpoint, "Slack", "{}", wait), Error);
  CHECK(server.requests().size() == 3);
}

TEST_CASE("a secret URL is in no message, whatever goes wrong") {
  const HttpServer server([](const ServedRequest& request) {
    return ServedResponse{.status = 403, .body = "no such hook " + request.target};
  });
  const auto client = make_http_client();
  const std::string refused = message_of([&] {
    send_message(*client, secret(server.url("/services/T0/B0/verysecretpath")), "Slack", "{}");
  });
  CHECK(refused.find("answered 403") != std::string::npos);
  CHECK(refused.find("verysecretpath") == std::string::npos);
  const std::string unreachable = message_of([&] {
    send_message(*client, secret("http://127.0.0.1:1/services/verysecretpath"), "Slack", "{}");
  });
  CHECK(unreachable.find("127.0.0.1:1/***") != std::string::npos);
  CHECK(unreachable.find("verysecretpath") == std::string::npos);
  CHECK(secret("https://user:word@hooks.example/a/b").shown() == "https://hooks.example/***");
  CHECK(Endpoint::from_text("http://me:word@gate:9091/").shown() == "http://***@gate:9091");
}

TEST_CASE("a secret URL comes from a file that only its owner reads, or from the environment") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "hook";
  std::ofstream(file) << "https://hooks.example/a/b\n";
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  CHECK(message_of([&] { Endpoint::from_file(file.string()); }).find("others can read") !=
        std::string::npos);
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  CHECK(Endpoint::from_file(file.string()).url() == "https://hooks.example/a/b");
  std::ofstream(file) << "nothing";
  CHECK_THROWS_AS(Endpoint::from_file(file.string()), Error);
  ::unsetenv("MLOPSCTL_TEST_WEBHOOK");
  CHECK_THROWS_AS(Endpoint::from_environment("MLOPSCTL_TEST_WEBHOOK"), Error);
  CHECK_THROWS_AS(Endpoint::from_text("gate:9091"), Error);
}
