#include "mlopsctl/formats/yaml.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include <fmt/format.h>

#include <array>

namespace mlopsctl {

namespace {

class Flattener {
 public:
  explicit Flattener(std::string_view text) : text_(text) {}

  void take(const YamlValue& value, const std::string& path) {
    if (!value.is_map() && !value.is_list()) return add(value, path);
    const std::string before = path.empty() ? "" : path + ".";
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const std::string inner = before + std::to_string(i);
      refuse_foreign(value, value.items[i].span, inner);
      take(value.items[i], inner);
    }
    for (const auto& entry : value.entries) {
      refuse_foreign(value, entry.key_span, before + entry.key);
      take(entry.value, before + entry.key);
    }
  }

  std::vector<YamlScalar> scalars() && { return std::move(scalars_); }

 private:
  // What an alias or a merge key brought stands elsewhere: to edit it would change more than this.
  static void refuse_foreign(const YamlValue& holder, const YamlSpan& span,
                             const std::string& path) {
    if (span.begin >= holder.span.begin) return;
    throw Error(ErrorKind::config,
                fmt::format("line {}: {} comes from elsewhere by an alias, which "
                            "is not allowed here",
                            holder.span.line, quote(path)));
  }

  void add(const YamlValue& value, const std::string& path) {
    const auto written = text_.substr(value.span.begin, value.span.end - value.span.begin);
    scalars_.push_back({.path = path,
                        .value = value.is_text() ? value.text : std::string(written),
                        .line = value.span.line,
                        .begin = value.span.begin,
                        .end = value.span.end});
  }

  std::string_view text_;
  std::vector<YamlScalar> scalars_;
};

}  // namespace

std::vector<YamlScalar> read_yaml_scalars(std::string_view text) {
  const YamlValue root = parse_yaml(text);
  Flattener flattener(text);
  if (!root.is_null()) flattener.take(root, "");
  return std::move(flattener).scalars();
}

std::string yaml_scalar(std::string_view value) {
  constexpr std::array<std::string_view, 10> words{"true", "false", "yes",  "no", "on",
                                                   "off",  "null",  "none", "~",  "nan"};
  const std::string low = to_lower(value);
  bool plain = !value.empty() && !parse_number(value);
  for (const auto word : words) plain = plain && low != word;
  for (std::size_t i = 0; i < value.size() && plain; ++i) {
    const char c = value[i];
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '/' || c == '.' || (i > 0 && (c == '-' || c == '+'));
    plain = safe;
  }
  // 12:30 would be a sexagesimal integer to YAML 1.1; ':' is not in the safe set for that reason.
  if (plain) return std::string(value);
  if (parse_integer(value) && value[0] != '0' && value[0] != '+') return std::string(value);
  std::string result = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace mlopsctl
