#include "mlopsctl/formats/table_part.hpp"

#include <chrono>
#include <cmath>

namespace mlopsctl {

namespace {

// Reads text from its beginning; every step says whether it fitted.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool digits(std::size_t count, int& value) {
    if (text_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = text_[i];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  bool one_of(std::string_view characters, char& found) {
    if (text_.empty() || characters.find(text_.front()) == characters.npos) return false;
    found = text_.front();
    text_.remove_prefix(1);
    return true;
  }
  bool character(char c) {
    char found = 0;
    return one_of({&c, 1}, found);
  }
  bool at_end() const { return text_.empty(); }
  // Digits after the decimal point; what is finer than a millisecond is cut off.
  bool fraction(int& milliseconds) {
    std::size_t count = 0;
    milliseconds = 0;
    for (; count < text_.size() && text_[count] >= '0' && text_[count] <= '9'; ++count) {
      if (count < 3) milliseconds = milliseconds * 10 + (text_[count] - '0');
    }
    for (std::size_t i = count; i < 3; ++i) milliseconds *= 10;
    text_.remove_prefix(count);
    return count > 0;
  }

 private:
  std::string_view text_;
};

// "07:33", "07:33:52", "07:33:52.123"
bool time_of_day(Cursor& cursor, std::int64_t& ms) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int fraction = 0;
  if (!cursor.digits(2, hour) || !cursor.character(':') || !cursor.digits(2, minute)) return false;
  if (cursor.character(':')) {
    if (!cursor.digits(2, second)) return false;
    char point = 0;
    if (cursor.one_of(".,", point) && !cursor.fraction(fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  ms = ((hour * 60 + minute) * 60 + second) * std::int64_t{1000} + fraction;
  return true;
}

// "Z", "+02:00", "-0530", "+02"
bool zone(Cursor& cursor, std::int64_t& offset_ms) {
  char sign = 0;
  if (!cursor.one_of("Zz+-", sign)) return false;
  if (sign == 'Z' || sign == 'z') return true;
  int hours = 0;
  int minutes = 0;
  if (!cursor.digits(2, hours)) return false;
  if (!cursor.at_end()) {
    cursor.character(':');
    if (!cursor.digits(2, minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  offset_ms = (hours * 60 + minutes) * std::int64_t{60'000} * (sign == '-' ? -1 : 1);
  return true;
}

}  // namespace

std::optional<std::int64_t> parse_iso_time(std::string_view text) {
  if (text.size() < 10 || text[4] != '-') return std::nullopt;
  Cursor cursor(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!cursor.digits(4, year) || !cursor.character('-') || !cursor.digits(2, month) ||
      !cursor.character('-') || !cursor.digits(2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  std::int64_t ms = std::chrono::sys_days{date}.time_since_epoch().count() * 86'400'000LL;
  if (cursor.at_end()) return ms;
  char separator = 0;
  std::int64_t clock = 0;
  std::int64_t offset = 0;
  if (!cursor.one_of("Tt ", separator) || !time_of_day(cursor, clock)) return std::nullopt;
  cursor.character(' ');
  if (!cursor.at_end() && (!zone(cursor, offset) || !cursor.at_end())) return std::nullopt;
  ms += clock - offset;
  return ms;
}

std::optional<std::int64_t> epoch_time(double value) {
  const double size = std::abs(value);
  if (!(size < 9e18)) return std::nullopt;
  double ms = value;
  if (size < 1e11) {
    ms = value * 1000;
  } else if (size >= 1e17) {
    ms = value / 1e6;
  } else if (size >= 1e14) {
    ms = value / 1e3;
  }
  return static_cast<std::int64_t>(std::llround(ms));
}

}  // namespace mlopsctl
