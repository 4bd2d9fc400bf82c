// Decimal numbers at the speed of memory: the ordinary ones are converted while they are scanned,
// the rest goes to std::from_chars. The result is always the nearest double.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace mlopsctl {

enum class Scanned { none, integer, real };

struct Number {
  Scanned what = Scanned::none;
  std::int64_t integer = 0;  // exact, if what == integer
  double real = 0;           // also set for integers
};

// Exactly the powers of ten that a double holds exactly.
inline constexpr std::array<double, 23> powers_of_ten{
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// A double from [begin, end), which has the form of a number; out of range is 0 or infinity.
inline double exact_double(const char* begin, const char* end, bool small) {
  const bool negative = *begin == '-';
  if (*begin == '+') ++begin;
  double value = 0;
  if (std::from_chars(begin, end, value).ec == std::errc{}) return value;
  value = small ? 0 : std::numeric_limits<double>::infinity();
  return negative ? -value : value;
}

// Eight digits at once (little-endian machines): false if they are not all digits.
inline bool eight_digits(const char* p, std::uint64_t& value) {
  std::uint64_t chunk = 0;
  std::memcpy(&chunk, p, 8);
  const std::uint64_t high = chunk & 0xF0F0F0F0F0F0F0F0U;
  const std::uint64_t carried = (chunk + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U;
  if (high != 0x3030303030303030U || carried != 0x3030303030303030U) return false;
  chunk -= 0x3030303030303030U;
  chunk = (chunk * 10) + (chunk >> 8U);
  value = (((chunk & 0x000000FF000000FFU) * 0x000F424000000064U) +
           (((chunk >> 16U) & 0x000000FF000000FFU) * 0x0000271000000001U)) >>
          32U;
  return true;
}

// Scans a number from `p` on, as far as it goes: an optional sign, digits, '.', digits, exponent.
// `p` is moved behind it; the caller looks whether the field ends there. No words (nan, inf).
inline Number scan_number(const char*& p, const char* end) {
  const char* const begin = p;
  const char* at = p;
  if (at != end && (*at == '-' || *at == '+')) ++at;
  const bool negative = at != begin && *begin == '-';
  std::uint64_t mantissa = 0;
  const char* const first = at;
  while (at != end && is_digit(*at)) mantissa = mantissa * 10 + static_cast<unsigned>(*at++ - '0');
  const auto whole = at - first;
  Number number;
  if (whole > 0 && (at == end || (*at != '.' && *at != 'e' && *at != 'E'))) {
    p = at;
    if (whole <= 18) {
      number.what = Scanned::integer;
      const auto value = static_cast<std::int64_t>(mantissa);
      number.integer = negative ? -value : value;
      number.real = static_cast<double>(number.integer);
      if (negative && value == 0) number.real = -0.0;
      return number;
    }
    const char* digits = *begin == '+' ? begin + 1 : begin;
    const auto exact = std::from_chars(digits, at, number.integer);
    number.what = exact.ec == std::errc{} ? Scanned::integer : Scanned::real;
    number.real = exact_double(begin, at, false);
    return number;
  }
  auto significant = whole;
  std::int64_t exponent = 0;
  if (at != end && *at == '.') {
    const char* const point = ++at;
    std::uint64_t eight = 0;
    while (end - at >= 8 && eight_digits(at, eight)) {
      mantissa = mantissa * 100'000'000U + eight;
      at += 8;
    }
    while (at != end && is_digit(*at))
      mantissa = mantissa * 10 + static_cast<unsigned>(*at++ - '0');
    exponent = -(at - point);
    significant += at - point;
    if (significant > 19) {  // leading zeros do not count
      const char* zeros = first;
      while (zeros != at && (*zeros == '0' || *zeros == '.')) ++zeros;
      significant = at - zeros;  // one too many if the point is inside
    }
    if (at - first == 1) return number;  // only a point
  } else if (whole == 0) {
    return number;
  }
  bool small = exponent < 0 && whole < 20;
  if (at != end && (*at == 'e' || *at == 'E')) {
    const char* digits = at + 1;
    const bool below = digits != end && *digits == '-';
    if (digits != end && (*digits == '-' || *digits == '+')) ++digits;
    if (digits == end || !is_digit(*digits)) return number;
    std::int64_t written = 0;
    for (; digits != end && is_digit(*digits); ++digits) {
      if (written < 100'000) written = written * 10 + (*digits - '0');
    }
    at = digits;
    small = below;
    exponent += below ? -written : written;
  }
  p = at;
  number.what = Scanned::real;
  constexpr std::uint64_t exact_integers = std::uint64_t{1} << 53U;
  if (significant <= 19 && mantissa <= exact_integers && exponent >= -22 && exponent <= 22) {
    const auto value = static_cast<double>(mantissa);
    const auto power = powers_of_ten[static_cast<std::size_t>(exponent < 0 ? -exponent : exponent)];
    number.real = exponent < 0 ? value / power : value * power;
    if (negative) number.real = -number.real;
  } else {
    number.real = exact_double(begin, at, small);
  }
  return number;
}

// The whole of `text` as a number, "inf" and "infinity" in any case and sign among them; not "nan".
inline Number parse_decimal(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  Number number = scan_number(p, end);
  if (number.what != Scanned::none && p == end) return number;
  number.what = Scanned::none;
  std::string_view word = text;
  const bool negative = word.starts_with('-');
  if (negative || word.starts_with('+')) word.remove_prefix(1);
  const auto same = [&](std::string_view other) {
    if (word.size() != other.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if ((word[i] | 0x20) != other[i]) return false;
    }
    return true;
  };
  if (same("inf") || same("infinity")) {
    number.what = Scanned::real;
    number.real = (negative ? -1 : 1) * std::numeric_limits<double>::infinity();
  }
  return number;
}

}  // namespace mlopsctl
