// The grammar of jinja2/parser.py.
#include "mlopsctl/base/text.hpp"

#include "tokenizer/jinja/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mlopsctl::jinja {

// A template may not use up the stack.
class ExpressionParser::Depth {
 public:
  explicit Depth(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.depth_ > 100) parser_.fail("an expression is nested too deeply");
  }
  ~Depth() { --parser_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  ExpressionParser& parser_;
};

const Token& ExpressionParser::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token ExpressionParser::next() {
  Token token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool ExpressionParser::at_symbol(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::symbol && peek(ahead).text == symbol;
}

bool ExpressionParser::at_name(std::string_view name, std::size_t ahead) const {
  return peek(ahead).kind == Token::Kind::name && peek(ahead).text == name;
}

bool ExpressionParser::take_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) return false;
  next();
  return true;
}

bool ExpressionParser::take_name(std::string_view name) {
  if (!at_name(name)) return false;
  next();
  return true;
}

void ExpressionParser::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) fail(fmt::format("'{}' is missing", symbol));
}

std::string ExpressionParser::expect_name() {
  if (!at(Token::Kind::name)) fail("a name is missing");
  return next().text;
}

void ExpressionParser::fail(const std::string& what) const { throw Syntax{peek().line, what}; }

void ExpressionParser::unexpected() const {
  const std::string& text = peek().text;
  fail(text.empty() ? "an expression is not complete" : fmt::format("unexpected {}", quote(text)));
}

ExpressionPtr ExpressionParser::make(Expression::Kind kind, std::string text) const {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->line = peek().line;
  made->text = std::move(text);
  return made;
}

ExpressionPtr ExpressionParser::binary(std::string text, ExpressionPtr left,
                                       ExpressionPtr right) const {
  ExpressionPtr made = make(Expression::Kind::binary, std::move(text));
  made->operands.push_back(std::move(left));
  made->operands.push_back(std::move(right));
  return made;
}

ExpressionPtr ExpressionParser::tuple() {
  ExpressionPtr first = expression();
  if (!at_symbol(",")) return first;
  ExpressionPtr list = make(Expression::Kind::list);
  list->operands.push_back(std::move(first));
  while (take_symbol(",")) {
    const bool ended = at(Token::Kind::block_end) || at(Token::Kind::print_end) || at_symbol(")");
    if (ended) break;
    list->operands.push_back(expression());
  }
  return list;
}

ExpressionPtr ExpressionParser::expression() {
  const Depth depth(*this);
  ExpressionPtr value = without_condition();
  while (take_name("if")) {
    ExpressionPtr made = make(Expression::Kind::condition);
    made->operands.push_back(std::move(value));
    made->operands.push_back(without_condition());
    made->operands.push_back(take_name("else") ? expression() : nullptr);
    value = std::move(made);
  }
  return value;
}

ExpressionPtr ExpressionParser::without_condition() {
  ExpressionPtr left = conjunction();
  while (take_name("or")) left = binary("or", std::move(left), conjunction());
  return left;
}

ExpressionPtr ExpressionParser::conjunction() {
  ExpressionPtr left = negation();
  while (take_name("and")) left = binary("and", std::move(left), negation());
  return left;
}

ExpressionPtr ExpressionParser::negation() {
  if (!at_name("not")) return comparison();
  const Depth depth(*this);
  next();
  ExpressionPtr made = make(Expression::Kind::unary, "not");
  made->operands.push_back(negation());
  return made;
}

// a < b < c is a < b and b < c; what is in the middle is a plain value in every template seen, and
// is evaluated once for each comparison.
ExpressionPtr ExpressionParser::comparison() {
  static constexpr std::array<std::string_view, 6> symbols{"==", "!=", "<", ">", "<=", ">="};
  ExpressionPtr left = sum();
  bool chained = false;
  while (true) {
    std::string name;
    if (at(Token::Kind::symbol) && std::ranges::find(symbols, peek().text) != symbols.end()) {
      name = next().text;
    } else if (take_name("in")) {
      name = "in";
    } else if (at_name("not") && at_name("in", 1)) {
      next();
      next();
      name = "not in";
    } else {
      return left;
    }
    if (chained) fail("a chain of comparisons is not supported");
    chained = true;
    left = binary(name, std::move(left), sum());
  }
}

ExpressionPtr ExpressionParser::sum() {
  ExpressionPtr left = concatenation();
  while (at_symbol("+") || at_symbol("-")) {
    std::string symbol = next().text;
    left = binary(std::move(symbol), std::move(left), concatenation());
  }
  return left;
}

ExpressionPtr ExpressionParser::concatenation() {
  ExpressionPtr left = product();
  while (take_symbol("~")) left = binary("~", std::move(left), product());
  return left;
}

ExpressionPtr ExpressionParser::product() {
  ExpressionPtr left = power();
  while (at_symbol("*") || at_symbol("/") || at_symbol("//") || at_symbol("%")) {
    std::string symbol = next().text;
    left = binary(std::move(symbol), std::move(left), power());
  }
  return left;
}

ExpressionPtr ExpressionParser::power() {
  ExpressionPtr left = unary(true);
  while (take_symbol("**")) left = binary("**", std::move(left), unary(true));
  return left;
}

