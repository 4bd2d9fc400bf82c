// Any bytes are a task file or a config error, a template or one, rows or an error that names the
// line, a result or an error.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_task(std::string_view text);

}  // namespace mlopsctl::fuzz
