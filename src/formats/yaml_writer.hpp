// The pen of the YAML emitter: text with a column, counted in code points, and scalars folded
// at 80.
#pragma once

#include "formats/yaml_scalar_style.hpp"

#include <string>
#include <string_view>

namespace mlopsctl {

class YamlWriter {
 public:
  // The first line already holds `used` columns.
  explicit YamlWriter(std::size_t used = 0) : column_(used) {}

  void raw(std::string_view ascii);   // no newline in it
  void new_line(std::size_t indent);  // newline and blanks
  std::size_t column() const { return column_; }
  std::string take() { return std::move(out_); }

  // Continuation lines are indented by `indent`; without `split` nothing is folded.
  void scalar(std::u32string_view text, ScalarStyle style, std::size_t indent, bool split);

 private:
  void put(char32_t c);
  void put(std::u32string_view text);
  void plain(std::u32string_view text, std::size_t indent, bool split);
  void single_quoted(std::u32string_view text, std::size_t indent, bool split);
  void double_quoted(std::u32string_view text, std::size_t indent, bool split);
  void breaks(std::u32string_view run, std::size_t indent);
  void escape(char32_t c);

  std::string out_;
  std::size_t column_ = 0;
};

}  // namespace mlopsctl
