// Push and fetch through a proxy that misbehaves, to a real server behind it: nothing is lost, and
// nothing wrong is kept.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/transfer.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/remote/sigv4.hpp"
#include "support/expect_error.hpp"
#include "support/http_server.hpp"
#include "support/no_progress.hpp"
#include "support/radosgw.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>

namespace mlopsctl::data {
using mlopsctl::testing::HttpServer;
using mlopsctl::testing::NoProgress;
using mlopsctl::testing::Radosgw;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using mlopsctl::testing::TemporaryFolder;

namespace {

// Passes a request on as it is. The signature holds, because it is over the Host that was sent.
ServedResponse forward(const ServedRequest& request) {
  HttpRequest onward{.method = request.method,
                     .url = Radosgw::running().endpoint() + request.target,
                     .body = request.body,
                     .max_body = std::uint64_t{256} << 20U};
  if (request.body.empty() && request.method != "PUT" && request.method != "POST")
    onward.body = std::monostate();
  for (const auto& [name, value] : request.headers)
    if (name != "content-length" && name != "connection") onward.headers.push_back({name, value});
  const HttpResponse answer = make_http_client()->send(onward);
  ServedResponse response{.status = answer.status, .body = answer.body};
  for (const auto& header : answer.headers) {
    const bool length = header.name == "Content-Length" && request.method != "HEAD";
    const bool hop = header.name == "Connection" || header.name == "Transfer-Encoding";
    if (!length && !hop) response.headers.push_back({header.name, header.value});
  }
  return response;
}

// As the server's own user would have sent it.
ServedRequest signed_again(ServedRequest request) {
  const Radosgw& server = Radosgw::running();
  const auto question = request.target.find('?');
  const std::string path = request.target.substr(0, question);
  const std::string query =
      question == std::string::npos ? "" : request.target.substr(question + 1);
  for (const char* name : {"authorization", "x-amz-date", "x-amz-security-token"})
    request.headers.erase(name);
  std::vector<HttpHeader> headers;
  for (const auto& [name, value] : request.headers)
    if (name == "host" || name.starts_with("x-amz-")) headers.push_back({name, value});
  sign(request.method, path, query, headers, request.headers.at("x-amz-content-sha256"),
       {server.access_key(), server.secret_key(), ""}, {.region = "us-east-1"}, now());
  for (const auto& header : headers) request.headers[to_lower(header.name)] = header.value;
  return request;
}

// Every so often something happens to a request. The bytes of one object are broken twice at most
// in each direction, which is what push and fetch promise to get over.
class Faults {
 public:
  explicit Faults(int every) : every_(every) {}
  ServedResponse operator()(const ServedRequest& request) {
    const int number = ++count_;
    if (number % every_ != 0) return forward(request);
    ++faults_;
    switch (number / every_ % 8) {
      case 0:
        return {.drop = true};
      case 1:
        return {.status = 503, .body = "<Error><Code>SlowDown</Code></Error>"};
      case 2:
        return {.status = 500};
      case 3:
        return {.status = 429, .headers = {{"Retry-After", "0"}}};
      case 4: {
        ServedResponse cut = forward(request);
        cut.cut_after = cut.body.size() / 2;
        cut.drop = cut.body.empty();
        return cut;
      }
      case 5: {
        ServedResponse late = forward(request);
        late.delay = std::chrono::milliseconds(400);
        return late;
      }
      case 6: {
        ServedResponse wrong = forward(request);
        if (request.method == "GET" && request.target.find("list-type") == std::string::npos &&
            !wrong.body.empty() && may_break(request))
          wrong.body[wrong.body.size() / 2] =
              static_cast<char>(wrong.body[wrong.body.size() / 2] ^ 1);
        return wrong;
      }
      default: {
        ServedRequest wrong = request;
        if (request.method == "PUT" && !wrong.body.empty() && may_break(request))
          wrong.body[0] = static_cast<char>(wrong.body[0] ^ 1);
        return forward(wrong);
      }
    }
  }
  int faults() const { return faults_; }

