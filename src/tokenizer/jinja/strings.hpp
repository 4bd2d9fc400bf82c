// Python's string functions on UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::jinja {

bool is_space(char32_t point);  // str.isspace()

// str.strip, lstrip and rstrip: of white space, or of the characters in `characters`.
std::string_view stripped(std::string_view text, bool left, bool right,
                          const std::optional<std::string>& characters = std::nullopt);

// str.split: at white space, or at a separator that is not empty; at most `most` times if it is not
// negative. Throws Problem for more than 100,000 parts.
std::vector<std::string> split_text(std::string_view text,
                                    const std::optional<std::string>& separator, std::int64_t most);

std::string replaced(std::string_view text, std::string_view what, std::string_view by,
                     std::int64_t most);

std::string lower(std::string_view text);
std::string upper(std::string_view text);
std::string title(std::string_view text);        // every word
std::string capitalized(std::string_view text);  // the first character; the rest is lower

std::size_t length(std::string_view text);  // in code points
// Throws Problem for more than a million.
std::vector<std::string_view> characters_of(std::string_view text);

}  // namespace mlopsctl::jinja
