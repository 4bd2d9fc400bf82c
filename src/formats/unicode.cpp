#include "mlopsctl/formats/unicode.hpp"

#include <utf8proc.h>

#include <array>

namespace mlopsctl {

namespace {

// Letters and signs that people take for an ASCII one, folded already. 0 if there is none.
char ascii_lookalike(std::uint32_t c) {
  switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201B:
    case 0x02BC:
    case 0x2032:
    case 0x00B4:
    case 0x0060:
      return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x00AB:
    case 0x00BB:
      return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2212:
      return '-';
    case 0x0430:
    case 0x03B1:
      return 'a';
    case 0x0441:
    case 0x03F2:
      return 'c';
    case 0x0501:
      return 'd';
    case 0x0435:
    case 0x0451:
      return 'e';
    case 0x04BB:
      return 'h';
    case 0x0456:
    case 0x0457:
    case 0x03B9:
    case 0x0131:
      return 'i';
    case 0x0458:
      return 'j';
    case 0x043A:
    case 0x03BA:
      return 'k';
    case 0x043C:
      return 'm';
    case 0x043E:
    case 0x03BF:
      return 'o';
    case 0x0440:
    case 0x03C1:
      return 'p';
    case 0x0455:
      return 's';
    case 0x0442:
    case 0x03C4:
      return 't';
    case 0x03BD:
      return 'v';
    case 0x0445:
    case 0x03C7:
      return 'x';
    case 0x0443:
      return 'y';
    default:
      return 0;
  }
}

void append_utf8(std::string& into, utf8proc_int32_t c) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(c, bytes.data());
  into.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

void append_folded(std::string& into, std::uint32_t c, Folding how) {
  unsigned options = UTF8PROC_CASEFOLD;
  if (how == Folding::lookalikes) options |= UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE;
  std::array<utf8proc_int32_t, 32> decomposed{};
  int boundary = 0;
  const auto size = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), decomposed.data(),
                                            static_cast<utf8proc_ssize_t>(decomposed.size()),
                                            static_cast<utf8proc_option_t>(options), &boundary);
  for (utf8proc_ssize_t i = 0; i < size && static_cast<std::size_t>(i) < decomposed.size(); ++i) {
    const utf8proc_int32_t one = decomposed.at(static_cast<std::size_t>(i));
    const char plain =
        how == Folding::lookalikes ? ascii_lookalike(static_cast<std::uint32_t>(one)) : '\0';
    if (plain != 0) {
      into += plain;
    } else {
      append_utf8(into, one);
    }
  }
}

template <class Map>
std::string in_case(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const std::uint32_t c = next_code_point(text, at);
    if (c == 0xFFFD) {
      out += text.substr(begin, at - begin);
    } else {
      append_utf8(out, map(static_cast<utf8proc_int32_t>(c)));
    }
  }
  return out;
}

}  // namespace

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

bool is_white_space(std::uint32_t c) {
  if (c < 128) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || class_of(c) == CharacterClass::space;
}

std::string lower_case(std::string_view text) { return in_case(text, utf8proc_tolower); }
std::string upper_case(std::string_view text) { return in_case(text, utf8proc_toupper); }

void fold(std::string_view text, Folding how, std::string& into) {
  into.clear();
  into.reserve(text.size());
  if (how == Folding::none) {
    into = text;
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    const char byte = text[at];
    if (static_cast<unsigned char>(byte) < 128) {
      if (byte >= 'A' && byte <= 'Z') {
        into += static_cast<char>(byte - 'A' + 'a');
      } else {
        into += byte == '`' && how == Folding::lookalikes ? '\'' : byte;
      }
      ++at;
      continue;
    }
    const std::size_t begin = at;
    const std::uint32_t c = next_code_point(text, at);
    if (c == 0xFFFD) {
      into += text.substr(begin, at - begin);
    } else {
      append_folded(into, c, how);
    }
  }
}

std::string folded(std::string_view text, Folding how) {
  std::string result;
  fold(text, how, result);
  return result;
}

}  // namespace mlopsctl
