// The text of Python's json.dumps: what DVC hashes to name directory objects, run-cache entries and
// stages.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <string>
#include <string_view>

namespace mlopsctl {

// A quoted string, non-ASCII as \uXXXX with surrogate pairs. The bytes are UTF-8.
std::string python_json_string(std::string_view text);

// json.dumps(value, sort_keys=…) with default separators ", " and ": ". Keys sort by code point.
std::string python_json(const YamlValue& value, bool sort_keys = true);

// repr(float): "0.001", "1e-05", "1e+16", "nan", "inf".
std::string python_float(double value);

// str() of a value as templates embed it: text as it is, True/False/None, numbers, lists and maps
// as repr.
std::string python_str(const YamlValue& value);

}  // namespace mlopsctl
