// One bucket with everything that its requests share: address, credentials, clock, what may still
// be repeated. Runs operations on an engine: signs each attempt, repeats what may be repeated,
// follows the bucket to its region, corrects the clock, renews credentials.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/data/object_store.hpp"
#include "mlopsctl/platform/http_engine.hpp"

#include "data/remote/s3_settings.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlopsctl::data {

struct S3Operation {
  std::string method = "GET";
  std::optional<std::string> key;  // of the whole bucket, with the prefix; nothing: the bucket
  Query query;
  std::vector<HttpHeader> headers;
  HttpBody body;
  std::string payload_sha256 = std::string(empty_payload_sha256);
  std::function<std::string()> hash_payload;  // makes payload_sha256 when the request starts
  std::function<void(std::string_view)> sink;
  std::function<void()> restart_sink;
  std::vector<int> accepted;    // statuses besides 2xx that are answers, not errors
  bool may_hide_error = false;  // 200 with an <Error> inside: CompleteMultipartUpload
  bool urgent = false;
};

class S3Session {
 public:
  explicit S3Session(S3Settings settings);

  const S3Settings& settings() const { return settings_; }
  std::string url(std::string_view key) const;  // s3://bucket/prefix/key

  // Completion runs inside of engine.turn(). The session must outlive the engine.
  void start(HttpEngine& engine, S3Operation operation, Done<HttpResponse> done);

  // For tests.
  Milliseconds clock_offset() const { return Milliseconds{clock_offset_.load()}; }

 private:
  struct Attempt;
  HttpRequest prepare(Attempt& attempt);
  std::optional<Milliseconds> judge(Attempt& attempt, HttpResponse* response,
                                    const std::exception_ptr& error);
  bool correct(Attempt& attempt, const HttpResponse& response, const std::string& code,
               const std::string& region);
  std::optional<Milliseconds> again(Attempt& attempt, std::optional<Milliseconds> least);
  Timestamp server_now() const { return now() + Milliseconds{clock_offset_.load()}; }
  std::string region() const;

  S3Settings settings_;
  CredentialChain credentials_;
  mutable std::mutex guard_;
  std::string region_;
  std::atomic<std::int64_t> clock_offset_{0};  // milliseconds that the server is ahead
  std::atomic<int> retries_left_;
};

// An answer in S3's terms, as an Error that says what to do. `object` is its s3:// URL.
Error s3_error(const HttpResponse& response, std::string_view code, std::string_view message,
               const std::string& object, const S3Settings& settings);

}  // namespace mlopsctl::data
