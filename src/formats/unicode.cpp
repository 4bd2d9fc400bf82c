#include "mlopsctl/formats/unicode.hpp"

#include <utf8proc.h>

namespace mlopsctl {

CharacterClass class_of(std::uint32_t code_point) {
  if (code_point < 128) {
    const std::uint32_t lower = code_point | 0x20U;
    if (lower >= 'a' && lower <= 'z') return CharacterClass::letter;
    if (code_point >= '0' && code_point <= '9') return CharacterClass::digit;
    const bool space = code_point == ' ' || (code_point >= 9 && code_point <= 13);
    return space ? CharacterClass::space : CharacterClass::other;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:  // marks belong to the letter before them
    case UTF8PROC_CATEGORY_MC:
      return CharacterClass::letter;
    case UTF8PROC_CATEGORY_ND:
      return CharacterClass::digit;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharacterClass::space;
    default:
      return CharacterClass::other;
  }
}

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 128) {
    ++at;
    return first;
  }
  utf8proc_int32_t found = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
  const utf8proc_ssize_t length =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &found);
  if (length <= 0) {
    ++at;
    return 0xFFFD;
  }
  at += static_cast<std::size_t>(length);
  return static_cast<std::uint32_t>(found);
}

}  // namespace mlopsctl
