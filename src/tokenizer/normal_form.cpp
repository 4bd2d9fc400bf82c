#include "tokenizer/normalizer.hpp"
#include "tokenizer/unicode_class.hpp"
#include "tokenizer/utf8.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>

namespace mlopsctl::tokens {

namespace {

utf8proc_option_t options_of(NormalForm form) {
  int options = UTF8PROC_STABLE;
  options |=
      form == NormalForm::c || form == NormalForm::kc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::kc || form == NormalForm::kd) options |= UTF8PROC_COMPAT;
  return static_cast<utf8proc_option_t>(options);
}

struct Free {
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

void append_normal(std::string& into, NormalForm form, std::string_view text) {
  if (text.empty()) return;
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &made, options_of(form));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(made);
  if (size < 0) throw std::bad_alloc();  // the text is valid UTF-8: nothing else can go wrong
  into.append(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
}

// Where characters from `at` on must be looked at: the first that may change under NFC, or is not
// in the library's tables. Below U+0300 there are none.
std::size_t next_active(std::string_view text, std::size_t at) {
  const UnicodeClasses& classes = UnicodeClasses::get();
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0xCC) {  // up to U+02FF
      ++at;
      continue;
    }
    std::size_t behind = at;
    if ((classes.of(next_point(text, behind)) & char_class::nfc_active) != 0) return at;
    at = behind;
  }
  return at;
}

// Where what begins with a changing character ends: at one that neither changes nor combines.
std::size_t active_end(std::string_view text, std::size_t at) {
  const UnicodeClasses& classes = UnicodeClasses::get();
  while (at < text.size()) {
    std::size_t behind = at;
    if ((classes.of(next_point(text, behind)) & char_class::nfc_active) == 0) return at;
    at = behind;
  }
  return at;
}

// The library knows nothing of late characters: they stay, and what is between them is normalized.
void append_between_late(std::string& into, NormalForm form, std::string_view text) {
  const UnicodeClasses& classes = UnicodeClasses::get();
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    if ((classes.of(next_point(text, at)) & char_class::late) == 0) continue;
    append_normal(into, form, text.substr(done, from - done));
    into.append(text.substr(from, at - from));
    done = at;
  }
  append_normal(into, form, text.substr(done));
}

}  // namespace

bool to_normal_form(NormalForm form, std::string_view text, std::string& into) {
  if (form != NormalForm::c) {
    if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
      return false;
    }
    into.clear();
    append_between_late(into, form, text);
    return true;
  }
  std::size_t active = next_active(text, 0);
  if (active == text.size()) return false;
  into.clear();
  std::size_t done = 0;
  while (active < text.size()) {
    const std::size_t begin = active > done ? previous_point(text, active) : active;
    const std::size_t end = active_end(text, active);
    into.append(text.substr(done, begin - done));
    append_between_late(into, form, text.substr(begin, end - begin));
    done = end;
    active = next_active(text, end);
  }
  into.append(text.substr(done));
  return true;
}

// Rust's char::to_lowercase (Unicode 17); utf8proc's table is two versions older.
void append_lowercase(std::string& into, char32_t point) {
  struct Newer {
    char32_t first, last;
    std::int32_t offset;
  };
  static constexpr std::array<Newer, 10> newer{{{0x1C89, 0x1C89, 1},
                                                {0xA7CB, 0xA7CB, 0x264 - 0xA7CB},
                                                {0xA7CC, 0xA7CC, 1},
                                                {0xA7CE, 0xA7CE, 1},
                                                {0xA7D2, 0xA7D2, 1},
                                                {0xA7D4, 0xA7D4, 1},
                                                {0xA7DA, 0xA7DA, 1},
                                                {0xA7DC, 0xA7DC, 0x19B - 0xA7DC},
                                                {0x10D50, 0x10D65, 0x20},
                                                {0x16EA0, 0x16EB8, 0x1B}}};
  if (point == 0x130) {  // capital i with a dot
    into += "i\xCC\x87";
    return;
  }
  for (const Newer& range : newer) {
    if (point < range.first || point > range.last) continue;
    append_point(into, static_cast<char32_t>(static_cast<std::int32_t>(point) + range.offset));
    return;
  }
  append_point(into, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(point))));
}

}  // namespace mlopsctl::tokens
