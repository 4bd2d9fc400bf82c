// Text around a terminal plot: fitting labels into columns and the legend below the axis.
#pragma once

#include "mlopsctl/platform/terminal.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

// Printable text of at most `width` columns, marked by an ellipsis ('~' in ASCII) where it was cut.
std::string fitted(const std::string& text, int width, bool unicode);

struct LegendEntry {
  std::string marker;
  std::string label;
  Style style = Style::plain;
};

// Entries flow from left to right in aligned columns. Where more than max_lines would be needed the
// last entry counts the ones left out.
std::vector<std::string> legend_lines(const std::vector<LegendEntry>& entries, int width,
                                      int max_lines, bool unicode, bool color);

}  // namespace mlopsctl
