#include "mlopsctl/base/time.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace mlopsctl {

namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  double ms;
};

constexpr std::array units{
    Unit{"ms", 1},          Unit{"s", 1e3},          Unit{"sec", 1e3},      Unit{"second", 1e3},
    Unit{"seconds", 1e3},   Unit{"m", 60e3},         Unit{"min", 60e3},     Unit{"minute", 60e3},
    Unit{"minutes", 60e3},  Unit{"h", 3600e3},       Unit{"hour", 3600e3},  Unit{"hours", 3600e3},
    Unit{"d", 86400e3},     Unit{"day", 86400e3},    Unit{"days", 86400e3}, Unit{"w", 604800e3},
    Unit{"week", 604800e3}, Unit{"weeks", 604800e3},
};

// "1.5h", "15 min", "1h30m"; no sign. Nothing if it is not a duration.
std::optional<Milliseconds> read_duration(std::string_view text) {
  double total = 0;
  text = trim(text);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto digits = text.find_first_not_of("0123456789.");
    const auto number = parse_number(text.substr(0, digits));
    if (!number) return std::nullopt;
    if (digits == std::string_view::npos) {
      if (total != 0) return std::nullopt;  // "1h30": the last unit is missing
      total = *number * 1e3;
      break;
    }
    text = trim(text.substr(digits));
    const auto letters = std::min(text.find_first_of("0123456789. "), text.size());
    const std::string name = to_lower(text.substr(0, letters));
    double factor = 0;
    for (const auto& unit : units) {
      if (unit.name == name) factor = unit.ms;
    }
    if (factor == 0) return std::nullopt;
    total += *number * factor;
    text = trim(text.substr(letters));
  }
  if (!(total < 9e15)) return std::nullopt;
  return Milliseconds{static_cast<std::int64_t>(std::llround(total))};
}

// Reads exactly `digits` digits at the front and removes them.
bool take_digits(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const auto number = parse_integer(text.substr(0, digits));
  if (!number || text.substr(0, digits).find_first_not_of("0123456789") != std::string_view::npos) {
    return false;
  }
  value = static_cast<int>(*number);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// RFC 3339 with the liberties users take: date only, a space for the T, no zone (UTC).
std::optional<Timestamp> read_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) ||
      !take(text, '-') || !take_digits(text, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  Milliseconds time{0};
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute)) {
      return std::nullopt;
    }
    if (take(text, ':') && !take_digits(text, 2, second)) return std::nullopt;
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
    time = std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
    if (take(text, '.')) {
      const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
      if (digits == 0) return std::nullopt;
      const auto fraction = parse_number("0." + std::string(text.substr(0, digits)));
      time += Milliseconds{static_cast<std::int64_t>(*fraction * 1000)};
      text.remove_prefix(digits);
    }
    if (!text.empty() && !take(text, 'Z') && !take(text, 'z')) {
      const bool west = take(text, '-');
      if (!west && !take(text, '+')) return std::nullopt;
      int offset_hours = 0, offset_minutes = 0;
      if (!take_digits(text, 2, offset_hours)) return std::nullopt;
      take(text, ':');
      if (!text.empty() && !take_digits(text, 2, offset_minutes)) return std::nullopt;
      const Milliseconds offset =
          std::chrono::hours{offset_hours} + std::chrono::minutes{offset_minutes};
      time += west ? offset : -offset;
    }
    if (!text.empty()) return std::nullopt;
  }
  const auto days = std::chrono::sys_days{date}.time_since_epoch();
  return Timestamp{std::chrono::duration_cast<Milliseconds>(days).count() + time.count()};
}

std::string plural(std::int64_t n, std::string_view unit) {
  return fmt::format("{} {}{}", n, unit, n == 1 || unit == "min" || unit == "h" ? "" : "s");
}

}  // namespace

Timestamp now() {
  return {
      std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

std::string to_rfc3339(Timestamp t) {
  const std::chrono::sys_time<Milliseconds> point{Milliseconds{t.ms}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{point - day};
  const auto fraction = time.subseconds().count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     fraction == 0 ? "" : fmt::format(".{:03}", fraction));
}

Timestamp parse_time(std::string_view text, Timestamp relative_to) {
  const std::string_view whole = trim(text);
  if (to_lower(whole) == "now") return relative_to;
  if (const auto time = read_rfc3339(whole)) return *time;
  if (whole.size() >= 11) {
    if (const auto ms = parse_integer(whole)) return {*ms};
  }
  std::string_view age = whole;
  if (age.ends_with("ago")) age = trim(age.substr(0, age.size() - 3));
  // A bare small number would be a duration in seconds: too easily a slip for a time.
  if (age.find_first_not_of("0123456789.") != std::string_view::npos) {
    if (const auto duration = read_duration(age)) return relative_to - *duration;
  }
  throw Error(ErrorKind::usage, fmt::format("{} is not a time", quote(text)),
              "write 2026-11-23T07:30:00Z, 2026-11-23, '2h ago' or milliseconds since the epoch");
}

Milliseconds parse_duration(std::string_view text) {
  if (const auto duration = read_duration(text)) return *duration;
  throw Error(ErrorKind::usage, fmt::format("{} is not a duration", quote(text)),
              "write it like 250ms, 10s, 1.5h, 30m, 7d or 2w");
}

std::string human_duration(Milliseconds d) {
  if (d < 0ms) return "-" + human_duration(-d);
  const auto ms = d.count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 60'000) return fmt::format("{}.{}s", ms / 1000, ms / 100 % 10);
  const auto s = ms / 1000;
  if (s < 3600) return fmt::format("{}m {}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h {}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d {}h", s / 86400, s / 3600 % 24);
}

std::string human_age(Timestamp t, Timestamp relative_to) {
  const auto seconds = (relative_to.ms - t.ms) / 1000;
  const auto s = std::abs(seconds);
  if (s < 10) return "just now";
  std::string amount;
  if (s < 60) {
    amount = fmt::format("{} s", s);
  } else if (s < 3600) {
    amount = plural(s / 60, "min");
  } else if (s < 86400) {
    amount = plural(s / 3600, "h");
  } else if (s < 60 * 86400LL) {
    amount = plural(s / 86400, "day");
  } else if (s < 730 * 86400LL) {
    amount = plural(s / (30 * 86400LL), "month");
  } else {
    amount = plural(s / (365 * 86400LL), "year");
  }
  return seconds >= 0 ? amount + " ago" : "in " + amount;
}

}  // namespace mlopsctl
