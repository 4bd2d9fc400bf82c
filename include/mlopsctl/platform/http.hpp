// HTTP requests. libcurl is loaded at the first one, so that commands without network pay nothing.
// Proxies (http_proxy, https_proxy, all_proxy, no_proxy) are honoured. Credentials in URLs never
// appear in messages.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlopsctl {

struct HttpHeader {
  std::string name;
  std::string value;
};

// What is sent. Every kind can be sent again when a request is repeated.
struct FileRange {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
struct BodySource {
  std::uint64_t size = 0;
  std::function<std::size_t(char* to, std::size_t most)> read;  // 0: the end
  std::function<void()> rewind;                                 // back to the first byte
};
using HttpBody = std::variant<std::monostate, std::string, FileRange, BodySource>;

struct HttpTls {
  bool verify = true;
  // Certificates to trust; empty: $CURL_CA_BUNDLE, $REQUESTS_CA_BUNDLE, $SSL_CERT_FILE, the system.
  std::filesystem::path ca_bundle;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://, already percent-encoded; sent as it is
  std::vector<HttpHeader> headers;
  HttpBody body;

  // Takes the body of a 2xx answer piece by piece; unset: HttpResponse::body has it.
  std::function<void(std::string_view)> sink;
  // Called before a repetition when the sink has been given bytes; unset: then there is none.
  std::function<void()> restart_sink;
  std::uint64_t max_body = std::uint64_t{64} << 20U;  // without a sink: more is Error{io}

  Milliseconds connect_timeout{10'000};
  Milliseconds stall_timeout{60'000};  // no byte in either direction for so long
  Milliseconds total_timeout{0};       // 0: none
  int redirects = 0;                   // to follow; credentials stay with the first host
  HttpTls tls;
  std::string proxy;               // empty: from the environment; "none": directly
  std::optional<bool> repeatable;  // unset: GET, HEAD, PUT, DELETE and OPTIONS are
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  // of the last answer, as they came
  std::string body;                 // of an answer that was not 2xx: at most 64 KiB of it
  std::string url;                  // where it came from, after redirects

  bool ok() const { return status >= 200 && status < 300; }
  // Value of the first header of that name, whatever its case.
  std::optional<std::string_view> header(std::string_view name) const;
};

// Any status is an answer. No answer is Error{unavailable} when trying again may help (no
// connection, timeout, broken off) and Error{io} or Error{usage} when not (certificate, URL).
// Error{interrupted} after Ctrl-C.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual HttpResponse send(const HttpRequest& request) = 0;
};

// Keeps connections open between requests. To be used by one thread at a time.
std::unique_ptr<HttpClient> make_http_client();

struct RetryPolicy {
  int attempts = 5;               // the first one included
  Milliseconds first_delay{200};  // doubled each time; the wait is random between 0 and that
  Milliseconds longest_delay{20'000};
  Milliseconds budget{120'000};  // no new attempt begins later than this after the first
};

// Statuses that a server may not give the next time: 408, 425, 429, 500, 502, 503, 504.
bool is_transient(int status);
// The wait that Retry-After asks for: seconds or a date.
std::optional<Milliseconds> retry_after(const HttpResponse& response, Timestamp now);
// Random between 0 and min(longest_delay, first_delay * 2^(failures-1)): "full jitter", which keeps
// clients that failed together from coming back together (AWS Architecture Blog, March 2015).
Milliseconds retry_delay(const RetryPolicy& policy, int failures);

// Repeats requests that may be repeated after transient statuses and Error{unavailable}, as long as
// policy and Retry-After allow; then gives the last answer or error. `wait` sleeps; tests replace
// it.
using Wait = std::function<void(Milliseconds)>;
std::unique_ptr<HttpClient> with_retries(std::unique_ptr<HttpClient> inner, RetryPolicy policy = {},
                                         Wait wait = {});

// Sleeps in small steps; throws Error{interrupted} after Ctrl-C.
void interruptible_wait(Milliseconds time);

// make_http_client with_retries, for callers that send a request now and then.
HttpResponse http_send(const HttpRequest& request, RetryPolicy policy = {});

// Throws Error{io} unless the status is 2xx. `what` such as "the Pushgateway"; the message has the
// status, the masked URL and the first line of the answer.
void require_ok(const HttpResponse& response, std::string_view what);

// "a b/ü" as "a%20b%2F%C3%BC": everything but A-Z a-z 0-9 - . _ ~ is encoded; '/' too unless kept.
std::string percent_encode(std::string_view text, bool keep_slash = false);
std::string percent_decode(std::string_view text);

// libcurl's version, or nothing and why it cannot be loaded.
std::optional<std::string> http_library_version(std::string& reason);

}  // namespace mlopsctl
