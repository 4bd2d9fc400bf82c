#include "mlopsctl/formats/markdown.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

std::string markdown_text(std::string_view text) {
  // As HTML entities, because a backslash does not stop a mention or a link.
  constexpr std::string_view special = R"(\`*_{}[]()<>#+!|~&@:/^$)";
  std::string result;
  for (const char c : printable(text)) {
    if (special.find(c) == std::string_view::npos) {
      result += c;
    } else {
      result += fmt::format("&#{};", static_cast<int>(c));
    }
  }
  return result;
}

std::string markdown_code(std::string_view text) {
  const std::string shown = printable(text);
  // In a code span entities are not read, and a bar would end a table's cell.
  const bool plain = !shown.empty() && shown.find_first_of("`|\\") == std::string::npos &&
                     shown.front() != ' ' && shown.back() != ' ';
  return plain ? fmt::format("`{}`", shown) : markdown_text(text);
}

std::string markdown_table(std::span<const MarkdownColumn> columns,
                           std::span<const std::vector<std::string>> rows) {
  std::string text, rule;
  for (const auto& column : columns) {
    text += fmt::format("| {} ", column.header);
    rule += column.right ? "| ---: " : "| --- ";
  }
  text += "|\n" + rule + "|\n";
  for (const auto& row : rows) text += fmt::format("| {} |\n", fmt::join(row, " | "));
  return text;
}

}  // namespace mlopsctl
