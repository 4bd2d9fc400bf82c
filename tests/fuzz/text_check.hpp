// The small parsers of base: numbers, sizes, durations, times, key=value, and what makes text safe
// to show. They refuse with usage errors only, and read back what their counterparts write.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_text(std::string_view text);

}  // namespace mlopsctl::fuzz
