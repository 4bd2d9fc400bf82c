// Numbers as they are spelled in YAML and JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

// Decimal digits of an integer in YAML's notations (sign, _, 0b, 0o, 0x; a leading 0 is decimal),
// of any size; nothing if there is no digit.
std::optional<std::string> yaml_integer(std::string_view spelled);

// A real in YAML's notations (sign, _, .inf, .nan); nothing for "._".
std::optional<double> yaml_real(std::string_view spelled);

}  // namespace mlopsctl
