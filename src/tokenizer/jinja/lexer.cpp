#include "tokenizer/jinja/lexer.hpp"

#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/strings.hpp"
#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mlopsctl::jinja {

namespace {

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Every line end is \n, and one at the end of the template does not count.
std::string with_plain_lines(std::string_view source) {
  std::string result;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      result += source[i];
      continue;
    }
    result += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (result.ends_with('\n')) result.pop_back();
  return result;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(with_plain_lines(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) outside();
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Syntax{line_, what}; }
  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool follows(std::string_view text) const { return rest().starts_with(text); }

  void add(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), line_});
  }

  void skip(std::size_t count) {
    line_ += static_cast<std::size_t>(
        std::ranges::count(std::string_view(source_).substr(at_, count), '\n'));
    at_ += count;
  }
  void skip_space() { skip(rest().size() - stripped(rest(), true, false).size()); }

  // Text up to the next tag, and the tag.
  void outside() {
    std::size_t tag = source_.find('{', at_);
    while (tag != std::string::npos && !begins_tag(tag)) tag = source_.find('{', tag + 1);
    if (tag == std::string::npos) {
      add_data(rest());
      skip(rest().size());
      return;
    }
    std::string_view text = rest().substr(0, tag - at_);
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const bool print = source_[tag + 1] == '{';
    if (sign == '-') {
      text = stripped(text, false, true);
    } else if (sign != '+' && !print) {
      text = without_indent(text);
    }
    add_data(text);
    skip(tag - at_);
    if (source_[at_ + 1] == '#') {
      comment();
    } else {
      inside(print, sign == '-' || (sign == '+' && !print));
    }
  }

  bool begins_tag(std::size_t at) const {
    return at + 1 < source_.size() &&
           std::string_view("{%#").find(source_[at + 1]) != std::string::npos;
  }

  void add_data(std::string_view text) {
    if (!text.empty()) add(Token::Kind::data, std::string(text));
  }

  // lstrip_blocks: white space between the beginning of the line and a block tag goes.
  std::string_view without_indent(std::string_view text) const {
    const std::size_t line_end = text.rfind('\n');
    if (line_end == std::string_view::npos && !at_line_start()) return text;
    const std::size_t begin = line_end == std::string_view::npos ? 0 : line_end + 1;
    return stripped(text.substr(begin), true, false).empty() ? text.substr(0, begin) : text;
  }
  bool at_line_start() const { return at_ == 0 || source_[at_ - 1] == '\n'; }

  // The end of a block or comment, and what goes with it: all white space after '-', otherwise
  // (trim_blocks) one line end.
  void close(char sign, std::size_t length) {
    skip(length);
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && follows("\n")) {
      skip(1);
    }
  }

  void comment() {
    const std::size_t end = source_.find("#}", at_ + 2);
    if (end == std::string::npos) fail("a comment does not end");
    const char sign = end > at_ + 2 ? source_[end - 1] : '\0';
    close(sign, end + 2 - at_);
  }

  void inside(bool print, bool has_sign) {
    add(print ? Token::Kind::print_begin : Token::Kind::block_begin, "");
    skip(has_sign ? 3 : 2);
    const std::size_t first = tokens_.size();
    brackets_.clear();
    while (!ends(print)) {
      skip_space();
      if (at_ == source_.size()) fail("a tag does not end");
      if (!ends(print)) inner_token();
    }
    const bool raw = !print && tokens_.size() == first + 1 && tokens_[first].text == "raw";
    const char sign = source_[at_];
    const bool has_end_sign = sign == '-' || sign == '+';
    add(print ? Token::Kind::print_end : Token::Kind::block_end, "");
    const std::size_t length = has_end_sign ? 3 : 2;
    if (print) {
      skip(length);
      if (sign == '-') skip_space();
    } else {
      close(sign, length);
    }
    if (raw) raw_text();
  }

  // Inside brackets, "}}" ends dictionaries.
  bool ends(bool print) const {
    if (!brackets_.empty()) return false;
    return print ? follows("}}") || follows("-}}")
                 : follows("%}") || follows("-%}") || follows("+%}");
  }

  void raw_text() {
    tokens_.resize(tokens_.size() - 3);  // {% raw %}
    for (std::size_t at = at_;; ++at) {
      at = source_.find("{%", at);
      if (at == std::string::npos) fail("raw does not end");
      std::size_t name = at + 2;
      const char sign = name < source_.size() ? source_[name] : '\0';
      if (sign == '-' || sign == '+') ++name;
      while (name < source_.size() && source_[name] == ' ') ++name;
      if (!std::string_view(source_).substr(name).starts_with("endraw")) continue;
      const std::size_t end = source_.find("%}", name);
      if (end == std::string::npos) fail("endraw does not end");
      std::string_view text = rest().substr(0, at - at_);
      text = sign == '-' ? stripped(text, false, true) : sign == '+' ? text : without_indent(text);
      add_data(text);
      close(source_[end - 1], end + 2 - at_);
      return;
    }
  }

  void inner_token() {
    const char c = source_[at_];
    if (is_name_start(c)) {
      std::size_t end = at_;
      while (end < source_.size() && (is_name_start(source_[end]) || is_digit(source_[end]))) ++end;
      add(Token::Kind::name, source_.substr(at_, end - at_));
      skip(end - at_);
    } else if (is_digit(c)) {
      number();
    } else if (c == '\'' || c == '"') {
      string(c);
    } else {
      symbol();
    }
  }

  void number() {
    std::string digits;
    std::size_t end = at_;
    const auto take = [&] {
      while (end < source_.size() && (is_digit(source_[end]) || source_[end] == '_')) {
        if (source_[end] != '_') digits += source_[end];
        ++end;
      }
    };
    take();
    bool real = false;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      real = true;
      digits += source_[end++];
      take();
    }
    add(real ? Token::Kind::real : Token::Kind::integer, digits);
    skip(end - at_);
  }

  void symbol() {
    static constexpr std::array<std::string_view, 6> doubles{"==", "!=", "<=", ">=", "//", "**"};
    for (const std::string_view two : doubles) {
      if (!follows(two)) continue;
      add(Token::Kind::symbol, std::string(two));
      return skip(2);
    }
    const char c = source_[at_];
    if (std::string_view("+-*/%~<>=|.,:()[]{}").find(c) == std::string_view::npos) {
      fail(fmt::format("unexpected {}", quote(rest().substr(0, 1))));
    }
    if (std::string_view("([{").find(c) != std::string_view::npos) brackets_ += c;
    if (std::string_view(")]}").find(c) != std::string_view::npos) {
      if (brackets_.empty()) fail(fmt::format("'{}' closes nothing", c));
      brackets_.pop_back();
    }
    add(Token::Kind::symbol, std::string(1, c));
    skip(1);
  }

  // Python's escapes.
  void string(char quote_sign) {
    std::string text;
    std::size_t at = at_ + 1;
    while (true) {
      if (at >= source_.size()) fail("a string does not end");
      const char c = source_[at++];
      if (c == quote_sign) break;
      if (c != '\\') {
        text += c;
        continue;
      }
      if (at >= source_.size()) fail("a string does not end");
      escape(text, at);
    }
    add(Token::Kind::text, std::move(text));
    skip(at - at_);
  }

  void escape(std::string& text, std::size_t& at) const {
    const char c = source_[at++];
    switch (c) {
      case 'n':
        text += '\n';
        break;
      case 't':
        text += '\t';
        break;
      case 'r':
        text += '\r';
        break;
      case 'a':
        text += '\a';
        break;
      case 'b':
        text += '\b';
        break;
      case 'f':
        text += '\f';
        break;
      case 'v':
        text += '\v';
        break;
      case '\\':
      case '\'':
      case '"':
        text += c;
        break;
      case '\n':
        break;
      case 'x':
        tokens::append_point(text, hexadecimal(at, 2));
        break;
      case 'u':
        tokens::append_point(text, hexadecimal(at, 4));
        break;
      case 'U':
        tokens::append_point(text, hexadecimal(at, 8));
        break;
      default:
        if (is_digit(c)) fail("an octal escape in a string is not supported");
        text += '\\';
        text += c;
    }
  }

  char32_t hexadecimal(std::size_t& at, std::size_t count) const {
    std::uint32_t value = 0;
    const std::string_view digits = std::string_view(source_).substr(at, count);
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value, 16);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (digits.size() != count || result.ptr != end || value > 0x10FFFF || surrogate) {
      fail("an escape in a string is no character");
    }
    at += count;
    return value;
  }

  std::string source_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::string brackets_;  // that are open
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view source) { return Lexer(source).run(); }

}  // namespace mlopsctl::jinja
