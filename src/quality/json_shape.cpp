// Is a response JSON where JSON is expected?
#include "mlopsctl/base/text.hpp"

#include "quality/measure.hpp"

namespace mlopsctl::quality {

namespace {

// What is inside a block of code that is the whole response, and whether it says that it is JSON.
std::string_view unfenced(std::string_view text, bool& says_json) {
  if (!text.starts_with("```")) return text;
  const std::size_t line = text.find('\n');
  if (line == text.npos) return text;
  says_json = to_lower(trim(text.substr(3, line - 3))) == "json";
  std::string_view inside = text.substr(line + 1);
  if (inside.ends_with("```")) {
    inside.remove_suffix(3);
  } else if (!says_json) {
    return text;
  }
  return trim(inside);
}

bool looks_like_json(std::string_view text) {
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  const std::size_t next = text.find_first_not_of(" \t\r\n", 1);
  if (next == text.npos) return false;
  const std::string_view begins = text.front() == '{' ? "\"}" : "{[\"]";
  return begins.find(text[next]) != begins.npos;
}

}  // namespace

void measure_json(const RuleSet& rules, Prepared& response, Values values) {
  values.set(Id::json, 0);
  values.set(Id::invalid_json, not_measured);
  if (rules.json.expected == JsonExpected::never) return;
  bool says_json = false;
  const std::string_view text = unfenced(response.trimmed, says_json);
  const bool expected =
      rules.json.expected == JsonExpected::always || says_json || looks_like_json(text);
  if (!expected) return;
  const bool valid = !text.empty() && response.json.parse(text).empty();
  values.flag(Id::json, valid);
  values.flag(Id::invalid_json, !valid);
}

}  // namespace mlopsctl::quality
