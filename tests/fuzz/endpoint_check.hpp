// Any bytes of a server are events, answers or a failure; where they are cut makes no difference.
// The same of what a command prints and of a measurement's file.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_endpoint(std::string_view bytes);

}  // namespace mlopsctl::fuzz
