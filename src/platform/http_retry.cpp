#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <random>
#include <thread>
#include <utility>

namespace mlopsctl {

namespace {

constexpr Milliseconds step{50};  // how soon Ctrl-C is noticed

// "Sun, 06 Nov 1994 08:49:37 GMT", the only form of RFC 9110 that is still sent.
std::optional<Timestamp> parse_http_date(std::string_view text) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    return static_cast<int>(parse_integer(text.substr(at, size)).value_or(-1));
  };
  const auto month = std::ranges::find(months, text.substr(8, 3));
  std::tm when{};
  when.tm_mday = number(5, 2);
  when.tm_mon = static_cast<int>(month - months.begin());
  when.tm_year = number(12, 4) - 1900;
  when.tm_hour = number(17, 2);
  when.tm_min = number(20, 2);
  when.tm_sec = number(23, 2);
  if (month == months.end() || when.tm_mday < 1 || when.tm_year < 0 || when.tm_hour < 0 ||
      when.tm_min < 0 || when.tm_sec < 0)
    return std::nullopt;
  return Timestamp{static_cast<std::int64_t>(::timegm(&when)) * 1000};
}

bool may_repeat(const HttpRequest& request) {
  if (request.repeatable) return *request.repeatable;
  constexpr std::array safe{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return std::ranges::find(safe, request.method) != safe.end();
}

class RetryingClient final : public HttpClient {
 public:
  RetryingClient(std::unique_ptr<HttpClient> inner, RetryPolicy policy, Wait wait)
      : inner_(std::move(inner)), policy_(policy), wait_(std::move(wait)) {}

  HttpResponse send(const HttpRequest& request) override {
    Milliseconds spent{0};  // waiting, as the policy counts it, or longer by the clock
    const Timestamp began = now();
    bool given_bytes = false;
    HttpRequest attempt = request;
    if (request.sink) {
      attempt.sink = [&](std::string_view bytes) {
        given_bytes = true;
        request.sink(bytes);
      };
    }
    for (int failures = 1;; ++failures) {
      // Whether the next attempt may begin after `least`; waits for its time.
      const auto again = [&](std::optional<Milliseconds> least) {
        if (failures >= policy_.attempts || !may_repeat(request)) return false;
        if (given_bytes && !request.restart_sink) return false;
        const Milliseconds delay =
            std::max(retry_delay(policy_, failures), least.value_or(Milliseconds{0}));
        spent = std::max(spent, now() - began) + delay;
        if (spent > policy_.budget) return false;
        wait_(delay);
        if (given_bytes) request.restart_sink();
        given_bytes = false;
        return true;
      };
      std::optional<HttpResponse> response;
      try {
        response = inner_->send(attempt);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable || !again(std::nullopt)) throw;
        continue;
      }
      if (!is_transient(response->status) || !again(retry_after(*response, now())))
        return std::move(*response);
    }
  }

 private:
  std::unique_ptr<HttpClient> inner_;
  RetryPolicy policy_;
  Wait wait_;
};

}  // namespace

bool is_transient(int status) {
  constexpr std::array statuses{408, 425, 429, 500, 502, 503, 504};
  return std::ranges::find(statuses, status) != statuses.end();
}

std::optional<Milliseconds> retry_after(const HttpResponse& response, Timestamp now) {
  const auto value = response.header("retry-after");
  if (!value) return std::nullopt;
  if (const auto seconds = parse_integer(*value); seconds && *seconds >= 0)
    return Milliseconds{std::min<std::int64_t>(*seconds, 1'000'000) * 1000};
  const auto when = parse_http_date(*value);
  if (!when) return std::nullopt;
  return std::max(*when - now, Milliseconds{0});
}

Milliseconds retry_delay(const RetryPolicy& policy, int failures) {
  Milliseconds most = policy.first_delay;
  for (int i = 1; i < failures && most < policy.longest_delay; ++i) most *= 2;
  most = std::min(most, policy.longest_delay);
  thread_local std::minstd_rand random{std::random_device{}()};
  return Milliseconds{std::uniform_int_distribution<std::int64_t>(0, most.count())(random)};
}

void interruptible_wait(Milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    check_interrupt();
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) return;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, step));
  }
}

std::unique_ptr<HttpClient> with_retries(std::unique_ptr<HttpClient> inner, RetryPolicy policy,
                                         Wait wait) {
  if (!wait) wait = interruptible_wait;
  return std::make_unique<RetryingClient>(std::move(inner), policy, std::move(wait));
}

}  // namespace mlopsctl
