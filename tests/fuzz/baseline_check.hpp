// Any bytes are a baseline or an error; what is read can be written, and passes against itself.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_baseline(std::string_view bytes);

}  // namespace mlopsctl::fuzz
