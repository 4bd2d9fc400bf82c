// Texts as Python's str has them: counted in code points, white space as Unicode defines it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

std::size_t length(std::string_view text);  // len(text)
// Bytes from which on each code point begins, and the end.
std::vector<std::size_t> code_point_starts(std::string_view text);

std::string_view strip(std::string_view text);
std::string_view strip_left(std::string_view text);
std::string_view strip_right(std::string_view text);
std::string strip_of(std::string_view text, std::string_view characters, bool left, bool right);

std::vector<std::string> split_white_space(std::string_view text);                     // split()
std::vector<std::string> split_at(std::string_view text, std::string_view separator);  // not empty
std::string replaced(std::string_view text, std::string_view what, std::string_view by);
std::string joined(const std::vector<std::string>& parts, std::string_view separator);

// len(re.split(r"\s+", text)): runs of white space, and one.
std::size_t count_words(std::string_view text);

}  // namespace mlopsctl::eval
