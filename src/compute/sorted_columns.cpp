#include "mlopsctl/compute/backend.hpp"
#include "mlopsctl/compute/sort.hpp"

#include "compute/columns.hpp"
#include "compute/panels.hpp"
#include "compute/parallel.hpp"
#include "compute/radix_sort.hpp"
#include "compute/values.hpp"

#include <algorithm>

namespace mlopsctl {

namespace {

template <class T>
void sort_as(const Matrix& matrix, unsigned threads,
             const std::function<void(std::uint64_t, const std::vector<double>&)>& take) {
  using namespace compute;
  const std::uint64_t columns = matrix.columns(), rows = matrix.rows();
  const std::size_t stride = column_stride(rows);
  const std::uint64_t width = panel_columns(stride, columns, sizeof(T));
  Buffer<T> panel(width * stride);
  for (std::uint64_t first = 0; first < columns; first += width) {
    const std::uint64_t count = std::min(width, columns - first);
    parallel_for((rows + slab_rows - 1) / slab_rows, threads, [&](std::size_t slab) {
      const std::uint64_t begin = slab * slab_rows;
      copy_columns(matrix, first, count, begin, std::min(rows, begin + slab_rows),
                   panel.data() + begin, stride);
    });
    parallel_for(count, threads, [&](std::size_t i) {
      const T* column = panel.data() + i * stride;
      std::vector<T> values, scratch;
      values.reserve(rows);
      std::copy_if(column, column + rows, std::back_inserter(values), is_finite<T>);
      radix_sort(values, scratch);
      take(first + i, std::vector<double>(values.begin(), values.end()));
    });
  }
}

}  // namespace

void sort_numbers(std::vector<double>& values) {
  std::vector<double> scratch;
  compute::radix_sort(values, scratch);
}

void sort_numbers(std::vector<std::int64_t>& values) {
  std::vector<std::int64_t> scratch;
  compute::radix_sort(values, scratch);
}

void for_each_sorted_column(
    const Matrix& matrix, unsigned threads,
    const std::function<void(std::uint64_t column, const std::vector<double>& sorted)>& take) {
  compute::with_value_type(compute::common_value_type({&matrix}), [&]<class T>(T) {
    sort_as<T>(matrix, compute::thread_count(threads), take);
  });
}

}  // namespace mlopsctl
