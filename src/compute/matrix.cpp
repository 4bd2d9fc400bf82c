#include "mlopsctl/compute/matrix.hpp"

#include "compute/columns.hpp"

namespace mlopsctl {

std::uint64_t Matrix::rows() const {
  std::uint64_t sum = 0;
  for (const MatrixPart& part : parts) sum += part.rows;
  return sum;
}

void copy_row(const Matrix& matrix, std::uint64_t row, std::span<double> out) {
  compute::copy_columns<double>(matrix, 0, matrix.columns(), row, row + 1, out.data(), 1);
}

}  // namespace mlopsctl
