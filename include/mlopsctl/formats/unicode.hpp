// What kind of character a code point is. utf8proc has the tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mlopsctl {

enum class CharacterClass { letter, digit, space, other };
CharacterClass class_of(std::uint32_t code_point);

// The code point at `at`, which is moved behind it. A byte that is not UTF-8 counts as one
// replacement character. `at` must be less than the size.
std::uint32_t next_code_point(std::string_view text, std::size_t& at);

}  // namespace mlopsctl
