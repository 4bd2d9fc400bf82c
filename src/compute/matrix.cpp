#include "mlopsctl/compute/matrix.hpp"

#include "compute/columns.hpp"

namespace mlopsctl {

std::uint64_t Matrix::rows() const {
  std::uint64_t sum = 0;
  for (const MatrixPart& part : parts) sum += part.rows;
  return sum;
}

Matrix columns_of(const Matrix& matrix, std::uint64_t first, std::uint64_t count) {
  Matrix part = matrix;
  for (auto& one : part.parts) {
    one.data += static_cast<std::int64_t>(first) * one.column_stride;
    one.columns = count;
  }
  return part;
}

void copy_row(const Matrix& matrix, std::uint64_t row, std::span<double> out) {
  compute::copy_columns<double>(matrix, 0, matrix.columns(), row, row + 1, out.data(), 1);
}

}  // namespace mlopsctl
