// What a template says.
#pragma once

#include "tokenizer/jinja/value.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};

struct Expression {
  enum class Kind {
    constant,
    name,
    list,       // operands
    dict,       // operands: key, value, key, value…
    attribute,  // operands[0].text
    item,       // operands[0][operands[1]]
    slice,      // operands[0][operands[1]:operands[2]:operands[3]], null where left out
    call,       // operands[0](arguments)
    filter,     // operands[0] | text(arguments)
    test,       // operands[0] is text(arguments)
    unary,      // text operands[0]: not, -, +
    binary,     // operands[0] text operands[1]
    condition,  // operands[0] if operands[1] else operands[2], which may be null
  };
  Kind kind;
  std::size_t line = 0;
  std::string text{};
  Value constant{};
  std::vector<ExpressionPtr> operands{};
  CallArguments arguments{};
};

struct Statement;
using Body = std::vector<Statement>;

struct Branch {
  ExpressionPtr condition;  // null: else
  Body body;
};

struct Parameter {
  std::string name;
  ExpressionPtr otherwise;  // null: there is no default
};

struct Statement {
  enum class Kind {
    data,       // text
    print,      // value
    condition,  // branches
    loop,       // for targets in value if filter: body, else otherwise
    set,        // targets = value, or to what the body writes
    set_field,  // text.field = value, of a namespace
    macro,      // text(parameters): body
    with,       // targets = values: body
    group,      // body
    loop_break,
    loop_continue,
  };
  Kind kind;
  std::size_t line = 0;
  std::string text{};
  std::string field{};
  ExpressionPtr value{};
  ExpressionPtr filter{};
  std::vector<std::string> targets{};
  std::vector<ExpressionPtr> values{};
  std::vector<Branch> branches{};
  std::vector<Parameter> parameters{};
  Body body{};
  Body otherwise{};
};

}  // namespace mlopsctl::jinja
