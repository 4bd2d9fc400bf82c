// JSON with Python's extensions into the tree that YAML is read into.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include "formats/yaml_number.hpp"
#include "formats/yaml_scalar_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

namespace mlopsctl {

namespace {

constexpr std::size_t max_depth = 100;
constexpr std::size_t scan_limit = 16;

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  YamlValue read() {
    YamlValue value = node(0);
    blanks();
    if (at_ != text_.size()) fail("there is text after the value");
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    const auto until = text_.substr(0, std::min(at_, text_.size()));
    throw Error(ErrorKind::config,
                fmt::format("line {}: {}", std::ranges::count(until, '\n') + 1, what));
  }

  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) < 4) ++at_;
  }

  char peek() {
    blanks();
    if (at_ == text_.size()) fail("the text ends too early");
    return text_[at_];
  }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  YamlValue node(std::size_t depth) {
    if (depth > max_depth) fail("nested too deeply");
    const char c = peek();
    const std::size_t begin = at_;
    YamlValue value;
    if (c == '{') {
      value = map(depth);
    } else if (c == '[') {
      value = list(depth);
    } else if (c == '"') {
      value = YamlValue::of_text(string());
    } else if (!word(value)) {
      value = number();
    }
    value.span.begin = begin;
    value.span.end = at_;
    return value;
  }

  bool word(YamlValue& value) {
    const double infinity = std::numeric_limits<double>::infinity();
    if (take("null")) return true;
    if (take("true")) return value = YamlValue::of_bool(true), true;
    if (take("false")) return value = YamlValue::of_bool(false), true;
    if (take("NaN")) return value = YamlValue::of_real(std::nan("")), true;
    if (take("Infinity")) return value = YamlValue::of_real(infinity), true;
    if (take("-Infinity")) return value = YamlValue::of_real(-infinity), true;
    return false;
  }

  std::size_t digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - start;
  }

  YamlValue number() {
    const std::size_t start = at_;
    take("-");
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) fail("this is no JSON value");
    bool real = false;
    if (take(".")) {
      real = true;
      if (digits() == 0) fail("a number ends in its point");
    }
    if (take("e") || take("E")) {
      real = true;
      if (!take("+")) take("-");
      if (digits() == 0) fail("a number has an empty exponent");
    }
    const std::string_view spelled = text_.substr(start, at_ - start);
    if (real) return YamlValue::of_real(yaml_real(spelled).value_or(0));
    const auto integer = yaml_integer(spelled);
    if (!integer) fail("a number is too long");
    YamlValue value;
    value.kind = YamlKind::integer;
    value.text = *integer;
    return value;
  }

  std::uint32_t hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at_ < text_.size() ? text_[at_++] : '\0';
      const char low = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (low >= 'a' && low <= 'f') {
        code = code * 16 + static_cast<std::uint32_t>(low - 'a') + 10;
      } else {
        fail("\\u takes four hexadecimal digits");
      }
    }
    return code;
  }

  void escape(std::string& out) {
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
    const auto known = from.find(c);
    if (c != '\0' && known != std::string_view::npos) {
      out += to[known];
      return;
    }
    if (c != 'u') fail("an unknown escape in a string");
    std::uint32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && take("\\u")) {
      const std::uint32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) fail("half of a surrogate pair");
    append_utf8(out, code);
  }

  std::string string() {
    std::string out;
    ++at_;
    while (true) {
      if (at_ == text_.size()) fail("a string has no end");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string");
      if (c == '\\') {
        escape(out);
      } else {
        out += c;
      }
    }
  }

  YamlValue list(std::size_t depth) {
    YamlValue value = YamlValue::empty_list();
    ++at_;
    if (peek() == ']') return ++at_, value;
    while (true) {
      value.items.push_back(node(depth + 1));
      const char c = peek();
      ++at_;
      if (c == ']') return value;
      if (c != ',') fail("a list goes on with ',' or ends with ']'");
    }
  }

  YamlValue map(std::size_t depth) {
    YamlValue value = YamlValue::empty_map();
    std::unordered_map<std::string, std::size_t> index;
    ++at_;
    if (peek() == '}') return ++at_, value;
    while (true) {
      if (peek() != '"') fail("a key is a string in double quotes");
      std::string key = string();
      if (peek() != ':') fail("a key is followed by ':'");
      ++at_;
      put(value, std::move(key), node(depth + 1), index);
      const char c = peek();
      ++at_;
      if (c == '}') return value;
      if (c != ',') fail("an object goes on with ',' or ends with '}'");
    }
  }

  static void put(YamlValue& map, std::string key, YamlValue value,
                  std::unordered_map<std::string, std::size_t>& index) {
    if (map.entries.size() < scan_limit) {
      map.set(key, std::move(value));
      return;
    }
    if (index.empty()) {
      for (std::size_t i = 0; i < map.entries.size(); ++i) index[map.entries[i].key] = i;
    }
    const auto [found, fresh] = index.emplace(key, map.entries.size());
    if (fresh) {
      map.entries.push_back({.key = std::move(key), .key_span = {}, .value = std::move(value)});
    } else {
      map.entries[found->second].value = std::move(value);
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

YamlValue parse_json(std::string_view text) {
  if (!is_valid_utf8(text)) throw Error(ErrorKind::config, "line 1: this is not UTF-8 text");
  return JsonReader(text).read();
}

}  // namespace mlopsctl
