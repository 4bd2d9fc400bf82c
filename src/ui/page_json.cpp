#include "ui/page_json.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl {

std::string json_string(const std::string& text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  std::string result;
  for (char c : quoted) {
    switch (c) {
      case '<':
        result += "\\u003c";
        break;
      case '>':
        result += "\\u003e";
        break;
      case '&':
        result += "\\u0026";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string json_number(double value) {
  if (std::isnan(value)) return "null";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return number_text(value);
}

std::string json_numbers(const std::vector<double>& values) {
  std::string text = "[";
  for (double value : values) {
    if (text.size() > 1) text += ',';
    text += json_number(value);
  }
  return text + ']';
}

std::string json_short_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : json_number(value);
}

}  // namespace mlopsctl
