#include "tokenizer/unicode_class.hpp"

#include <utf8proc.h>

namespace mlopsctl::tokens {

const UnicodeClasses& UnicodeClasses::get() {
  static const UnicodeClasses classes;
  return classes;
}

UnicodeClasses::UnicodeClasses() {
#include "tokenizer/unicode_tables.inc"
  constexpr Range spaces[] = {
      {0x9, 0xD},       {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
      {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
  blocks_.reserve(320);
  blocks_.emplace_back();  // all other
  for (const Range& range : letters) add(range, char_class::letter);
  for (const Range& range : numbers) add(range, char_class::number);
  for (const Range& range : spaces) add(range, char_class::space);
  for (const Range& range : marks) add(range, char_class::mark);
  for (const Range& range : nfc_active) add(range, char_class::nfc_active);
  for (const Range& range : late) add(range, char_class::late);
  for (const Range& range : punctuation) add(range, char_class::punctuation);
}

void UnicodeClasses::add(const Range& range, std::uint8_t flags) {
  for (char32_t point = range.first; point <= range.last;) {
    if ((point & 0xFFU) == 0 && range.last - point >= 0xFF) {
      mark_block(point >> 8U, flags);
      point += 0x100;
    } else {
      mark_point(point++, flags);
    }
  }
}

// Most blocks are all of one kind: they share one.
void UnicodeClasses::mark_block(std::size_t block, std::uint8_t flags) {
  std::uint16_t& index = index_[block];
  if (index != 0) {  // it has something already
    for (std::uint8_t& one : blocks_[index]) one |= flags;
    return;
  }
  if (uniform_[flags] == 0) {
    uniform_[flags] = static_cast<std::uint16_t>(blocks_.size());
    blocks_.emplace_back().fill(flags);
  }
  index = uniform_[flags];
}

void UnicodeClasses::mark_point(char32_t point, std::uint8_t flags) {
  std::uint16_t& index = index_[point >> 8U];
  const bool shared = index == 0 || uniform_[blocks_[index][0]] == index;
  if (shared) {
    blocks_.push_back(Block(blocks_[index]));
    index = static_cast<std::uint16_t>(blocks_.size() - 1);
  }
  blocks_[index][point & 0xFFU] |= flags;
}

bool is_word_character(char32_t point) {
  if (point == '_' || point == 0x200C || point == 0x200D) return true;
  const std::uint8_t known = UnicodeClasses::get().of(point);
  if ((known & char_class::kind) == char_class::letter || (known & char_class::mark) != 0)
    return true;
  const auto within = [&](char32_t first, char32_t last) {
    return point >= first && point <= last;
  };
  if (within(0x24B6, 0x24E9) || within(0x1F130, 0x1F149) || within(0x1F150, 0x1F169) ||
      within(0x1F170, 0x1F189)) {
    return true;  // letters in circles and squares: symbols, but alphabetic
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(point))) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    case UTF8PROC_CATEGORY_CN:  // newer than utf8proc: digits of Unicode 16
      return (known & char_class::kind) == char_class::number;
    default:
      return false;
  }
}

}  // namespace mlopsctl::tokens
