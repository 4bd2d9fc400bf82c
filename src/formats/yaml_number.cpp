#include "formats/yaml_number.hpp"

#include "mlopsctl/base/text.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace mlopsctl {

namespace {

constexpr std::size_t longest_integer = 5000;  // Python refuses more than 4300 digits

// digits := digits * base + next, in decimal, least significant digit first.
void multiply_add(std::string& digits, unsigned base, unsigned next) {
  unsigned carry = next;
  for (char& digit : digits) {
    const unsigned value = static_cast<unsigned>(digit - '0') * base + carry;
    digit = static_cast<char>('0' + value % 10);
    carry = value / 10;
  }
  for (; carry > 0; carry /= 10) digits += static_cast<char>('0' + carry % 10);
}

unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

}  // namespace

std::optional<std::string> yaml_integer(std::string_view spelled) {
  std::string text;
  for (const char c : spelled) {
    if (c != '_') text += c;
  }
  bool negative = false;
  std::string_view body = text;
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) {
    negative = body[0] == '-';
    body.remove_prefix(1);
  }
  unsigned base = 10;
  if (body.starts_with("0b")) base = 2;
  if (body.starts_with("0o")) base = 8;
  if (body.starts_with("0x")) base = 16;
  if (base != 10) body.remove_prefix(2);
  if (body.empty() || body.size() > longest_integer) return std::nullopt;
  std::string digits;
  if (base == 10) {
    const auto first = body.find_first_not_of('0');
    digits = first == std::string_view::npos ? "0" : std::string(body.substr(first));
  } else {
    for (const char c : body) multiply_add(digits, base, digit_value(c));
    digits = digits.empty() ? "0" : std::string(digits.rbegin(), digits.rend());
  }
  return negative && digits != "0" ? "-" + digits : digits;
}

std::optional<double> yaml_real(std::string_view spelled) {
  std::string text;
  for (const char c : to_lower(spelled)) {
    if (c != '_') text += c;
  }
  std::string_view body = text;
  const bool negative = body.starts_with('-');
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  double value = 0;
  if (body == ".inf") {
    value = std::numeric_limits<double>::infinity();
  } else if (body == ".nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    const auto [end, failure] = std::from_chars(body.data(), body.data() + body.size(), value);
    if (failure == std::errc::result_out_of_range) {
      // from_chars does not say which way; a negative exponent is towards zero.
      const auto e = body.find('e');
      const bool tiny = e != std::string_view::npos ? body.substr(e + 1).starts_with('-')
                                                    : body.starts_with("0.") || body[0] == '.';
      value = tiny ? 0 : std::numeric_limits<double>::infinity();
    } else if (failure != std::errc() || end != body.data() + body.size()) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace mlopsctl
