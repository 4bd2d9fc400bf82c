// UTF-8, byte by byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mlopsctl::tokens {

// What is at a place. An ill-formed sequence is as long as its maximal subpart (Unicode 3.9, U+FFFD
// substitution of maximal subparts), which is what Python and Rust replace by one U+FFFD.
struct Utf8Step {
  std::size_t length = 1;
  bool valid = false;
  bool cut = false;  // the text ends before the sequence does, and more bytes may make it valid
};
Utf8Step utf8_step(std::string_view bytes, std::size_t at);

// The code point at `at`, which is moved behind it. The text must be valid UTF-8.
inline char32_t next_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const char32_t first = byte(0);
  if (first < 0x80) {
    ++at;
    return first;
  }
  if (first < 0xE0) {
    const char32_t point = (first & 0x1FU) << 6U | (byte(1) & 0x3FU);
    at += 2;
    return point;
  }
  if (first < 0xF0) {
    const char32_t point = (first & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    at += 3;
    return point;
  }
  const char32_t point = (first & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U |
                         (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU);
  at += 4;
  return point;
}

// Where the code point before `at` begins. The text must be valid UTF-8 and `at` more than 0.
inline std::size_t previous_point(std::string_view text, std::size_t at) {
  do --at;
  while ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80);
  return at;
}

void append_point(std::string& into, char32_t point);

// The number of bytes that are valid UTF-8 from the beginning on.
std::size_t valid_prefix(std::string_view bytes);

// The same text with U+FFFD for every maximal ill-formed subpart.
std::string lossy(std::string_view bytes);

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

}  // namespace mlopsctl::tokens
