// Tokens to what they say.
#pragma once

#include "tokenizer/jinja/ast.hpp"
#include "tokenizer/jinja/lexer.hpp"

#include <string_view>

namespace mlopsctl::jinja {

// Throws Syntax for what is wrong, and for statements that are not supported.
Body parse(std::string_view source);

// Expressions, of the tokens that a statement's parser shares with it.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  ExpressionPtr expression();         // with a condition
  ExpressionPtr without_condition();  // up to "or": what a loop goes over
  ExpressionPtr tuple();              // one expression, or several with commas

 protected:
  const Token& peek(std::size_t ahead = 0) const;
  Token next();
  bool at(Token::Kind kind) const { return peek().kind == kind; }
  bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool at_name(std::string_view name, std::size_t ahead = 0) const;
  bool take_symbol(std::string_view symbol);
  bool take_name(std::string_view name);
  void expect_symbol(std::string_view symbol);
  std::string expect_name();
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void unexpected() const;

 private:
  class Depth;
  ExpressionPtr make(Expression::Kind kind, std::string text = {}) const;
  ExpressionPtr binary(std::string text, ExpressionPtr left, ExpressionPtr right) const;
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filters);
  ExpressionPtr primary();
  ExpressionPtr bracketed();
  ExpressionPtr dictionary();
  ExpressionPtr postfix(ExpressionPtr value);
  ExpressionPtr subscript(ExpressionPtr value);
  ExpressionPtr filters(ExpressionPtr value);
  ExpressionPtr test(ExpressionPtr value);
  bool at_test_argument() const;
  CallArguments arguments();

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace mlopsctl::jinja
