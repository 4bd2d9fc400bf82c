// The part of Jinja2 that task files need: {{ expressions }} over the columns of a row, with
// indexing, slices, string methods, + and ~ and a few filters. Logic is refused by name.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

struct Expression {
  enum class Kind { literal, column, list, attribute, index, slice, call, concat, add };
  Kind kind = Kind::literal;
  YamlValue literal;
  std::string name;  // of a column, an attribute, a method or a filter
  std::vector<Expression> parts;
  bool has_begin = false, has_end = false;  // of a slice: parts are value, [begin], [end]
};

class Template {
 public:
  // Throws Error{config} with what is not understood and, for logic, the way out.
  static Template parse(std::string_view text);

  // Jinja's rendering of a row. Throws Error{config} naming a column that is not there.
  std::string render(const YamlValue& row) const;
  // The value itself where the template is one expression and nothing else, so that lists stay
  // lists; otherwise the text.
  YamlValue value(const YamlValue& row) const;

  std::vector<std::string> columns() const;

 private:
  struct Part {
    std::string text;
    std::shared_ptr<const Expression> expression;  // none: the text
  };
  std::vector<Part> parts_;
};

// Reads one expression; `at` is moved behind it.
Expression parse_expression(std::string_view text, std::size_t& at);
YamlValue evaluate(const Expression& expression, const YamlValue& row);

}  // namespace mlopsctl::eval
