// Pieces of GitHub-flavoured Markdown, for step summaries and comments.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// Text that shows as it is, on one line, wherever it stands: no markup, no mention, no HTML.
std::string markdown_text(std::string_view text);

// `text` as code on one line, whatever back-ticks it holds; safe in a table's cell.
std::string markdown_code(std::string_view text);

struct MarkdownColumn {
  std::string header;
  bool right = false;
};
// Cells are Markdown already.
std::string markdown_table(std::span<const MarkdownColumn> columns,
                           std::span<const std::vector<std::string>> rows);

}  // namespace mlopsctl
