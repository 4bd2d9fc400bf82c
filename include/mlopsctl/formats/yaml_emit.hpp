// Writing YAML in DVC's style, byte for byte what ruamel.yaml's round-trip dumper makes of new
// values: block style, two blanks, lists at their key's column, lines folded at 80.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <string>

namespace mlopsctl {

// A whole document, ending in one newline. The root is a map or a list.
std::string emit_yaml(const YamlValue& root);

// The text that follows "key:" of an entry whose key stands at `column` (0-based): "" for null,
// " 5", "\n  a: 1" for a map. `used` is how many columns the line has before it, key and colon
// included. Does not end in a newline.
std::string emit_yaml_after_key(const YamlValue& value, std::size_t column, std::size_t used);

// "key: value" of one entry at `column`, without the blanks before the key and without a final
// newline.
std::string emit_yaml_entry(const YamlEntry& entry, std::size_t column);

// The same on one line for a place inside [ ] or { }.
std::string emit_yaml_flow(const YamlValue& value);
std::string emit_yaml_flow_key(const YamlEntry& entry);

}  // namespace mlopsctl
