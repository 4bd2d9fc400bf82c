// Points in time and durations: milliseconds since the Unix epoch, as MLflow stores them.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace mlopsctl {

using Milliseconds = std::chrono::milliseconds;

struct Timestamp {
  std::int64_t ms = 0;  // since 1970-01-01T00:00:00Z

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
  friend Timestamp operator-(Timestamp t, Milliseconds d) { return {t.ms - d.count()}; }
  friend Timestamp operator+(Timestamp t, Milliseconds d) { return {t.ms + d.count()}; }
  friend Milliseconds operator-(Timestamp a, Timestamp b) { return Milliseconds{a.ms - b.ms}; }
};

Timestamp now();

// "2026-11-23T07:33:52.123Z"; the fraction is left out when it is zero.
std::string to_rfc3339(Timestamp t);

// Accepts RFC 3339 ("2026-11-23T07:33:52Z", with offset, with a space for the T), a date,
// milliseconds since the epoch, "now", and ages: "2h ago", "3d", "15 min ago".
// Throws Error{usage}.
Timestamp parse_time(std::string_view text, Timestamp relative_to);

// Accepts "250ms", "10s", "1.5h", "30m", "7d", "2w" and a bare number of seconds. Throws
// Error{usage}.
Milliseconds parse_duration(std::string_view text);

// "850ms", "12.3s", "4m 10s", "3h 12m", "5d 4h": for people.
std::string human_duration(Milliseconds d);

// "just now", "5 min ago", "3 days ago", "in 2 h".
std::string human_age(Timestamp t, Timestamp relative_to);

}  // namespace mlopsctl
