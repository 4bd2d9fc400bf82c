// Matrix products in double precision, by cuBLAS.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace mlopsctl::compute::cuda {

// out = factor·op(left)·op(right) + keep·out, columns first, as cublasDgemm. Each object is one
// cuBLAS handle. Throws Error{unavailable} if there is no cuBLAS of the right version.
class Products {
 public:
  explicit Products(cudaStream_t stream);
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;
  ~Products();

  struct Matrix {
    const double* data;
    std::int64_t leading;
    bool transposed;
  };
  void multiply(std::int64_t rows, std::int64_t columns, std::int64_t inner, Matrix left,
                Matrix right, double keep, double* out, std::int64_t leading);

 private:
  void* handle_ = nullptr;
};

}  // namespace mlopsctl::compute::cuda
