// Decimal numbers at the speed of memory: the ordinary ones are converted while they are scanned,
// the rest goes to std::from_chars. The result is always the nearest double.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
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

// The digits that 8 bytes begin with, without a branch on how many there are (little-endian
// machines): a processor guesses the lengths of numbers badly.
struct Digits {
  unsigned count = 0;  // 0 to 8
  std::uint64_t value = 0;
};
inline Digits leading_digits(const char* p) {
  std::uint64_t chunk = 0;
  std::memcpy(&chunk, p, 8);
  chunk ^= 0x3030303030303030U;  // digits become 0 to 9
  const std::uint64_t others =
      (((chunk & 0x7F7F7F7F7F7F7F7FU) + 0x7676767676767676U) | chunk) & 0x8080808080808080U;
  Digits digits;
  digits.count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  const unsigned half = 32 - 4 * digits.count;  // twice, for a shift by 64 is none
  chunk = (chunk << half) << half;              // zeros in front
  chunk = (chunk * 10) + (chunk >> 8U);
  digits.value = (((chunk & 0x000000FF000000FFU) * 0x000F424000000064U) +
                  (((chunk >> 16U) & 0x000000FF000000FFU) * 0x0000271000000001U)) >>
                 32U;
  return digits;
}

inline double with_sign(double magnitude, bool negative) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) |
                               static_cast<std::uint64_t>(negative) << 63U);
}

// Bytes from the number's beginning that must be there for scan_short.
inline constexpr std::ptrdiff_t short_reach = 24;

// A number of up to 7 digits, a point and up to 7 more: most are. False for any other, with nothing
// changed.
inline bool scan_short(const char*& p, Number& number) {
  const char* at = p;
  const bool negative = *at == '-';
  at += static_cast<int>(negative | (*at == '+'));
  const Digits whole = leading_digits(at);
  at += whole.count;
  if (whole.count == 8) return false;
  if (*at != '.') {
    if (whole.count == 0 || (*at | 0x20) == 'e') return false;
    const auto value = static_cast<std::int64_t>(whole.value);
    number.what = Scanned::integer;
    number.integer = negative ? -value : value;
    number.real = with_sign(static_cast<double>(value), negative);
    p = at;
    return true;
  }
  const Digits fraction = leading_digits(++at);
  at += fraction.count;
  if (fraction.count == 8 || whole.count + fraction.count == 0 || (*at | 0x20) == 'e') return false;
  const double power = powers_of_ten[fraction.count];
  // Below 2^53, so the product and the sum are exact, and the quotient is the nearest double.
  const double mantissa =
      static_cast<double>(whole.value) * power + static_cast<double>(fraction.value);
  number.what = Scanned::real;
  number.real = with_sign(mantissa / power, negative);
  p = at;
  return true;
}

// Scans a number from `p` on, as far as it goes: an optional sign, digits, '.', digits, exponent.
// `p` is moved behind it; the caller looks whether the field ends there. No words (nan, inf).
inline Number scan_number(const char*& p, const char* end) {
  Number number;
  if (end - p >= short_reach && scan_short(p, number)) return number;
  const char* const begin = p;
  const char* at = p;
  if (at != end && (*at == '-' || *at == '+')) ++at;
  const bool negative = at != begin && *begin == '-';
  std::uint64_t mantissa = 0;
  const char* const first = at;
  while (at != end && is_digit(*at)) mantissa = mantissa * 10 + static_cast<unsigned>(*at++ - '0');
  const auto whole = at - first;
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
    while (end - at >= 8) {
      const Digits digits = leading_digits(at);
      if (digits.count < 8) break;
      mantissa = mantissa * 100'000'000U + digits.value;
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
