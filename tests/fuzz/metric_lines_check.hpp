// Any bytes are lines; where they are cut makes no difference, and every byte and line is counted.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_metric_lines(std::string_view bytes);

}  // namespace mlopsctl::fuzz