 private:
  bool may_break(const ServedRequest& request) {
    const std::lock_guard lock(mutex_);
    return ++broken_[request.method + request.target] <= 2;
  }

  int every_;
  std::mutex mutex_;
  std::map<std::string, int> broken_;
  std::atomic<int> count_{0};
  std::atomic<int> faults_{0};
};

struct Side {
  TemporaryFolder folder;
  ObjectCache cache{folder / "cache", {LinkType::copy}, false, folder / "staging"};
  NoProgress progress;
};

std::vector<TransferItem> objects(Side& side, int count) {
  std::vector<TransferItem> items;
  for (int i = 0; i < count; ++i) {
    const std::string bytes =
        std::to_string(i) + std::string(static_cast<std::size_t>(i) * 37, 'x');
    const ObjectId id{md5_of(bytes)};
    side.cache.store(id, bytes);
    items.push_back({.id = id});
  }
  side.cache.sync();
  return items;
}

}  // namespace

TEST_CASE("every object arrives through a proxy that breaks every fifth request") {
  const Radosgw& server = Radosgw::running();
  Faults faults(5);
  const HttpServer proxy([&](const ServedRequest& request) { return faults(request); });
  auto options = server.options();
  options["endpointurl"] = proxy.url("");
  const auto remote = open_store("s3://" + server.new_bucket() + "/p", options);
  Side here;
  const auto items = objects(here, 200);
  const auto pushed = push_objects(*remote, here.cache, items, {.jobs = 16}, here.progress);
  for (const auto& one : pushed.failed) MESSAGE(one.reason);
  CHECK(pushed.complete());
  CHECK(pushed.moved.size() == 200);
  Side there;
  const auto fetched = fetch_objects(*remote, there.cache, items, {.jobs = 16}, there.progress);
  for (const auto& one : fetched.failed) MESSAGE(one.reason);
  CHECK(fetched.complete());
  for (const auto& item : items) CHECK(there.cache.read(item.id) == here.cache.read(item.id));
  CHECK(there.cache.leftovers().empty());
  CHECK(faults.faults() > 50);
}

TEST_CASE("an object whose bytes break twice on their way, beside busy answers, arrives") {
  std::atomic<int> puts{0}, gets{0};
  const HttpServer proxy([&](const ServedRequest& request) -> ServedResponse {
    if (request.method == "PUT") {
      const int n = ++puts;
      if (n <= 3) return {.status = 503};  // more failures than damage is allowed to have
      if (n <= 5) {
        ServedRequest wrong = request;
        wrong.body[0] = static_cast<char>(wrong.body[0] ^ 1);
        return forward(wrong);
      }
    }
    ServedResponse answer = forward(request);
    if (request.method == "GET" && request.target.find("list-type") == std::string::npos &&
        ++gets <= 2)
      answer.body[0] = static_cast<char>(answer.body[0] ^ 1);
    return answer;
  });
  auto options = Radosgw::running().options();
  options["endpointurl"] = proxy.url("");
  const auto remote = open_store("s3://" + Radosgw::running().new_bucket(), options);
  Side here, there;
  const std::string bytes = "these bytes";
  const ObjectId id{md5_of(bytes)};
  here.cache.store(id, bytes);
  here.cache.sync();
  const std::vector<TransferItem> items{{.id = id}};
  CHECK(push_objects(*remote, here.cache, items, {.jobs = 1}, here.progress).complete());
  CHECK(puts == 6);
  CHECK(fetch_objects(*remote, there.cache, items, {.jobs = 1}, there.progress).complete());
  CHECK(gets == 3);
  CHECK(there.cache.read(id) == bytes);
}

TEST_CASE("an upload in parts that broke off goes on with the parts that arrived") {
  const Radosgw& server = Radosgw::running();
  std::atomic<bool> broken{true};
  std::atomic<int> parts{0};
  const HttpServer proxy([&](const ServedRequest& request) -> ServedResponse {
    const bool part = request.target.find("partNumber=") != std::string::npos;
    if (broken && request.target.find("partNumber=3") != std::string::npos)
      return {.status = 403, .body = "<Error><Code>QuotaExceeded</Code></Error>"};
    parts += part ? 1 : 0;
    return forward(request);
  });
  auto options = server.options();
  options["endpointurl"] = proxy.url("");
  const auto remote = open_store("s3://" + server.new_bucket(), options);
  Side here;
  std::string bytes(60'000'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>(i >> 12U);
  const ObjectId id{md5_of(bytes)};
  here.cache.store(id, bytes);
  here.cache.sync();
  const std::vector<TransferItem> items{{.id = id}};
  const auto first = push_objects(*remote, here.cache, items, {.jobs = 1}, here.progress);
  REQUIRE(first.failed.size() == 1);
  CHECK(first.failed[0].reason.find("QuotaExceeded") != std::string::npos);
  CHECK_FALSE(remote->head(object_path(id)));
  const int before = parts;
  CHECK(before >= 2);
  broken = false;
  CHECK(push_objects(*remote, here.cache, items, {.jobs = 1}, here.progress).complete());
  CHECK(parts - before < 4);  // of four parts, some were there
  Side there;
  CHECK(fetch_objects(*remote, there.cache, items, {}, there.progress).complete());
  CHECK(there.cache.read(id) == bytes);
}

TEST_CASE("a clock that is an hour wrong on either side is corrected") {
  const Radosgw& server = Radosgw::running();
  int refused = 0;
  const HttpServer proxy([&](const ServedRequest& request) -> ServedResponse {
    // A server one hour ahead: refuses what is signed with our time, and says its own.
    const Timestamp ahead = now() + Milliseconds{3'600'000};
    const auto hour = to_rfc3339(ahead).substr(11, 2);
    const std::string& date = request.headers.at("x-amz-date");
    if (date.substr(9, 2) == hour) return {.body = "<ListBucketResult></ListBucketResult>"};
    ++refused;
    const std::time_t seconds = ahead.ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {.status = 403,
            .headers = {{"Date", text}},
            .body = "<Error><Code>RequestTimeTooSkewed</Code></Error>"};
  });
  auto options = server.options();
  options["endpointurl"] = proxy.url("");
  const auto store = open_store("s3://b", options);
  CHECK(store->list({}).objects.empty());
  CHECK(store->list({}).objects.empty());
  CHECK(refused == 1);
}

TEST_CASE("a bucket in another region is followed there") {
  const Radosgw& server = Radosgw::running();
  const HttpServer proxy([&](const ServedRequest& request) -> ServedResponse {
    if (request.headers.at("authorization").find("/eu-west-7/") != std::string::npos)
      return {.body = "<ListBucketResult></ListBucketResult>"};
    return {.status = 400,
            .body =
                "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-7</Region>"
                "</Error>"};
  });
  auto options = server.options();
  options["endpointurl"] = proxy.url("");
  CHECK(open_store("s3://b", options)->list({}).objects.empty());
  CHECK(proxy.requests().size() == 2);
}

TEST_CASE("a server that is away is waited for, but refusals are not repeated") {
  const Radosgw& server = Radosgw::running();
  int asked = 0;
  const HttpServer proxy([&](const ServedRequest& request) -> ServedResponse {
    if (++asked <= 3) return {.status = 503};
    return forward(request);
  });
  auto options = server.options();
  options["endpointurl"] = proxy.url("");
  const auto store = open_store("s3://" + server.new_bucket(), options);
  CHECK(store->list({}).objects.empty());
  CHECK(asked == 4);
  CHECK_ERROR(open_store("s3://no-such-bucket-at-all", options)->list({}), ErrorKind::not_found,
              "NoSuchBucket");
  CHECK(asked == 5);
}

TEST_CASE(
    "large objects arrive in both directions through a proxy that breaks every third request") {
  const Radosgw& server = Radosgw::running();
  Faults faults(3);
  const HttpServer proxy([&](const ServedRequest& request) { return faults(request); });
  auto options = server.options();
  options["endpointurl"] = proxy.url("");
  const auto remote = open_store("s3://" + server.new_bucket(), options);
  Side here, there;
  std::vector<TransferItem> items;
  for (int number = 0; number < 2; ++number) {
    std::string bytes(40'000'000 + static_cast<std::size_t>(number) * 30'000'001, 'x');
    for (std::size_t i = 0; i < bytes.size(); i += 512) bytes[i] = static_cast<char>(i >> 9U);
    items.push_back({.id = {md5_of(bytes)}});
    here.cache.store(items.back().id, bytes);
  }
  here.cache.sync();
  // A part may be broken as often as a whole object is sent again: the next call goes on.
  const auto until_complete = [&](auto&& transfer) {
    for (int call = 0; call < 5; ++call)
      if (transfer().complete()) return true;
    return false;
  };
  CHECK(until_complete(
      [&] { return push_objects(*remote, here.cache, items, {.jobs = 8}, here.progress); }));
  CHECK(until_complete(
      [&] { return fetch_objects(*remote, there.cache, items, {.jobs = 8}, there.progress); }));
  for (const auto& item : items) CHECK(there.cache.read(item.id) == here.cache.read(item.id));
  CHECK(faults.faults() > 4);
}

TEST_CASE("credentials that expire in mid-transfer are renewed, and nothing is sent twice wrong") {
  const Radosgw& server = Radosgw::running();
  const TemporaryFolder home;
  // Each call of the program gives new ones; the server forgets old ones every 25 requests.
  write_file_atomically(
      home / "give",
      "#!/bin/sh\nn=$(($(cat " + (home / "n").string() +
          " 2>/dev/null || echo 0) + 1))\necho $n > " + (home / "n").string() +
          "\nprintf '{\"Version\":1,\"AccessKeyId\":\"KEY%d\",\"SecretAccessKey\":"
          "\"s\",\"SessionToken\":\"t\",\"Expiration\":\"2199-01-01T00:00:00Z\"}' $n\n",
      0755);
  write_file_atomically(home / "config",
                        "[default]\ncredential_process = " + (home / "give").string() + "\n");
  ::setenv("AWS_CONFIG_FILE", (home / "config").c_str(), 1);
  ::setenv("AWS_SHARED_CREDENTIALS_FILE", (home / "none").c_str(), 1);
  std::atomic<int> served{0}, refused{0};
  const HttpServer proxy([&](const ServedRequest& request) -> ServedResponse {
    const std::string& authorization = request.headers.at("authorization");
    const int key = std::atoi(authorization.c_str() + authorization.find("KEY") + 3);
    if (key < 1 + served / 25) {
      ++refused;
      return {.status = 403, .body = "<Error><Code>ExpiredToken</Code></Error>"};
    }
    ++served;
    return forward(signed_again(request));
  });
  const auto remote = open_store("s3://" + server.new_bucket(),
                                 {{"endpointurl", proxy.url("")}, {"region", "us-east-1"}});
  Side here, there;
  const auto items = objects(here, 80);
  const auto pushed = push_objects(*remote, here.cache, items, {.jobs = 8}, here.progress);
  const auto fetched = fetch_objects(*remote, there.cache, items, {.jobs = 8}, there.progress);
  ::unsetenv("AWS_CONFIG_FILE");
  ::unsetenv("AWS_SHARED_CREDENTIALS_FILE");
  for (const auto* result : {&pushed, &fetched})
    for (const auto& one : result->failed) MESSAGE(one.reason);
  CHECK(pushed.moved.size() == 80);
  CHECK(fetched.complete());
  for (const auto& item : items) CHECK(there.cache.read(item.id) == here.cache.read(item.id));
  CHECK(refused > 3);
}

}  // namespace mlopsctl::data
