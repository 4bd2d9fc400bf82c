// Any YAML or JSON is read or refused; what is written reads back; edits reach only what they name.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_yaml(std::string_view text);

}  // namespace mlopsctl::fuzz
