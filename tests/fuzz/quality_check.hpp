// Any bytes are rules or a config error; any bytes can be measured, and the numbers hold together.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_quality(std::string_view text);

}  // namespace mlopsctl::fuzz
