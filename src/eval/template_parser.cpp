// Expressions of templates, by recursive descent in Jinja's order of precedence.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "eval/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl::eval {

namespace {

constexpr std::size_t max_depth = 40;

[[noreturn]] void refuse(const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::config, what, hint);
}

constexpr const char* precompute =
    "put what it computes into a column of the data, and name the column here";

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  Parser(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  Expression whole() {
    Expression result = sum(0);
    refuse_logic();
    return result;
  }
  std::size_t at() {
    blanks();
    return at_;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) < 4) ++at_;
  }
  char peek() {
    blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse(fmt::format("the template needs {} at {}", quote({&c, 1}), here()), "");
  }
  std::string here() {
    blanks();
    return at_ < text_.size() ? quote(text_.substr(at_, 20)) : "its end";
  }
  std::string_view word() {
    blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void refuse_logic() {
    constexpr std::array words{"if", "else", "is", "in", "not", "and", "or"};
    const std::size_t before = at_;
    const std::string found(word());
    at_ = before;
    if (std::ranges::find(words, found) != words.end()) {
      refuse(fmt::format("the template has Jinja logic ({}), which is not supported", quote(found)),
             precompute);
    }
    const char c = peek();
    if (std::string_view("<>=!*/%").find(c) != std::string_view::npos && c != '\0') {
      refuse(fmt::format("the template has the operator {}, which is not supported",
                         quote(std::string_view(&c, 1))),
             precompute);
    }
    if (c == '-' && !text_.substr(at_).starts_with("-}}")) {
      refuse("the template has the operator '-', which is not supported", precompute);
    }
  }

  Expression sum(std::size_t depth) {
    if (depth > max_depth) refuse("the template is nested too deeply", precompute);
    Expression left = joined(depth);
    while (take('+')) left = pair(Expression::Kind::add, std::move(left), joined(depth));
    return left;
  }
  Expression joined(std::size_t depth) {
    Expression left = postfix(depth);
    while (take('~')) left = pair(Expression::Kind::concat, std::move(left), postfix(depth));
    return left;
  }
  static Expression pair(Expression::Kind kind, Expression left, Expression right) {
    Expression both{.kind = kind};
    both.parts.push_back(std::move(left));
    both.parts.push_back(std::move(right));
    return both;
  }

  Expression postfix(std::size_t depth) {
    Expression value = primary(depth);
    for (std::size_t steps = 0;; ++steps) {
      if (steps > max_depth) refuse("the template is nested too deeply", precompute);
      if (take('.')) {
        value = member(std::move(value), depth);
      } else if (take('[')) {
        value = subscript(std::move(value), depth);
      } else if (take('|')) {
        value = filtered(std::move(value), depth);
      } else {
        return value;
      }
    }
  }

  Expression member(Expression of, std::size_t depth) {
    const std::string name(word());
    if (name.empty()) refuse("the template has a '.' without a name", "");
    Expression out{.kind = Expression::Kind::attribute, .name = name};
    out.parts.push_back(std::move(of));
    if (!take('(')) return out;
    out.kind = Expression::Kind::call;
    arguments(out, depth);
    return out;
  }
  Expression filtered(Expression of, std::size_t depth) {
    const std::string name(word());
    Expression out{.kind = Expression::Kind::call, .name = "|" + name};
    out.parts.push_back(std::move(of));
    if (take('(')) arguments(out, depth);
    return out;
  }
  void arguments(Expression& call, std::size_t depth) {
    while (!take(')')) {
      call.parts.push_back(sum(depth + 1));
      refuse_logic();
      if (peek() != ')') expect(',');
    }
  }

  Expression subscript(Expression of, std::size_t depth) {
    Expression out{.kind = Expression::Kind::index};
    out.parts.push_back(std::move(of));
    if (peek() != ':') {
      out.parts.push_back(sum(depth + 1));
      refuse_logic();
      out.has_begin = true;
    }
    if (take(':')) {
      out.kind = Expression::Kind::slice;
      if (peek() == ':') refuse("slices with a step are not supported", precompute);
      if (peek() != ']') {
        out.parts.push_back(sum(depth + 1));
        refuse_logic();
        out.has_end = true;
      }
    }
    expect(']');
    return out;
  }

  Expression primary(std::size_t depth) {
    const char c = peek();
    if (c == '"' || c == '\'') return {.literal = YamlValue::of_text(text_literal(c))};
    if (is_digit(c) || c == '-') return number();
    if (take('(')) {
      Expression inside = sum(depth + 1);
      refuse_logic();
      expect(')');
      return inside;
    }
    if (take('[')) return list(depth);
    if (c == '{') refuse("maps in templates are not supported", precompute);
    const std::string name(word());
    if (name.empty()) refuse(fmt::format("the template is not understood at {}", here()), "");
    if (name == "true" || name == "True") return {.literal = YamlValue::of_bool(true)};
    if (name == "false" || name == "False") return {.literal = YamlValue::of_bool(false)};
    if (name == "none" || name == "None") return {};
    if (peek() == '(') {
      refuse(fmt::format("the template calls {}, which is not supported", quote(name + "()")),
             precompute);
    }
    if (name == "not") {
      refuse("the template has Jinja logic ('not'), which is not supported", precompute);
    }
    return {.kind = Expression::Kind::column, .name = name};
  }
  Expression list(std::size_t depth) {
    Expression out{.kind = Expression::Kind::list};
    while (!take(']')) {
      out.parts.push_back(sum(depth + 1));
      refuse_logic();
      if (peek() != ']') expect(',');
    }
    return out;
  }
  Expression number() {
    const std::size_t begin = at_;
    if (text_[at_] == '-') ++at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
    const auto given = text_.substr(begin, at_ - begin);
    if (const auto integer = parse_integer(given)) {
      return {.literal = YamlValue::of_integer(*integer)};
    }
    const auto real = parse_number(given);
    if (!real) refuse(fmt::format("the template has no number at {}", quote(given)), "");
    return {.literal = YamlValue::of_real(*real)};
  }
  std::string text_literal(char mark) {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != mark; ++at_) {
      char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      }
      out += c;
    }
    if (at_ == text_.size()) refuse("the template has a text without its closing quote", "");
    ++at_;
    return out;
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace

Expression parse_expression(std::string_view text, std::size_t& at) {
  Parser parser(text, at);
  Expression expression = parser.whole();
  at = parser.at();
  return expression;
}

}  // namespace mlopsctl::eval
