#include "mlopsctl/ui/plot.hpp"

#include "ui/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace mlopsctl {

namespace {

constexpr std::array<std::string_view, 8> blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> characters{"_", "-", "~", "=", "+", "*", "%", "#"};
constexpr std::string_view gap = ".";

// The mean of the finite values; without any, an infinity if there is one, else NaN.
double column_value(std::span<const double> values) {
  double mean = 0;
  double count = 0;
  double other = std::nan("");
  for (double value : values) {
    if (std::isfinite(value)) {
      ++count;
      mean += (value - mean) / count;
    } else if (std::isinf(value)) {
      other = value;
    }
  }
  return count > 0 ? mean : other;
}

}  // namespace

std::string sparkline(std::span<const double> y, int width, bool unicode) {
  if (width <= 0 || y.empty()) return {};
  const std::size_t columns = std::min(y.size(), static_cast<std::size_t>(width));
  std::vector<double> values;
  Range range;
  for (std::size_t column = 0; column < columns; ++column) {
    std::size_t begin = y.size() * column / columns;
    std::size_t end = y.size() * (column + 1) / columns;
    values.push_back(column_value(y.subspan(begin, end - begin)));
    range.include(values.back(), false);
  }

  const auto& levels = unicode ? blocks : characters;
  std::string line;
  for (double value : values) {
    if (std::isnan(value)) {
      line += gap;
      continue;
    }
    std::size_t level = 3;  // the middle: a constant series
    if (std::isinf(value)) {
      level = value > 0 ? levels.size() - 1 : 0;
    } else if (range.low < range.high) {
      double share = (value / 2 - range.low / 2) / (range.high / 2 - range.low / 2);
      level = static_cast<std::size_t>(std::lround(share * 7));
    }
    line += levels[level];
  }
  return line;
}

}  // namespace mlopsctl