ExpressionPtr ExpressionParser::unary(bool with_filters) {
  const Depth depth(*this);
  ExpressionPtr value;
  if (at_symbol("-") || at_symbol("+")) {
    value = make(Expression::Kind::unary, next().text);
    value->operands.push_back(unary(false));
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::primary() {
  const Token token = peek();
  ExpressionPtr made = make(Expression::Kind::constant);
  switch (token.kind) {
    case Token::Kind::name:
      next();
      if (token.text == "true" || token.text == "True") {
        made->constant = true;
      } else if (token.text == "false" || token.text == "False") {
        made->constant = false;
      } else if (token.text != "none" && token.text != "None") {
        made->kind = Expression::Kind::name;
        made->text = token.text;
      }
      return made;
    case Token::Kind::text: {
      std::string text = next().text;
      while (at(Token::Kind::text)) text += next().text;
      made->constant = std::move(text);
      return made;
    }
    case Token::Kind::integer: {
      std::int64_t value = 0;
      const auto result =
          std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
      if (result.ec != std::errc{}) fail("a number is too large");
      made->constant = value;
      next();
      return made;
    }
    case Token::Kind::real:
      made->constant = parse_number(token.text).value_or(0);
      next();
      return made;
    default:
      break;
  }
  if (at_symbol("(") || at_symbol("[")) return bracketed();
  if (at_symbol("{")) return dictionary();
  unexpected();
}

// A list, a tuple, which is treated as a list, or an expression in parentheses.
ExpressionPtr ExpressionParser::bracketed() {
  const bool is_list = next().text == "[";
  const std::string_view close = is_list ? "]" : ")";
  ExpressionPtr list = make(Expression::Kind::list);
  bool has_comma = false;
  while (!at_symbol(close)) {
    if (!list->operands.empty()) {
      expect_symbol(",");
      has_comma = true;
      if (at_symbol(close)) break;
    }
    list->operands.push_back(expression());
  }
  next();
  if (is_list || has_comma || list->operands.empty()) return list;
  return std::move(list->operands.front());
}

ExpressionPtr ExpressionParser::dictionary() {
  next();
  ExpressionPtr dict = make(Expression::Kind::dict);
  while (!at_symbol("}")) {
    if (!dict->operands.empty()) expect_symbol(",");
    if (at_symbol("}")) break;
    dict->operands.push_back(expression());
    expect_symbol(":");
    dict->operands.push_back(expression());
  }
  next();
  return dict;
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr value) {
  while (true) {
    ExpressionPtr made;
    if (take_symbol(".")) {
      if (at(Token::Kind::integer)) fail("an index after a point is not supported");
      made = make(Expression::Kind::attribute, expect_name());
    } else if (at_symbol("[")) {
      value = subscript(std::move(value));
      continue;
    } else if (at_symbol("(")) {
      made = make(Expression::Kind::call);
      made->arguments = arguments();
    } else {
      return value;
    }
    made->operands.push_back(std::move(value));
    value = std::move(made);
  }
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr value) {
  next();
  ExpressionPtr made = make(Expression::Kind::item);
  made->operands.push_back(std::move(value));
  made->operands.push_back(at_symbol(":") ? nullptr : expression());
  if (at_symbol(":")) {
    made->kind = Expression::Kind::slice;
    while (take_symbol(":")) {
      const bool given = !at_symbol(":") && !at_symbol("]");
      made->operands.push_back(given ? expression() : nullptr);
    }
    if (made->operands.size() > 4) fail("a slice has too many parts");
    made->operands.resize(4);
  }
  expect_symbol("]");
  return made;
}

ExpressionPtr ExpressionParser::filters(ExpressionPtr value) {
  while (true) {
    if (take_symbol("|")) {
      ExpressionPtr made = make(Expression::Kind::filter, expect_name());
      made->operands.push_back(std::move(value));
      if (at_symbol("(")) made->arguments = arguments();
      value = std::move(made);
    } else if (take_name("is")) {
      value = test(std::move(value));
    } else if (at_symbol("(")) {
      ExpressionPtr made = make(Expression::Kind::call);
      made->arguments = arguments();
      made->operands.push_back(std::move(value));
      value = std::move(made);
    } else {
      return value;
    }
  }
}

bool ExpressionParser::at_test_argument() const {
  switch (peek().kind) {
    case Token::Kind::name:
      return !at_name("else") && !at_name("or") && !at_name("and") && !at_name("is") &&
             !at_name("if") && !at_name("in") && !at_name("not");
    case Token::Kind::text:
    case Token::Kind::integer:
    case Token::Kind::real:
      return true;
    default:
      return at_symbol("[") || at_symbol("{");
  }
}

ExpressionPtr ExpressionParser::test(ExpressionPtr value) {
  const bool negated = take_name("not");
  ExpressionPtr made = make(Expression::Kind::test, expect_name());
  made->operands.push_back(std::move(value));
  if (at_symbol("(")) {
    made->arguments = arguments();
  } else if (at_test_argument()) {
    made->arguments.positional.push_back(postfix(primary()));
  }
  if (!negated) return made;
  ExpressionPtr opposite = make(Expression::Kind::unary, "not");
  opposite->operands.push_back(std::move(made));
  return opposite;
}

CallArguments ExpressionParser::arguments() {
  const Depth depth(*this);
  CallArguments result;
  expect_symbol("(");
  bool first = true;
  while (!at_symbol(")")) {
    if (!std::exchange(first, false)) {
      expect_symbol(",");
      if (at_symbol(")")) break;
    }
    if (at_symbol("*") || at_symbol("**")) fail("'*' in arguments is not supported");
    if (at(Token::Kind::name) && at_symbol("=", 1)) {
      std::string name = next().text;
      next();
      result.named.emplace_back(std::move(name), expression());
    } else {
      result.positional.push_back(expression());
    }
  }
  next();
  return result;
}

}  // namespace mlopsctl::jinja
