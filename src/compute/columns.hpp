// Columns of a matrix, whatever its number types, strides and byte order, as contiguous arrays.
#pragma once

#include "mlopsctl/compute/matrix.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace mlopsctl::compute {

// A buffer of T that is not initialised, on huge pages where the system has them.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t count);

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(T* data) const;
  };
  std::unique_ptr<T[], Free> data_;
  std::size_t size_ = 0;
};

// Writes value (row, column) of rows [row_begin, row_end) and columns [first, first + count) to
// out[(column - first)*stride + row - row_begin]. Negative zeros become zeros. T holds every value
// of the matrix exactly (see common_value_type), or is double. T is float, double, int64_t or
// uint64_t.
template <class T>
void copy_columns(const Matrix& matrix, std::uint64_t first, std::uint64_t count,
                  std::uint64_t row_begin, std::uint64_t row_end, T* out, std::size_t stride);

}  // namespace mlopsctl::compute
