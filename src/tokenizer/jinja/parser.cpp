#include "tokenizer/jinja/parser.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace mlopsctl::jinja {

namespace {

class Parser : private ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body run() { return body({}); }

 private:
  // Statements up to a tag of one of these names, which is left; without names, to the end.
  Body body(std::initializer_list<std::string_view> ends) {
    if (++depth_ > 50) fail("statements are nested too deeply");
    Body statements;
    while (!at(Token::Kind::end)) {
      if (at(Token::Kind::data)) {
        statements.push_back(
            {.kind = Statement::Kind::data, .line = peek().line, .text = next().text});
      } else if (at(Token::Kind::print_begin)) {
        next();
        Statement print = statement(Statement::Kind::print);
        print.value = tuple();
        if (!at(Token::Kind::print_end)) unexpected();
        next();
        statements.push_back(std::move(print));
      } else {
        const bool ended = peek(1).kind == Token::Kind::name &&
                           std::ranges::find(ends, peek(1).text) != ends.end();
        if (ended) break;
        next();
        statements.push_back(tag());
      }
    }
    --depth_;
    return statements;
  }

  Statement statement(Statement::Kind kind) const { return {.kind = kind, .line = peek().line}; }

  void end_of_tag() {
    if (!at(Token::Kind::block_end)) unexpected();
    next();
  }

  // {% name %}
  void closing(std::string_view name) {
    if (at(Token::Kind::end)) fail(fmt::format("'{}' is missing", name));
    next();
    if (!take_name(name)) unexpected();
    end_of_tag();
  }

  Statement tag() {
    const std::string name = expect_name();
    if (name == "if") return condition();
    if (name == "for") return loop();
    if (name == "set") return set();
    if (name == "macro") return macro();
    if (name == "with") return with();
    if (name == "generation") {  // what a model wrote, marked for training
      Statement group = statement(Statement::Kind::group);
      end_of_tag();
      group.body = body({"endgeneration"});
      closing("endgeneration");
      return group;
    }
    if (name == "break" || name == "continue") {
      Statement jump =
          statement(name == "break" ? Statement::Kind::loop_break : Statement::Kind::loop_continue);
      if (loops_ == 0) fail(fmt::format("'{}' outside of a loop", name));
      end_of_tag();
      return jump;
    }
    fail(fmt::format("the statement {} is not supported", quote(name)));
  }

  Statement condition() {
    Statement made = statement(Statement::Kind::condition);
    Branch branch{tuple(), {}};
    while (true) {
      end_of_tag();
      branch.body = body({"elif", "else", "endif"});
      made.branches.push_back(std::move(branch));
      if (at(Token::Kind::end)) fail("'endif' is missing");
      next();
      const std::string name = next().text;
      if (name == "endif") break;
      branch = {name == "elif" ? tuple() : nullptr, {}};
    }
    end_of_tag();
    return made;
  }

  std::vector<std::string> targets() {
    const bool bracket = take_symbol("(");
    std::vector<std::string> names{expect_name()};
    while (take_symbol(",")) names.push_back(expect_name());
    if (bracket) expect_symbol(")");
    return names;
  }

  Statement loop() {
    Statement made = statement(Statement::Kind::loop);
    made.targets = targets();
    if (!take_name("in")) unexpected();
    made.value = without_condition();
    if (take_name("if")) made.filter = expression();
    if (at_name("recursive")) fail("a recursive loop is not supported");
    end_of_tag();
    ++loops_;
    made.body = body({"else", "endfor"});
    --loops_;
    if (at_name("else", 1)) {
      next();
      next();
      end_of_tag();
      made.otherwise = body({"endfor"});
    }
    closing("endfor");
    return made;
  }

  Statement set() {
    Statement made = statement(Statement::Kind::set);
    made.targets = targets();
    if (take_symbol(".")) {
      made.kind = Statement::Kind::set_field;
      made.text = made.targets.front();
      made.field = expect_name();
    }
    if (take_symbol("=")) {
      made.value = tuple();
      end_of_tag();
      return made;
    }
    if (at_symbol("|")) fail("a filter on a set block is not supported");
    end_of_tag();
    made.body = body({"endset"});
    closing("endset");
    return made;
  }

  Statement macro() {
    Statement made = statement(Statement::Kind::macro);
    made.text = expect_name();
    expect_symbol("(");
    while (!take_symbol(")")) {
      if (!made.parameters.empty()) expect_symbol(",");
      Parameter parameter{expect_name(), nullptr};
      if (take_symbol("=")) parameter.otherwise = expression();
      made.parameters.push_back(std::move(parameter));
    }
    end_of_tag();
    const std::size_t loops = std::exchange(loops_, 0);
    made.body = body({"endmacro"});
    loops_ = loops;
    closing("endmacro");
    return made;
  }

  Statement with() {
    Statement made = statement(Statement::Kind::with);
    while (!at(Token::Kind::block_end)) {
      if (!made.targets.empty()) expect_symbol(",");
      made.targets.push_back(expect_name());
      expect_symbol("=");
      made.values.push_back(expression());
    }
    end_of_tag();
    made.body = body({"endwith"});
    closing("endwith");
    return made;
  }

  std::size_t depth_ = 0;
  std::size_t loops_ = 0;
};

}  // namespace

Body parse(std::string_view source) { return Parser(tokens_of(source)).run(); }

}  // namespace mlopsctl::jinja
