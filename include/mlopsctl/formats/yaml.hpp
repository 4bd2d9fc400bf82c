// Reading small YAML files as a flat list of scalars with the bytes they came from, so that an edit
// can replace one value and leave comments and order alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct YamlScalar {
  std::string path;   // keys joined by '.', list items by their index: "run.sample-interval"
  std::string value;  // as written, quotes and escapes undone
  std::size_t line;   // 1-based
  std::size_t begin;  // byte span of the value in the text, quotes included
  std::size_t end;
};

// Throws Error{config} "line 3: …" for what parse_yaml refuses, and for maps and lists that come
// from an alias.
std::vector<YamlScalar> read_yaml_scalars(std::string_view text);

// A value in the shortest form that YAML 1.1 and 1.2 readers take for the same string.
std::string yaml_scalar(std::string_view value);

}  // namespace mlopsctl
