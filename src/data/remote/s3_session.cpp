#include "data/remote/s3_session.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/s3_xml.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl::data {

namespace {

constexpr RetryPolicy policy{.attempts = 8, .budget = Milliseconds{180'000}};
constexpr int retry_budget = 3000;               // of a whole session, refilled by successes
constexpr int corrections = 3;                   // of region, clock and credentials, per operation
constexpr Milliseconds tolerated_skew{240'000};  // S3 allows 15 minutes

bool is_transient_code(std::string_view code) {
  constexpr std::array codes{
      "SlowDown",         "InternalError",         "ServiceUnavailable", "RequestTimeout",
      "Throttling",       "ThrottlingException",   "TooManyRequests",    "RequestThrottled",
      "OperationAborted", "BandwidthLimitExceeded"};
  return std::ranges::find(codes, code) != codes.end();
}

// Bytes that broke on their way; the same again if they are wrong here. Counted apart from other
// failures: a server that was busy before says nothing about the bytes.
bool is_damage(std::string_view code) {
  return code == "BadDigest" || code == "XAmzContentSHA256Mismatch";
}
constexpr int damage_attempts = 4;

bool contains(const std::vector<int>& statuses, int status) {
  return std::ranges::find(statuses, status) != statuses.end();
}

}  // namespace

struct S3Session::Attempt {
  S3Operation operation;
  Done<HttpResponse> done;
  int failures = 0;
  int damages = 0;  // of them, bytes that arrived broken
  int corrected = 0;
  Timestamp began = now();
  bool given_bytes = false;
  Credentials credentials;
};

S3Session::S3Session(S3Settings settings)
    : settings_(std::move(settings)),
      credentials_(settings_.credentials),
      region_(settings_.region),
      retries_left_(retry_budget) {}

std::string S3Session::url(std::string_view key) const {
  return fmt::format("s3://{}/{}{}", settings_.bucket, settings_.prefix, key);
}

std::string S3Session::region() const {
  const std::scoped_lock lock(guard_);
  return region_;
}

void S3Session::start(HttpEngine& engine, S3Operation operation, Done<HttpResponse> done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->operation = std::move(operation);
  attempt->done = std::move(done);
  const bool urgent = attempt->operation.urgent;
  engine.submit({.prepare = [this, attempt] { return prepare(*attempt); },
                 .finished =
                     [this, attempt](HttpResponse* response, const std::exception_ptr& error) {
                       return judge(*attempt, response, error);
                     },
                 .urgent = urgent});
}

HttpRequest S3Session::prepare(Attempt& attempt) {
  S3Operation& operation = attempt.operation;
  const std::string place = region();
  const S3Address address = s3_address(settings_, place);
  std::string path = address.path_prefix;
  if (operation.key) path += "/" + percent_encode(*operation.key, true);
  if (path.empty()) path = "/";
  const std::string query = encoded(operation.query);
  if (operation.hash_payload) {
    operation.payload_sha256 = operation.hash_payload();
    operation.hash_payload = nullptr;
  }
  HttpRequest request{.method = operation.method,
                      .url = address.base + path + (query.empty() ? "" : "?" + query),
                      .headers = operation.headers,
                      .body = operation.body,
                      .connect_timeout = settings_.connect_timeout,
                      .stall_timeout = settings_.read_timeout,
                      .tls = settings_.tls};
  request.headers.push_back({"Host", address.host});
  request.headers.push_back({"x-amz-content-sha256", operation.payload_sha256});
  if (operation.sink) {
    if (attempt.given_bytes && operation.restart_sink) operation.restart_sink();
    attempt.given_bytes = false;
    request.sink = [&attempt](std::string_view bytes) {
      attempt.given_bytes = true;
      attempt.operation.sink(bytes);
    };
  }
  if (!settings_.anonymous) {
    attempt.credentials = credentials_.get(server_now());
    sign(request.method, path, query, request.headers, operation.payload_sha256,
         attempt.credentials.key, {.region = place}, server_now());
  }
  return request;
}

std::optional<Milliseconds> S3Session::again(Attempt& attempt, std::optional<Milliseconds> least) {
  ++attempt.failures;
  if (attempt.failures >= policy.attempts) return std::nullopt;
  if (attempt.given_bytes && !attempt.operation.restart_sink) return std::nullopt;
  const Milliseconds delay =
      std::max(retry_delay(policy, attempt.failures), least.value_or(Milliseconds{0}));
  if (now() + delay - attempt.began > policy.budget) return std::nullopt;
  if (retries_left_.fetch_sub(1) <= 0) return std::nullopt;
  return delay;
}

// Things that a second attempt with other means solves: another region, another clock, newer
// credentials.
bool S3Session::correct(Attempt& attempt, const HttpResponse& response, const std::string& code,
                        const std::string& told_region) {
  if (attempt.corrected >= corrections) return false;
  ++attempt.corrected;
  std::string place = told_region;
  if (place.empty()) place = response.header("x-amz-bucket-region").value_or("");
  if (!place.empty() && place != region()) {
    const std::scoped_lock lock(guard_);
    region_ = place;
    return true;
  }
  if (response.status != 403 && response.status != 400) return false;
  const auto date = response.header("date");
  const HttpResponse dated{.headers = {{"Retry-After", std::string(date.value_or(""))}}};
  if (const auto ahead = retry_after(dated, Timestamp{0})) {  // the date as a time since 1970
    const Timestamp server{ahead->count()};
    const Milliseconds skew = server - now();
    const Milliseconds before{clock_offset_.load()};
    const Milliseconds change = skew > before ? skew - before : before - skew;
    const bool told = code == "RequestTimeTooSkewed" || code == "RequestExpired" || code.empty();
    if (told && change > tolerated_skew) {
      clock_offset_ = skew.count();
      return true;
    }
  }
  const bool refused = code == "ExpiredToken" || code == "InvalidAccessKeyId" ||
                       code == "InvalidToken" || code == "TokenRefreshRequired" || code.empty();
  return refused && !settings_.anonymous &&
         credentials_.refresh_after_refusal(attempt.credentials, server_now());
}

std::optional<Milliseconds> S3Session::judge(Attempt& attempt, HttpResponse* response,
                                             const std::exception_ptr& error) {
  if (error) {
    bool transient = false;
    try {
      std::rethrow_exception(error);
    } catch (const Error& failure) {
      transient = failure.kind() == ErrorKind::unavailable;
    }
    if (transient)
      if (const auto delay = again(attempt, std::nullopt)) return delay;
    attempt.done(error);
    return std::nullopt;
  }
  std::optional<S3Failure> failure;
  if (!response->ok() || attempt.operation.may_hide_error)
    failure = parse_s3_failure(response->body);
  const bool good = response->ok() && !failure;
  if (good || contains(attempt.operation.accepted, response->status)) {
    if (good && retries_left_ < retry_budget) retries_left_.fetch_add(1);
    attempt.done(std::move(*response));
    return std::nullopt;
  }
  const std::string code = failure ? failure->code : "";
  try {
    if (correct(attempt, *response, code, failure ? failure->region : "")) return Milliseconds{0};
  } catch (const Error&) {  // credentials that cannot be had: say that
    attempt.done(std::current_exception());
    return std::nullopt;
  }
  const bool repeat_damage = is_damage(code) && ++attempt.damages < damage_attempts;
  if (is_transient(response->status) || is_transient_code(code) || repeat_damage)
    if (const auto delay = again(attempt, retry_after(*response, now()))) return delay;
  const std::string object =
      attempt.operation.key ? fmt::format("s3://{}/{}", settings_.bucket, *attempt.operation.key)
                            : fmt::format("s3://{}", settings_.bucket);
  attempt.done(std::make_exception_ptr(
      s3_error(*response, code, failure ? failure->message : "", object, settings_)));
  return std::nullopt;
}

}  // namespace mlopsctl::data
