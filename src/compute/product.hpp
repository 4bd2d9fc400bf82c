// A matrix product of our own: OpenBLAS would cost every command 2 ms at its start, or a search for
// a library that may not be there; this one gets half of the processor's peak, which is enough
// here.
#pragma once

#include <cstddef>

namespace mlopsctl::compute {

struct ProductSize {
  std::size_t rows, columns, inner;
};
// Element (i, j) is at data[i*row_stride + j*column_stride].
struct Factor {
  const double* data;
  std::size_t row_stride, column_stride;
};
// out[i*stride + j] = Σ_k left(i, k)·right(k, j). One thread.
void multiply(ProductSize size, Factor left, Factor right, double* out, std::size_t stride);

}  // namespace mlopsctl::compute
