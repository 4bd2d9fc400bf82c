#include "mlopsctl/compute/matrix.hpp"

namespace mlopsctl {

std::uint64_t Matrix::rows() const {
  std::uint64_t sum = 0;
  for (const MatrixPart& part : parts) sum += part.rows;
  return sum;
}

}  // namespace mlopsctl
