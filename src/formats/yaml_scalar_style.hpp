// How a scalar is written: what its text allows, and which quotes ruamel.yaml would choose.
#pragma once

#include <string>
#include <string_view>

namespace mlopsctl {

struct ScalarAnalysis {
  bool empty = false;
  bool multiline = false;
  bool flow_plain = true;
  bool block_plain = true;
  bool single_quoted = true;
};

ScalarAnalysis analyze_scalar(std::u32string_view text);

enum class ScalarStyle { plain, single_quoted, double_quoted };

// `text` is known to be a string; `simple_key` means on the left of a colon.
ScalarStyle scalar_style(const std::string& text, const ScalarAnalysis& analysis, bool simple_key,
                         bool flow);

std::u32string to_code_points(std::string_view utf8);
void append_utf8(std::string& out, char32_t c);

bool yaml_break(char32_t c);
bool yaml_printable(char32_t c);  // raw inside double quotes

}  // namespace mlopsctl
