// Any bytes are a profile or an error; what is read can be written, merged and compared.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_profile(std::string_view bytes);

}  // namespace mlopsctl::fuzz
