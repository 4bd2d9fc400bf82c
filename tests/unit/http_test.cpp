#include "mlopsctl/platform/http.hpp"

#include "mlopsctl/base/error.hpp"

#include "support/expect_error.hpp"
#include "support/http_server.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

namespace mlopsctl {
using testing::HttpServer;
using testing::ServedRequest;
using testing::ServedResponse;
using testing::TemporaryFolder;

namespace {

ServedResponse echo(const ServedRequest& request) {
  return {.headers = {{"X-Method", request.method}}, .body = request.body};
}

// A client that sleeps no time, and says how long it would have.
struct Patient {
  std::vector<Milliseconds> waits;
  std::unique_ptr<HttpClient> client;
  explicit Patient(RetryPolicy policy = {}) {
    client = with_retries(make_http_client(), policy,
                          [this](Milliseconds time) { waits.push_back(time); });
  }
};

}  // namespace

TEST_CASE("a request carries method, headers and body; the answer brings them back") {
  const HttpServer server(echo);
  const auto client = make_http_client();
  const HttpResponse response =
      client->send({.method = "POST",
                    .url = server.url("/a%20b?x=%2F"),
                    .headers = {{"X-One", "1"}, {"X-Empty", ""}, {"Content-Type", "text/plain"}},
                    .body = std::string("hello\0there", 11)});
  CHECK(response.status == 200);
  CHECK(response.body == std::string("hello\0there", 11));
  CHECK(response.header("x-method") == "POST");
  const auto request = server.requests().at(0);
  CHECK(request.target == "/a%20b?x=%2F");
  CHECK(request.headers.at("x-one") == "1");
  CHECK(request.headers.at("x-empty").empty());
  CHECK(request.headers.at("content-type") == "text/plain");
  CHECK(request.headers.at("user-agent").starts_with("mlopsctl/"));
  CHECK_FALSE(request.headers.contains("expect"));
}

TEST_CASE("requests of one client share a connection") {
  const HttpServer server(echo);
  const auto client = make_http_client();
  for (const char* method : {"GET", "PUT", "POST", "HEAD", "DELETE", "GET"})
    CHECK(client->send({.method = method, .url = server.url()}).header("X-Method") == method);
  CHECK(server.connections() == 1);
}

TEST_CASE("bodies come from a part of a file or from a function") {
  const TemporaryFolder folder;
  std::ofstream(folder / "f") << "0123456789";
  const HttpServer server(echo);
  const auto client = make_http_client();
  CHECK(client->send({.method = "PUT", .url = server.url(), .body = FileRange{folder / "f", 3, 4}})
            .body == "3456");
  CHECK(client->send({.method = "PUT", .url = server.url(), .body = FileRange{folder / "f", 0, 0}})
            .body.empty());
  std::size_t given = 0;
  const BodySource source{.size = 300'000,
                          .read =
                              [&](char* to, std::size_t most) {
                                const std::size_t size = std::min(most, 300'000 - given);
                                std::fill_n(to, size, 'x');
                                given += size;
                                return size;
                              },
                          .rewind = [&] { given = 0; }};
  CHECK(client->send({.method = "PUT", .url = server.url(), .body = source}).body ==
        std::string(300'000, 'x'));
  CHECK_ERROR(
      client->send(
          {.method = "PUT", .url = server.url(), .body = FileRange{folder / "absent", 0, 1}}),
      ErrorKind::not_found, "absent");
}

TEST_CASE("a file that becomes shorter while it is sent is an error, not a short object") {
  const TemporaryFolder folder;
  std::ofstream(folder / "f") << "0123456789";
  const HttpServer server(echo);
  CHECK_ERROR(make_http_client()->send(
                  {.method = "PUT", .url = server.url(), .body = FileRange{folder / "f", 0, 20}}),
              ErrorKind::io, "shorter");
}

TEST_CASE("the sink gets the body of a good answer and nothing of a bad one") {
  const HttpServer server([](const ServedRequest& request) -> ServedResponse {
    if (request.target == "/bad") return {.status = 404, .body = "no such thing"};
    return {.body = "good"};
  });
  const auto client = make_http_client();
  std::string sunk;
  const auto sink = [&](std::string_view bytes) { sunk += bytes; };
  CHECK(client->send({.url = server.url(), .sink = sink}).body.empty());
  const HttpResponse bad = client->send({.url = server.url("/bad"), .sink = sink});
  CHECK(bad.body == "no such thing");
  CHECK(sunk == "good");
  CHECK_ERROR(require_ok(bad, "the test"), ErrorKind::not_found, "no such thing");
}

TEST_CASE("what the sink throws comes out of send") {
  const HttpServer server([](const ServedRequest&) -> ServedResponse { return {.body = "x"}; });
  const auto sink = [](std::string_view) { throw Error(ErrorKind::corrupt, "not what it was"); };
  CHECK_ERROR(make_http_client()->send({.url = server.url(), .sink = sink}), ErrorKind::corrupt,
              "not what it was");
}

TEST_CASE("an answer that is too large for memory is refused") {
  const HttpServer server(
      [](const ServedRequest&) -> ServedResponse { return {.body = std::string(100'000, 'x')}; });
  CHECK_ERROR(make_http_client()->send({.url = server.url(), .max_body = 1000}), ErrorKind::io,
              "larger than");
}

TEST_CASE("errors name the URL without its credentials, and what to do") {
  const auto client = make_http_client();
  const auto error = testing::error_of(
      [&] { client->send({.url = "http://user:topsecret@127.0.0.1:1/x?token=topsecret"}); });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK(std::string(error.what()).find("topsecret") == std::string::npos);
  CHECK(std::string(error.what()).find("127.0.0.1:1/x") != std::string::npos);
  CHECK(error.hint().find("is the server running") != std::string::npos);
  CHECK_ERROR(client->send({.url = "ftp://host/x"}), ErrorKind::usage, "http");
  CHECK_ERROR(client->send({.url = "file:///etc/passwd"}), ErrorKind::usage, "http");
  CHECK_ERROR(client->send({.url = "http://127.0.0.1:1", .headers = {{"A", "b\r\nC: d"}}}),
              ErrorKind::usage, "line break");
}

TEST_CASE("credentials of the URL are sent as basic authentication") {
  const HttpServer server(echo);
  const std::string url = "http://user:pa%40ss@127.0.0.1:" + std::to_string(server.port()) + "/";
  make_http_client()->send({.url = url});
  CHECK(server.requests().at(0).headers.at("authorization") == "Basic dXNlcjpwYUBzcw==");
}

TEST_CASE("a proxy is asked for the whole URL, and left out when told so") {
  const HttpServer proxy(echo);
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const auto client = make_http_client();
  CHECK(client->send({.url = "http://far.example/x"}).status == 200);
  CHECK(client->send({.url = proxy.url("/direct"), .proxy = "none"}).status == 200);
  ::unsetenv("http_proxy");
  CHECK(client->send({.url = "http://far.example/y", .proxy = proxy.url()}).status == 200);
  const auto requests = proxy.requests();
  CHECK(requests.at(0).target == "http://far.example/x");
  CHECK(requests.at(1).target == "/direct");
  CHECK(requests.at(2).target == "http://far.example/y");
}

TEST_CASE("a server that says nothing is given up after the stall timeout") {
  const HttpServer server(
      [](const ServedRequest&) -> ServedResponse { return {.delay = Milliseconds{2500}}; });
  CHECK_ERROR(make_http_client()->send({.url = server.url(), .stall_timeout = Milliseconds{1000}}),
              ErrorKind::unavailable, server.url());
}

TEST_CASE("redirects are followed only when asked") {
  const HttpServer server([](const ServedRequest& request) -> ServedResponse {
    if (request.target == "/old") return {.status = 302, .headers = {{"Location", "/new"}}};
    return {.body = "arrived"};
  });
  const auto client = make_http_client();
  CHECK(client->send({.url = server.url("/old")}).status == 302);
  const auto response = client->send({.url = server.url("/old"), .redirects = 3});
  CHECK(response.body == "arrived");
  CHECK(response.url == server.url("/new"));
}

TEST_CASE("transient answers are tried again, others are not") {
  int left = 2;
  const HttpServer server([&](const ServedRequest& request) -> ServedResponse {
    if (request.target == "/never") return {.status = 403};
    return left-- > 0 ? ServedResponse{.status = 503} : ServedResponse{.body = "at last"};
  });
  Patient patient;
  CHECK(patient.client->send({.url = server.url()}).body == "at last");
  CHECK(patient.waits.size() == 2);
  CHECK(patient.client->send({.url = server.url("/never")}).status == 403);
  CHECK(patient.waits.size() == 2);
}

TEST_CASE("a request that may not be repeated is not") {
  const HttpServer server([](const ServedRequest&) -> ServedResponse { return {.status = 503}; });
  Patient patient;
  CHECK(patient.client->send({.method = "POST", .url = server.url()}).status == 503);
  CHECK(server.requests().size() == 1);
  patient.client->send({.method = "POST", .url = server.url(), .repeatable = true});
  CHECK(server.requests().size() == 6);
}

TEST_CASE("a broken answer is read again from its beginning if the sink can start over") {
  bool first = true;
  const HttpServer server([&](const ServedRequest&) -> ServedResponse {
    ServedResponse response{.body = "0123456789"};
    if (first) response.cut_after = 4;
    first = false;
    return response;
  });
  std::string sunk;
  const auto sink = [&](std::string_view bytes) { sunk += bytes; };
  Patient patient;
  CHECK_ERROR(patient.client->send({.url = server.url(), .sink = sink}), ErrorKind::unavailable,
              server.url());
  first = true;
  sunk.clear();
  patient.client->send({.url = server.url(), .sink = sink, .restart_sink = [&] { sunk.clear(); }});
  CHECK(sunk == "0123456789");
}

TEST_CASE("dropped connections are tried again until the attempts are used up") {
  const HttpServer server([](const ServedRequest&) -> ServedResponse { return {.drop = true}; });
  Patient patient({.attempts = 3});
  CHECK_ERROR(patient.client->send({.url = server.url()}), ErrorKind::unavailable, server.url());
  CHECK(patient.waits.size() == 2);
}

TEST_CASE("Retry-After is the least wait, and ends it where the budget is smaller") {
  const HttpServer server([](const ServedRequest& request) -> ServedResponse {
    return {.status = 429, .headers = {{"Retry-After", request.target.substr(1)}}};
  });
  Patient patient({.attempts = 3});
  patient.client->send({.url = server.url("/7")});
  REQUIRE(patient.waits.size() == 2);
  CHECK(patient.waits[0] >= Milliseconds{7000});
  patient.client->send({.url = server.url("/3600")});
  CHECK(patient.waits.size() == 2);
  const Timestamp when{784'111'777'000};  // RFC 9110's example
  const HttpResponse dated{.headers = {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}};
  CHECK(retry_after(dated, when - Milliseconds{5000}) == Milliseconds{5000});
  CHECK(retry_after(dated, when + Milliseconds{5000}) == Milliseconds{0});
  CHECK_FALSE(retry_after({.headers = {{"Retry-After", "soon"}}}, when));
}

TEST_CASE("waits are random below a bound that doubles up to the longest") {
  const RetryPolicy policy{.first_delay = Milliseconds{100}, .longest_delay = Milliseconds{1000}};
  Milliseconds most{0};
  for (int i = 0; i < 200; ++i) {
    CHECK(retry_delay(policy, 1) <= Milliseconds{100});
    CHECK(retry_delay(policy, 3) <= Milliseconds{400});
    most = std::max(most, retry_delay(policy, 50));
  }
  CHECK(most <= Milliseconds{1000});
  CHECK(most > Milliseconds{800});
}

TEST_CASE("percent-encoding leaves only unreserved characters") {
  CHECK(percent_encode("aZ09-._~/ +%\xC3\xBC") == "aZ09-._~%2F%20%2B%25%C3%BC");
  CHECK(percent_encode("a/b c", true) == "a/b%20c");
  CHECK(percent_decode("a%20b%2fc%ZZ%") == "a b/c%ZZ%");
}

}  // namespace mlopsctl
