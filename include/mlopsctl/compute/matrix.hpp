// Numeric matrices as they lie in memory or in a mapped file. No copy, no conversion.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace mlopsctl {

// rows × columns values, row r and column c at data + r*row_stride + c*column_stride (bytes; both
// orders).
struct MatrixPart {
  const std::byte* data = nullptr;
  NumberType type = NumberType::f32;
  bool swapped = false;  // the other byte order than this machine's
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;
  std::shared_ptr<const void> owner;  // keeps the mapping or the buffer alive
};

// Parts below each other: the same number of columns, the number types may differ.
struct Matrix {
  std::vector<MatrixPart> parts;

  std::uint64_t rows() const;
  std::uint64_t columns() const { return parts.empty() ? 0 : parts.front().columns; }
};

// Columns [first, first + count) of the same memory.
Matrix columns_of(const Matrix& matrix, std::uint64_t first, std::uint64_t count);

// Row `row` as doubles; `out` has room for all columns. For some rows, not for all: whole columns
// have faster ways.
void copy_row(const Matrix& matrix, std::uint64_t row, std::span<double> out);

}  // namespace mlopsctl
