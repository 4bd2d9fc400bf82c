#include "eval/endpoint/rate_limit.hpp"

#include <algorithm>

namespace mlopsctl {

namespace {

using Clock = RateLimit::Clock;
// What may be used in advance after a pause: none of the requests beyond the timer's coarseness,
// and ten seconds of the tokens, because a single prompt can be longer than a second's worth.
constexpr std::chrono::milliseconds request_burst{5};
constexpr std::chrono::seconds token_burst{10};

Clock::duration cost_of(std::chrono::duration<double> time) {
  return std::chrono::duration_cast<Clock::duration>(time);
}

}  // namespace

RateLimit::RateLimit(double requests_per_second, double tokens_per_minute) {
  if (requests_per_second > 0)
    request_cost_ = cost_of(std::chrono::duration<double>(1 / requests_per_second));
  if (tokens_per_minute > 0) token_cost_ = std::chrono::duration<double>(60 / tokens_per_minute);
}

Clock::time_point RateLimit::free_at() const {
  return std::max({requests_paid_, tokens_paid_, held_});
}

void RateLimit::start(std::uint64_t tokens, Clock::time_point now) {
  requests_paid_ = std::max(requests_paid_, now - request_burst) + request_cost_;
  tokens_paid_ = std::max(tokens_paid_, now - token_burst) +
                 cost_of(token_cost_ * static_cast<double>(tokens));
}

void RateLimit::correct(std::uint64_t estimated, std::uint64_t actual) {
  tokens_paid_ +=
      cost_of(token_cost_ * (static_cast<double>(actual) - static_cast<double>(estimated)));
}

void RateLimit::hold_until(Clock::time_point time) { held_ = std::max(held_, time); }

}  // namespace mlopsctl
