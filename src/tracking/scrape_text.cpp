#include "tracking/scrape_text.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace mlopsctl::scrape {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_key_char(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '/' || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Length of a %, s or ms that directly follows a number.
std::size_t unit_length(std::string_view text) {
  for (const std::string_view unit : {"ms", "s", "%"})
    if (text.starts_with(unit) && (text.size() == unit.size() || !is_key_char(text[unit.size()])))
      return unit.size();
  return 0;
}

// What may follow a value. A '.' only as the end of a sentence.
bool ends_value(std::string_view rest) {
  if (rest.empty()) return true;
  if (rest[0] == '.') return rest.size() == 1 || is_space(rest[1]);
  return std::string_view{" \t,;|)]}'\""}.find(rest[0]) != std::string_view::npos;
}

struct Key {
  std::size_t end = 0;    // of the identifier
  std::size_t value = 0;  // where its value would begin; 0: no separator follows
  bool colon = false;
  bool spaced = false;  // "key: value"
};

Key key_at(std::string_view line, std::size_t begin) {
  Key key{.end = begin};
  while (key.end < line.size() && is_key_char(line[key.end])) ++key.end;
  const std::size_t separator = skip_spaces(line, key.end);
  if (separator >= line.size() || (line[separator] != '=' && line[separator] != ':')) return key;
  if (separator > key.end + 1) return key;
  key.colon = line[separator] == ':';
  key.value = skip_spaces(line, separator + 1);
  key.spaced = key.value > separator + 1;
  return key;
}

bool starts_key(std::string_view line, std::size_t at) {
  if (!is_letter(line[at])) return false;
  return at == 0 || std::string_view{" \t,;|([{'\":>"}.find(line[at - 1]) != std::string_view::npos;
}

// "Note: 3 files" is prose; "step: 3 loss: 0.5" is not.
bool goes_on_as_prose(std::string_view line, std::size_t after) {
  const std::size_t next = skip_spaces(line, after);
  return next < line.size() && next > after && is_letter(line[next]) &&
         key_at(line, next).value == 0;
}

bool is_noise(std::string_view key) {
  constexpr std::array<std::string_view, 6> names{"v_num", "version", "port",
                                                  "pid",   "line",    "lineno"};
  const std::string lower = to_lower(key);
  return std::find(names.begin(), names.end(), lower) != names.end();
}

}  // namespace

std::string without_escapes(std::string_view text) {
  constexpr char escape = '\x1b';
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == escape && i + 1 < text.size() && text[i + 1] == '[') {
      i += 2;
      while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
    } else if (c == escape && i + 1 < text.size() && text[i + 1] == ']') {
      while (i < text.size() && text[i] != '\a' && !(text[i] == '\\' && text[i - 1] == escape)) ++i;
    } else if (c == escape) {
      ++i;
    } else if (c == '\t' || static_cast<unsigned char>(c) >= 0x20) {
      if (c != '\x7f') result += c;
    }
  }
  return result;
}

std::optional<Number> leading_number(std::string_view text) {
  std::size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) at = 1;
  const double sign = negative ? -1.0 : 1.0;
  for (const std::string_view word : {"infinity", "inf", "nan"}) {
    if (to_lower(text.substr(at, word.size())) != word) continue;
    const std::size_t end = at + word.size();
    if (end < text.size() && is_key_char(text[end]) && text[end] != '.') return std::nullopt;
    const double value = word == "nan" ? std::numeric_limits<double>::quiet_NaN()
                                       : sign * std::numeric_limits<double>::infinity();
    return Number{.value = value, .length = end};
  }
  if (at >= text.size() || !(is_digit(text[at]) || text[at] == '.')) return std::nullopt;
  double value = 0;
  const char* begin = text.data() + at;
  const auto [end, failed] = std::from_chars(begin, text.data() + text.size(), value);
  if (failed == std::errc::invalid_argument) return std::nullopt;
  const std::string_view used{begin, static_cast<std::size_t>(end - begin)};
  if (failed ==
      std::errc::result_out_of_range)  // from_chars leaves the value alone: 1e999 or 1e-999
    value = used.find("e-") != std::string_view::npos || used.find("E-") != std::string_view::npos
                ? 0.0
                : std::numeric_limits<double>::infinity();
  return Number{.value = sign * value,
                .length = at + used.size(),
                .integral = used.find_first_not_of("0123456789") == std::string_view::npos};
}

bool is_step_key(std::string_view key) {
  constexpr std::array<std::string_view, 6> names{"step", "global_step", "iteration",
                                                  "iter", "iters",       "train_step"};
  const std::string lower = to_lower(key);
  return std::find(names.begin(), names.end(), lower) != names.end();
}

std::vector<Value> pair_values(std::string_view line) {
  std::vector<Value> values;
  for (std::size_t at = 0; at < line.size();) {
    if (!starts_key(line, at)) {
      ++at;
      continue;
    }
    const Key key = key_at(line, at);
    const std::string_view name = line.substr(at, key.end - at);
    at = key.end;
    if (key.value == 0) continue;
    const auto number = leading_number(line.substr(key.value));
    if (!number) continue;
    std::size_t after = key.value + number->length;
    const bool step = is_step_key(name);
    if (step && after < line.size() && line[after] == '/') {  // "step: 100/1000"
      const auto total = leading_number(line.substr(after + 1));
      if (total) after += 1 + total->length;
    }
    after += unit_length(line.substr(after));
    if (!ends_value(line.substr(after))) continue;
    if (key.colon && number->integral && !step &&
        (!key.spaced || goes_on_as_prose(line, after)))  // host:8080, file.py:12, "Note: 3 files"
      continue;
    if (!is_noise(name)) values.push_back({std::string{name}, number->value});
    at = after;
  }
  return values;
}

std::optional<Bar> progress_bar(std::string_view line) {
  const auto percent = line.find("%|");
  if (percent == std::string_view::npos || percent == 0 || !is_digit(line[percent - 1]))
    return std::nullopt;
  std::size_t label_end = percent;
  while (label_end > 0 && is_digit(line[label_end - 1])) --label_end;
  const auto meter_end = line.find('|', percent + 2);
  if (meter_end == std::string_view::npos) return std::nullopt;
  const std::string_view counter = line.substr(skip_spaces(line, meter_end + 1));
  Bar bar;
  const auto [slash, bad_n] =
      std::from_chars(counter.data(), counter.data() + counter.size(), bar.n);
  const char* const end = counter.data() + counter.size();
  if (bad_n != std::errc{} || slash == end || *slash != '/') return std::nullopt;
  const auto [rest, bad_total] = std::from_chars(slash + 1, end, bar.total);
  if (bad_total != std::errc{} || rest == end || *rest != ' ') return std::nullopt;
  if (bar.n < 0 || bar.total <= 0 || bar.n > bar.total) return std::nullopt;
  bar.rest = counter.substr(static_cast<std::size_t>(rest - counter.data()));
  std::string_view label = trim(line.substr(0, label_end));
  if (label.ends_with(':')) label.remove_suffix(1);
  bar.label = label;
  return bar;
}

}  // namespace mlopsctl::scrape
