#include "formats/python_literal.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include "formats/yaml_number.hpp"
#include "formats/yaml_scalar_style.hpp"

#include <algorithm>
#include <string>

namespace mlopsctl {

namespace {

constexpr int max_literal_depth = 60;

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<YamlValue> whole() {
    auto value = node(0);
    if (!value) return std::nullopt;
    blanks();
    if (peek() == ',') {  // a tuple without brackets
      YamlValue tuple = YamlValue::empty_list();
      tuple.items.push_back(std::move(*value));
      while (take(',')) {
        blanks();
        if (at_ == text_.size()) break;
        auto item = node(0);
        if (!item) return std::nullopt;
        tuple.items.push_back(std::move(*item));
        blanks();
      }
      value = std::move(tuple);
    }
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }

  void blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
        at_ += 2;
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::optional<YamlValue> node(int depth) {
    if (depth > max_literal_depth) return std::nullopt;
    blanks();
    const char c = peek();
    if (c == '[') return sequence(']', depth);
    if (c == '(') return sequence(')', depth);
    if (c == '{') return braces(depth);
    if (c == '+' || c == '-') return negated(depth);
    if ((c >= '0' && c <= '9') || c == '.') return number();
    return word();
  }

  std::optional<YamlValue> negated(int depth) {
    const bool minus = text_[at_++] == '-';
    auto value = node(depth + 1);
    if (!value || !value->is_number()) return std::nullopt;
    if (!minus) return value;
    if (value->kind == YamlKind::real) return YamlValue::of_real(-value->real);
    if (value->text.starts_with('-')) {
      value->text.erase(0, 1);
    } else if (value->text != "0") {
      value->text.insert(value->text.begin(), '-');
    }
    return value;
  }

  std::optional<YamlValue> number() {
    const std::size_t start = at_;
    const bool prefixed = peek() == '0' && at_ + 1 < text_.size() &&
                          std::string_view("xXoObB").find(text_[at_ + 1]) != std::string_view::npos;
    bool real = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent = !prefixed && (c == 'e' || c == 'E');
      if (c == '.' || exponent) real = true;
      if (!word_character(c) && c != '.') break;
      ++at_;
      if (exponent && (peek() == '+' || peek() == '-')) ++at_;
    }
    const std::string spelled = to_lower(text_.substr(start, at_ - start));
    if (real) {
      const auto value = yaml_real(spelled);
      return value ? std::optional(YamlValue::of_real(*value)) : std::nullopt;
    }
    if (yaml_meaning(spelled) != YamlMeaning::integer) return std::nullopt;
    auto digits = yaml_integer(spelled);
    if (!digits) return std::nullopt;
    YamlValue value = YamlValue::of_integer(0);
    value.text = std::move(*digits);
    return value;
  }

  std::optional<YamlValue> word() {
    const std::size_t start = at_;
    while (word_character(peek())) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    if (peek() == '"' || peek() == '\'') return strings(name);
    if (name == "True") return YamlValue::of_bool(true);
    if (name == "False") return YamlValue::of_bool(false);
    if (name == "None") return YamlValue{};
    return std::nullopt;
  }

  // Strings that stand next to each other are one.
  std::optional<YamlValue> strings(std::string_view prefix) {
    std::string out;
    std::string letters(prefix);
    while (true) {
      const std::string low = to_lower(letters);
      if (low != "" && low != "r" && low != "u") return std::nullopt;  // bytes and f-strings
      if (!string(low == "r", out)) return std::nullopt;
      blanks();
      const std::size_t start = at_;
      while (word_character(peek())) ++at_;
      if (peek() != '"' && peek() != '\'') {
        at_ = start;
        return YamlValue::of_text(std::move(out));
      }
      letters = text_.substr(start, at_ - start);
    }
  }

  bool string(bool raw, std::string& out) {
    const char quote = text_[at_];
    const bool triple = text_.substr(at_, 3) == std::string(3, quote);
    at_ += triple ? 3 : 1;
    while (at_ < text_.size()) {
      if (triple ? text_.substr(at_, 3) == std::string(3, quote) : text_[at_] == quote) {
        at_ += triple ? 3 : 1;
        return true;
      }
      if (text_[at_] != '\\') {
        out += text_[at_++];
        continue;
      }
      if (raw) {
        out += text_[at_++];
        if (at_ < text_.size()) out += text_[at_++];
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& out) {
    ++at_;
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view from = "\\'\"abfnrtv", to = "\\'\"\a\b\f\n\r\t\v";
    if (c == '\n') return true;
    if (const auto known = from.find(c); known != std::string_view::npos) {
      out += to[known];
      return true;
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (c == 'N') return false;  // names of characters
    if (digits > 0) return code_point(digits, 16, out);
    if (c >= '0' && c <= '7') {
      --at_;
      return code_point(3, 8, out);
    }
    out += '\\';
    out += c;
    return true;
  }

  bool code_point(std::size_t digits, unsigned base, std::string& out) {
    unsigned code = 0;
    std::size_t taken = 0;
    while (taken < digits && at_ < text_.size()) {
      const char c = static_cast<char>(text_[at_] | 0x20);
      unsigned digit = 99;
      if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
      if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
      if (digit >= base) break;
      code = code * base + digit;
      ++taken;
      ++at_;
    }
    if (base == 16 && taken < digits) return false;
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    append_utf8(out, code);
    return true;
  }

  std::optional<YamlValue> sequence(char close, int depth) {
    ++at_;
    YamlValue list = YamlValue::empty_list();
    bool comma = false;
    while (true) {
      blanks();
      if (take(close)) break;
      if (!list.items.empty() && !comma) return std::nullopt;
      auto item = node(depth + 1);
      if (!item) return std::nullopt;
      list.items.push_back(std::move(*item));
      blanks();
      comma = take(',');
    }
    // (1) is no tuple.
    if (close == ')' && list.items.size() == 1 && !comma) return std::move(list.items[0]);
    return list;
  }

  std::optional<YamlValue> braces(int depth) {
    ++at_;
    YamlValue map = YamlValue::empty_map();
    YamlValue set = YamlValue::empty_list();
    bool comma = true;
    while (true) {
      blanks();
      if (take('}')) return set.items.empty() ? map : set;
      if (!comma) return std::nullopt;
      auto key = node(depth + 1);
      if (!key) return std::nullopt;
      blanks();
      if (take(':')) {
        auto value = node(depth + 1);
        if (!value || !put(map, *key, std::move(*value))) return std::nullopt;
      } else {
        set.items.push_back(std::move(*key));
      }
      blanks();
      comma = take(',');
    }
  }

  static bool put(YamlValue& map, const YamlValue& key, YamlValue value) {
    if (key.is_list() || key.is_map()) return false;
    YamlEntry entry{.key = template_key(key), .key_kind = key.kind, .key_span = {}, .value = {}};
    for (auto& other : map.entries) {
      if (other.key_kind != entry.key_kind || other.key != entry.key) continue;
      other.value = std::move(value);
      return true;
    }
    entry.value = std::move(value);
    map.entries.push_back(std::move(entry));
    return true;
  }

  static std::string template_key(const YamlValue& key) {
    if (key.kind == YamlKind::boolean) return key.boolean ? "true" : "false";
    if (key.kind == YamlKind::real) return python_float(key.real);
    return key.text;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<YamlValue> python_literal(std::string_view text) { return Parser(text).whole(); }

}  // namespace mlopsctl
