#include "drift/drawn_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::drift {

Rows drawn(const Matrix& matrix, std::uint64_t limit, std::mt19937_64& random) {
  Rows rows{.columns = matrix.columns()};
  const std::uint64_t all = matrix.rows();
  std::uint64_t wanted = std::min(limit, all);
  rows.values.reserve(wanted * rows.columns);
  std::vector<double> row(rows.columns);
  for (std::uint64_t i = 0; i < all && wanted > 0; ++i) {
    if (unit(random) * static_cast<double>(all - i) >= static_cast<double>(wanted)) continue;
    --wanted;
    copy_row(matrix, i, row);
    const bool usable = std::ranges::all_of(
        row, [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); });
    if (!usable) continue;
    for (const double value : row) rows.values.push_back(static_cast<float>(value));
  }
  return rows;
}

}  // namespace mlopsctl::drift
