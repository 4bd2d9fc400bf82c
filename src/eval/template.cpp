// Templates: texts with expressions between {{ and }}.
#include "eval/template.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::eval {

namespace {

constexpr std::string_view blank = " \t\r\n";

void strip_end(std::string& text) {
  const auto last = text.find_last_not_of(blank);
  text.erase(last == text.npos ? 0 : last + 1);
}

void add_columns(const Expression& expression, std::vector<std::string>& names) {
  if (expression.kind == Expression::Kind::column) names.push_back(expression.name);
  for (const Expression& part : expression.parts) add_columns(part, names);
}

}  // namespace

Template Template::parse(std::string_view text) {
  Template out;
  std::size_t at = 0;
  bool strips = false;  // what follows begins after white space
  while (at < text.size()) {
    std::size_t open = text.find('{', at);
    while (open != text.npos && text.substr(open, 2) != "{{" && text.substr(open, 2) != "{%" &&
           text.substr(open, 2) != "{#") {
      open = text.find('{', open + 1);
    }
    std::string before(text.substr(at, open == text.npos ? text.npos : open - at));
    if (strips) before.erase(0, std::min(before.find_first_not_of(blank), before.size()));
    const bool minus = open != text.npos && text.substr(open + 2).starts_with('-');
    if (minus) strip_end(before);
    if (!before.empty()) out.parts_.push_back({std::move(before), nullptr});
    if (open == text.npos) break;
    if (text[open + 1] == '%') {
      const auto close = text.find("%}", open);
      throw Error(ErrorKind::config,
                  fmt::format("the template has Jinja logic ({}), which is not supported",
                              quote(text.substr(open, close == text.npos ? 20 : close + 2 - open))),
                  "put what it computes into a column of the data, and name the column here");
    }
    at = open + 2 + (minus ? 1 : 0);
    if (text[open + 1] == '#') {
      const auto close = text.find("#}", at);
      if (close == text.npos)
        throw Error(ErrorKind::config, "the template has a '{#' without '#}'");
      strips = text[close - 1] == '-';
      at = close + 2;
      continue;
    }
    auto expression = std::make_shared<Expression>(parse_expression(text, at));
    strips = text.substr(at).starts_with('-');
    if (strips) ++at;
    if (!text.substr(at).starts_with("}}")) {
      throw Error(ErrorKind::config,
                  fmt::format("the template needs '}}}}' at {}",
                              at < text.size() ? quote(text.substr(at, 20)) : "its end"));
    }
    at += 2;
    out.parts_.push_back({{}, std::move(expression)});
  }
  return out;
}

std::string Template::render(const YamlValue& row) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.expression ? python_str(evaluate(*part.expression, row)) : part.text;
  }
  return out;
}

YamlValue Template::value(const YamlValue& row) const {
  if (parts_.size() == 1 && parts_.front().expression) {
    return evaluate(*parts_.front().expression, row);
  }
  return YamlValue::of_text(render(row));
}

std::vector<std::string> Template::columns() const {
  std::vector<std::string> names;
  for (const Part& part : parts_) {
    if (part.expression) add_columns(*part.expression, names);
  }
  return names;
}

}  // namespace mlopsctl::eval
