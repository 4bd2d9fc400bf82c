// Other files of parameters, read into the tree that YAML is read into.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <string_view>

namespace mlopsctl {

// TOML 1.0; dates and times are text. Throws Error{config} "line 3: …".
YamlValue parse_toml(std::string_view text);

// The constants of a Python module, without running it: NAME = literal at the top, attributes of
// classes as maps, and self.NAME = literal in __init__. Tuples and sets are lists. Whatever is no
// literal is left out, as are statements inside if, for, with and other functions. Throws
// Error{config} "line 3: …" for brackets and strings that have no end.
YamlValue parse_python_constants(std::string_view text);

}  // namespace mlopsctl
