// Any bytes are a chat template that writes valid UTF-8, or a usage error.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_chat_template(std::string_view source);

}  // namespace mlopsctl::fuzz
