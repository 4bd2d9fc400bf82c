// JSON that is safe inside a <script> element: no '<', '>' or '&' remains, so nothing in a name can
// end the element or start a comment.
#pragma once

#include <string>
#include <vector>

namespace mlopsctl {

// Bytes that are not UTF-8 become U+FFFD.
std::string json_string(const std::string& text);
// The shortest text that reads back as the same double; NaN is null, infinities are strings.
std::string json_number(double value);
std::string json_numbers(const std::vector<double>& values);
// Six significant digits, for pages where a number is only looked at.
std::string json_short_number(double value);

}  // namespace mlopsctl
