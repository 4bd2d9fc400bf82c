// Classes of characters as the `tokenizers` library sees them (Unicode 16).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace mlopsctl::tokens {

// The lower two bits say what a character is, the others are flags.
namespace char_class {
constexpr std::uint8_t other = 0;
constexpr std::uint8_t letter = 1;  // \p{L}
constexpr std::uint8_t number = 2;  // \p{N}
constexpr std::uint8_t space = 3;   // \s
constexpr std::uint8_t kind = 3;
constexpr std::uint8_t mark = 4;          // \p{M}
constexpr std::uint8_t nfc_active = 8;    // combines, or may change under NFC
constexpr std::uint8_t late = 16;         // too new for the library's normalization: left as it is
constexpr std::uint8_t punctuation = 32;  // what the pre-tokenizer of that name takes for it
}  // namespace char_class

class UnicodeClasses {
 public:
  static const UnicodeClasses& get();

  std::uint8_t of(char32_t point) const {
    return point < 0x110000 ? blocks_[index_[point >> 8U]][point & 0xFFU] : char_class::other;
  }
  std::uint8_t kind(char32_t point) const { return of(point) & char_class::kind; }

 private:
  UnicodeClasses();
  struct Range {
    char32_t first, last;
  };
  void add(const Range& range, std::uint8_t flags);
  void mark_block(std::size_t block, std::uint8_t flags);
  void mark_point(char32_t point, std::uint8_t flags);

  using Block = std::array<std::uint8_t, 256>;
  std::array<std::uint16_t, 0x1100> index_{};
  std::vector<Block> blocks_;
  std::array<std::uint16_t, 64> uniform_{};  // by flags: the block where all have them; 0 if none
};

// \s of regular expressions, and Rust's char::is_whitespace.
inline bool is_space(char32_t point) {
  return UnicodeClasses::get().kind(point) == char_class::space;
}

// What Rust's regex crate calls a word character: alphabetic, mark, decimal number, connector
// punctuation, join control (UTS 18, annex C).
bool is_word_character(char32_t point);

}  // namespace mlopsctl::tokens
