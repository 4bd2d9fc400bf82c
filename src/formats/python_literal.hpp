// Literals of Python as ast.literal_eval takes them.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <optional>
#include <string_view>

namespace mlopsctl {

// Nothing if the text is no literal, or one that has no counterpart here (bytes, complex, ...).
std::optional<YamlValue> python_literal(std::string_view text);

}  // namespace mlopsctl
