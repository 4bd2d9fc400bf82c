// A grid of character cells to draw curves on: Braille gives 2×4 dots a cell, ASCII one.
#pragma once

#include "mlopsctl/platform/terminal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// How one curve is told from the others.
struct Pen {
  Style style = Style::plain;
  std::string_view glyph = "*";  // draws the curve where there is no Braille
};

class Canvas {
 public:
  Canvas(int columns, int rows, bool unicode);

  // Size in dots; the dot (0, 0) is at the lower left.
  int dots_wide() const { return columns_ * dots_across_; }
  int dots_high() const { return rows_ * dots_down_; }
  int column_of(int dot_x) const { return dot_x / dots_across_; }
  int row_of(int dot_y) const { return rows_ - 1 - dot_y / dots_down_; }

  // A straight line of dots; both ends must lie on the canvas.
  void line(int x0, int y0, int x1, int y1, const Pen& pen);

  // A character instead of dots. Row 0 is the uppermost.
  void put(int column, int row, std::string_view character, Style style);

  bool has_text(int column, int row) const { return !cell(column, row).text.empty(); }

  // One row with styles as escape sequences if `color`; blanks at the end are left out.
  std::string row_text(int row, bool color) const;

 private:
  struct Cell {
    std::uint8_t dots = 0;  // bits of the Braille pattern
    std::string_view text;  // shown instead of the dots
    Style style = Style::plain;
  };

  Cell& cell(int column, int row);
  const Cell& cell(int column, int row) const;
  void dot(int x, int y, const Pen& pen);

  int columns_;
  int rows_;
  int dots_across_;
  int dots_down_;
  std::vector<Cell> cells_;
};

}  // namespace mlopsctl
