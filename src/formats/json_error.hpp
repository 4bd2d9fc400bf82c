// What simdjson's errors mean to somebody who wrote the line.
#pragma once

#include <simdjson.h>

#include <string_view>

namespace mlopsctl {

std::string_view json_error_text(simdjson::error_code code);

}  // namespace mlopsctl
