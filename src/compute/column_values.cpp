#include "mlopsctl/compute/columns.hpp"

#include "compute/columns.hpp"

namespace mlopsctl {

void copy_columns(const Matrix& matrix, std::uint64_t first, std::uint64_t count,
                  std::uint64_t row_begin, std::uint64_t row_end, double* out, std::size_t stride) {
  compute::copy_columns(matrix, first, count, row_begin, row_end, out, stride);
}

}  // namespace mlopsctl
