// How fast requests may be sent: so many a second, so many tokens a minute, and not before a time
// that the server named.
#pragma once

#include <chrono>
#include <cstdint>

namespace mlopsctl {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  RateLimit(double requests_per_second, double tokens_per_minute);  // 0: no limit

  // When the next request may start.
  Clock::time_point free_at() const;
  // One starts now. Its tokens are an estimate, which `correct` replaces by what they were.
  void start(std::uint64_t tokens, Clock::time_point now);
  void correct(std::uint64_t estimated, std::uint64_t actual);
  // Nothing starts before: Retry-After.
  void hold_until(Clock::time_point time);

 private:
  Clock::duration request_cost_{0};
  std::chrono::duration<double> token_cost_{0};
  Clock::time_point requests_paid_{}, tokens_paid_{}, held_{};
};

}  // namespace mlopsctl
