#include "formats/yaml_scalar_style.hpp"

#include "mlopsctl/formats/yaml_value.hpp"

namespace mlopsctl {

namespace {

bool blank_or_break(char32_t c) {
  return c == 0 || c == ' ' || c == '\t' || c == '\r' || yaml_break(c);
}

bool one_of(char32_t c, std::string_view set) {
  return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
}

struct Indicators {
  bool block = false;
  bool flow = false;
};

Indicators indicators_at(std::u32string_view text, std::size_t i, bool after_blank) {
  const char32_t c = text[i];
  const bool before_blank = i + 1 >= text.size() || blank_or_break(text[i + 1]);
  if (i == 0) {
    if (one_of(c, "#,[]{}&*!|>'\"%@`")) return {true, true};
    if (c == '?' || c == ':') return {before_blank, text.size() == 1};
    if (c == '-' && before_blank) return {true, true};
    return {};
  }
  if (one_of(c, ",[]{}")) return {false, true};
  if (c == ':' && before_blank) return {true, true};
  if (c == '#' && after_blank) return {true, true};
  return {};
}

}  // namespace

bool yaml_break(char32_t c) { return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029; }

bool yaml_printable(char32_t c) {
  if (c >= 0x20 && c <= 0x7E) return true;
  if (c == 0xFEFF || c == 0x2028 || c == 0x2029) return false;
  return (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         (c >= 0x10000 && c <= 0x10FFFF);
}

ScalarAnalysis analyze_scalar(std::u32string_view text) {
  ScalarAnalysis result;
  if (text.empty()) return {.empty = true, .flow_plain = false};
  Indicators found;
  if (text.starts_with(U"---") || text.starts_with(U"...")) found = {true, true};
  bool special = false, break_space = false, space_break = false;
  bool previous_space = false, previous_break = false, after_blank = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const Indicators here = indicators_at(text, i, after_blank);
    found.block = found.block || here.block;
    found.flow = found.flow || here.flow;
    if (yaml_break(c)) result.multiline = true;
    if (!yaml_break(c) && !yaml_printable(c)) special = true;
    if (c == ' ') break_space = break_space || previous_break;
    if (yaml_break(c)) space_break = space_break || previous_space;
    previous_space = c == ' ';
    previous_break = yaml_break(c);
    after_blank = blank_or_break(c);
  }
  const auto bad_edge = [](char32_t c) { return c == ' ' || yaml_break(c); };
  const bool edges = bad_edge(text.front()) || bad_edge(text.back());
  if (edges || break_space || special || space_break || result.multiline) {
    result.flow_plain = result.block_plain = false;
  }
  if (break_space || special || space_break) result.single_quoted = false;
  if (found.flow) result.flow_plain = false;
  if (found.block) result.block_plain = false;
  return result;
}

ScalarStyle scalar_style(const std::string& text, const ScalarAnalysis& analysis, bool simple_key,
                         bool flow) {
  if (yaml_meaning(text) == YamlMeaning::text) {
    const bool key_forbids = simple_key && (analysis.empty || analysis.multiline);
    // libyaml and older readers stumble over colons inside brackets.
    const bool flow_forbids = flow && text.find_first_of(":?") != std::string::npos;
    if (!key_forbids && !flow_forbids && (flow ? analysis.flow_plain : analysis.block_plain)) {
      return ScalarStyle::plain;
    }
  }
  if (text.find('\'') != std::string::npos || text.find('\n') != std::string::npos) {
    return ScalarStyle::double_quoted;
  }
  if (analysis.single_quoted && !(simple_key && analysis.multiline)) {
    return ScalarStyle::single_quoted;
  }
  return ScalarStyle::double_quoted;
}

std::u32string to_code_points(std::string_view utf8) {
  std::u32string result;
  result.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      c = (c << 6U) | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    }
    result += c;
    i += length;
  }
  return result;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | (c >> 6U));
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | (c >> 12U));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | (c >> 18U));
    put(0x80U | ((c >> 12U) & 0x3FU));
    put(0x80U | ((c >> 6U) & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

}  // namespace mlopsctl
