// Columns of a matrix as doubles, whatever its number types, strides and byte order.
#pragma once

#include "mlopsctl/compute/matrix.hpp"

#include <cstddef>
#include <cstdint>

namespace mlopsctl {

// Writes value (row, column) of rows [row_begin, row_end) and columns [first, first + count) to
// out[(column - first) * stride + row - row_begin]. Negative zeros become zeros; integers beyond
// 2^53 are rounded.
void copy_columns(const Matrix& matrix, std::uint64_t first, std::uint64_t count,
                  std::uint64_t row_begin, std::uint64_t row_end, double* out, std::size_t stride);

}  // namespace mlopsctl
