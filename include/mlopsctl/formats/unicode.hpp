// What kind of character a code point is, and texts without their case. utf8proc has the tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mlopsctl {

enum class CharacterClass { letter, digit, space, other };
CharacterClass class_of(std::uint32_t code_point);

// The code point at `at`, which is moved behind it. A byte that is not UTF-8 counts as one
// replacement character. `at` must be less than the size.
std::uint32_t next_code_point(std::string_view text, std::size_t& at);

// What Python's str.split() splits at: Unicode's white space and the separators U+001C to U+001F.
bool is_white_space(std::uint32_t code_point);

// Each letter in the other case where that is one letter; all else, "ß" too, stays as it is.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

// How texts are made equal before they are compared.
//   none        not at all
//   letter_case Unicode's full case folding: "STRASSE" is "straße"
//   lookalikes  case, compatibility forms (full width, ligatures), typographic quotes and dashes,
//               Cyrillic and Greek letters that look Latin; what is invisible is left out
enum class Folding { none, letter_case, lookalikes };
// Replaces `into` by the folded text. A byte that is not UTF-8 stays as it is.
void fold(std::string_view text, Folding how, std::string& into);
std::string folded(std::string_view text, Folding how);

}  // namespace mlopsctl
