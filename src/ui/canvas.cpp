#include "ui/canvas.hpp"

#include <algorithm>
#include <cstdlib>

namespace mlopsctl {

namespace {

// Unicode numbers the dots of a Braille cell down the columns, with the fourth row added later.
// Index: row from the top, then column.
constexpr std::uint8_t braille_bits[4][2] = {
    {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

std::string braille(std::uint8_t dots) {  // U+2800 + dots as UTF-8
  return {'\xe2', static_cast<char>(0xa0 | (dots >> 6)), static_cast<char>(0x80 | (dots & 0x3f))};
}

}  // namespace

Canvas::Canvas(int columns, int rows, bool unicode)
    : columns_(columns),
      rows_(rows),
      dots_across_(unicode ? 2 : 1),
      dots_down_(unicode ? 4 : 1),
      cells_(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows)) {}

Canvas::Cell& Canvas::cell(int column, int row) {
  return cells_[static_cast<std::size_t>(row * columns_ + column)];
}

const Canvas::Cell& Canvas::cell(int column, int row) const {
  return cells_[static_cast<std::size_t>(row * columns_ + column)];
}

void Canvas::dot(int x, int y, const Pen& pen) {
  Cell& target = cell(column_of(x), row_of(y));
  target.style = pen.style;
  if (dots_down_ == 1) {
    target.text = pen.glyph;
  } else {
    target.dots |= braille_bits[3 - y % 4][x % 2];
  }
}

void Canvas::line(int x0, int y0, int x1, int y1, const Pen& pen) {
  // Bresenham.
  const int dx = std::abs(x1 - x0);
  const int dy = -std::abs(y1 - y0);
  const int step_x = x0 < x1 ? 1 : -1;
  const int step_y = y0 < y1 ? 1 : -1;
  int error = dx + dy;
  while (true) {
    dot(x0, y0, pen);
    if (x0 == x1 && y0 == y1) return;
    const int doubled = 2 * error;
    if (doubled >= dy) {
      error += dy;
      x0 += step_x;
    }
    if (doubled <= dx) {
      error += dx;
      y0 += step_y;
    }
  }
}

void Canvas::put(int column, int row, std::string_view character, Style style) {
  Cell& target = cell(column, row);
  target.text = character;
  target.style = style;
}

std::string Canvas::row_text(int row, bool color) const {
  auto blank = [&](int column) {
    return cell(column, row).text.empty() && cell(column, row).dots == 0;
  };
  int end = columns_;
  while (end > 0 && blank(end - 1)) --end;

  std::string result;
  std::string same_style;
  Style style = Style::plain;
  auto flush = [&] {
    if (!same_style.empty()) result += styled(same_style, style, color && style != Style::plain);
    same_style.clear();
  };
  for (int column = 0; column < end; ++column) {
    const Cell& current = cell(column, row);
    if (!blank(column) && current.style != style) {
      flush();
      style = current.style;
    }
    if (!current.text.empty()) {
      same_style += current.text;
    } else if (current.dots != 0) {
      same_style += braille(current.dots);
    } else {
      same_style += ' ';
    }
  }
  flush();
  return result;
}

}  // namespace mlopsctl
