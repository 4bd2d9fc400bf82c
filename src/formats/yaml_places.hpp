// Where the parts of a YAML text are, and texts that replace them.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// `text` takes the place of the bytes from `begin` to `end`.
struct YamlPatch {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

// Patches inside of what an earlier one replaced are dropped.
std::string patched(std::string_view text, std::vector<YamlPatch> patches);

// Answers by byte offsets into the text that the values were read from.
class YamlPlaces {
 public:
  explicit YamlPlaces(std::string_view text) : text_(text) {}

  std::string_view source() const { return text_; }
  // 0-based column of the key.
  static std::size_t column_of(const YamlEntry& entry) { return entry.key_span.column - 1; }
  std::size_t line_start(std::size_t at) const;
  std::size_t line_end(std::size_t at) const;  // of its newline, or the end of the text
  // Code points between the start of the line and `at`.
  std::size_t columns_before(std::size_t at) const;
  // After the last byte of a value: block scalars and empty values leave out trailing blanks.
  std::size_t content_end(const YamlValue& value, std::size_t least) const;
  // Behind the colon of an entry.
  std::size_t after_colon(const YamlEntry& entry) const;
  std::size_t entry_end(const YamlEntry& entry) const;

 private:
  std::string_view text_;
};

bool is_yaml_blank(char c);

}  // namespace mlopsctl
