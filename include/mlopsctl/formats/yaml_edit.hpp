// Changing a YAML document without touching the rest of it: comments, order and spelling of what
// does not change stay byte for byte. Every function returns the new text.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <span>
#include <string>
#include <string_view>

namespace mlopsctl {

// Keys from the root; an element of a list by its index in decimal.
using YamlPath = std::span<const std::string>;

// Puts a value at a path. What is there is replaced; a new key is appended to its map, and maps
// that are missing on the way are made. Throws Error{config} if the text is not YAML or something
// on the way is no map.
std::string yaml_set(std::string_view text, YamlPath path, const YamlValue& value);

// Removes a key, with the lines that it takes. Absent is fine.
std::string yaml_erase(std::string_view text, YamlPath path);

// Makes the value at a path equal to `value` by changing as little as DVC's own update does: maps
// key by key (order kept, new keys last), lists item by item if they are equally long, else whole;
// what is equal is not touched.
std::string yaml_update(std::string_view text, YamlPath path, const YamlValue& value);

}  // namespace mlopsctl
