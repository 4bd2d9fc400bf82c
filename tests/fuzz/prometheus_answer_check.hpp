// Any bytes are an answer of Prometheus or a refused one that says why; a value is a number.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_prometheus_answer(std::string_view body);

}  // namespace mlopsctl::fuzz
