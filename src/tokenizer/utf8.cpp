#include "tokenizer/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace mlopsctl::tokens {

// Table 3-7 of the Unicode standard.
Utf8Step utf8_step(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {.length = 1, .valid = true};
  if (first < 0xC2 || first > 0xF4) return {};
  const std::size_t whole = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < whole; ++i) {
    if (at + i >= bytes.size()) return {.length = i, .cut = true};
    if (byte(i) < low || byte(i) > high) return {.length = i};
    low = 0x80;
    high = 0xBF;
  }
  return {.length = whole, .valid = true};
}

void append_point(std::string& into, char32_t point) {
  const auto add = [&](char32_t byte) { into += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0U | point >> 6U);
    add(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    add(0xE0U | point >> 12U);
    add(0x80U | (point >> 6U & 0x3FU));
    add(0x80U | (point & 0x3FU));
  } else {
    add(0xF0U | point >> 18U);
    add(0x80U | (point >> 12U & 0x3FU));
    add(0x80U | (point >> 6U & 0x3FU));
    add(0x80U | (point & 0x3FU));
  }
}

std::size_t valid_prefix(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    while (at + 8 <= bytes.size()) {  // ASCII, eight bytes at once
      std::uint64_t eight = 0;
      std::memcpy(&eight, bytes.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080U) != 0) break;
      at += 8;
    }
    if (at == bytes.size()) break;
    const Utf8Step step = utf8_step(bytes, at);
    if (!step.valid) break;
    at += step.length;
  }
  return at;
}

std::string lossy(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  while (true) {
    const std::size_t valid = valid_prefix(bytes);
    result.append(bytes.substr(0, valid));
    bytes.remove_prefix(valid);
    if (bytes.empty()) return result;
    result.append(replacement_character);
    bytes.remove_prefix(utf8_step(bytes, 0).length);
  }
}

}  // namespace mlopsctl::tokens
