// Does a response end where its author stopped? The log's finish reason says so; without one, by
// its look.
#include "mlopsctl/base/text.hpp"

#include "quality/measure.hpp"

#include <algorithm>

namespace mlopsctl::quality {

namespace {

bool is_fence_open(std::string_view text) {
  bool open = false;
  for (std::size_t at = text.find("```"); at != text.npos; at = text.find("```", at)) {
    open = !open;
    at = std::min(text.find_first_not_of('`', at), text.size());
  }
  return open;
}

// More brackets opened than closed in a text that begins as JSON.
bool is_bracket_open(std::string_view text) {
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  std::int64_t depth = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (inside && c == '\\') {
      ++at;
    } else if (c == '"') {
      inside = !inside;
    } else if (!inside) {
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    }
  }
  return depth > 0;
}

std::string_view last_line(std::string_view text) {
  const std::size_t end = text.rfind('\n');
  return trim(end == text.npos ? text : text.substr(end + 1));
}

// Lines that end without a full stop by nature: items, headings, rows of tables, links.
bool needs_no_stop(std::string_view line) {
  constexpr std::string_view beginnings = "-*+#|>";
  if (line.empty() || beginnings.find(line.front()) != beginnings.npos ||
      line.starts_with("\xE2\x80\xA2")) {  // a bullet
    return true;
  }
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits != line.npos && digits > 0 && (line[digits] == '.' || line[digits] == ')'))
    return true;
  const std::size_t word = line.rfind(' ');
  return line.find("://", word == line.npos ? 0 : word) != line.npos;
}

// The last character is one that sentences go on behind: a letter, a digit, a comma, an open
// bracket. Scripts without full stops are left out.
bool ends_inside(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  const std::uint32_t c = next_code_point(text, at);
  if (c == ',' || c == ';' || c == ':' || c == '(' || c == '[' || c == '{' || c == 0x3001) {
    return true;
  }
  Script script{};
  if (script_of(c, script) && script == Script::thai) return false;
  const CharacterClass kind = class_of(c);
  return kind == CharacterClass::letter || kind == CharacterClass::digit;
}

bool looks_cut(std::string_view text, double words, std::uint64_t least_words) {
  if (is_fence_open(text) || is_bracket_open(text)) return true;
  if (words < static_cast<double>(least_words) || text.empty()) return false;
  return !needs_no_stop(last_line(text)) && ends_inside(text);
}

}  // namespace

void measure_truncation(const RuleSet& rules, Prepared& response,
                        std::optional<std::string_view> finish_reason, Values values) {
  if (finish_reason && !finish_reason->empty()) {
    values.flag(Id::truncated, std::ranges::find(rules.truncation.reasons, *finish_reason) !=
                                   rules.truncation.reasons.end());
    return;
  }
  values.flag(Id::truncated,
              looks_cut(response.trimmed, values[Id::words], rules.truncation.least_words));
}

}  // namespace mlopsctl::quality
