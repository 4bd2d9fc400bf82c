// A template as tokens, with white space already as trim_blocks and lstrip_blocks leave it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::jinja {

struct Token {
  enum class Kind {
    data,         // text between tags
    block_begin,  // {%
    block_end,
    print_begin,  // {{
    print_end,
    name,
    text,  // a string literal, without quotes and escapes
    integer,
    real,
    symbol,  // an operator or a bracket
    end,
  };
  Kind kind = Kind::end;
  std::string text{};
  std::size_t line = 0;
};

// Throws Syntax.
std::vector<Token> tokens_of(std::string_view source);

struct Syntax {
  std::size_t line = 0;
  std::string what;
};

}  // namespace mlopsctl::jinja
