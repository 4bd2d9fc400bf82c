#include "compute/column_comparer.hpp"
#include "compute/columns.hpp"
#include "compute/cpu_backend.hpp"
#include "compute/panels.hpp"
#include "compute/parallel.hpp"
#include "compute/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

namespace mlopsctl {

namespace compute {

namespace {

template <class T>
std::vector<ColumnComparison> compare_as(const Matrix& reference, const Matrix& current,
                                         const CompareOptions& options, unsigned threads,
                                         Progress& progress) {
  const std::uint64_t columns = reference.columns();
  const std::uint64_t rows1 = reference.rows(), rows2 = current.rows();
  const std::size_t stride1 = column_stride(rows1), stride2 = column_stride(rows2);
  const std::uint64_t width = panel_columns(stride1 + stride2, columns, sizeof(T));
  Buffer<T> panel(width * (stride1 + stride2));
  T* const left = panel.data();
  T* const right = left + width * stride1;
  const std::uint64_t slabs1 = (rows1 + slab_rows - 1) / slab_rows;
  const std::uint64_t slabs2 = (rows2 + slab_rows - 1) / slab_rows;

  std::vector<ColumnComparison> results(columns);
  std::mutex mutex;
  std::vector<std::unique_ptr<ColumnComparer<T>>> idle;  // those that no thread uses
  for (std::uint64_t first = 0; first < columns; first += width) {
    const std::uint64_t count = std::min(width, columns - first);
    parallel_for(slabs1 + slabs2, threads, [&](std::size_t slab) {
      const bool from_reference = slab < slabs1;
      const std::uint64_t begin = (from_reference ? slab : slab - slabs1) * slab_rows;
      const std::uint64_t rows = from_reference ? rows1 : rows2;
      copy_columns(from_reference ? reference : current, first, count, begin,
                   std::min(rows, begin + slab_rows), (from_reference ? left : right) + begin,
                   from_reference ? stride1 : stride2);
    });
    parallel_for(count, threads, [&](std::size_t i) {
      std::unique_ptr<ColumnComparer<T>> comparer;
      {
        const std::lock_guard lock(mutex);
        if (!idle.empty()) {
          comparer = std::move(idle.back());
          idle.pop_back();
        }
      }
      if (!comparer) comparer = std::make_unique<ColumnComparer<T>>();
      results[first + i] =
          comparer->compare(left + i * stride1, rows1, right + i * stride2, rows2, options);
      const std::lock_guard lock(mutex);
      idle.push_back(std::move(comparer));
    });
    progress.advance(count);
  }
  return results;
}

}  // namespace

CpuBackend::CpuBackend(unsigned threads) : threads_(thread_count(threads)) {}

std::string CpuBackend::name() const {
  return fmt::format("cpu, {} thread{}", threads_, threads_ == 1 ? "" : "s");
}

std::vector<ColumnComparison> CpuBackend::compare_columns(const Matrix& reference,
                                                          const Matrix& current,
                                                          const CompareOptions& options,
                                                          Progress& progress) {
  require_comparable(reference, current);
  progress.start("comparing features", reference.columns(), "features");
  auto results = with_value_type(common_value_type({&reference, &current}), [&]<class T>(T) {
    return compare_as<T>(reference, current, options, threads_, progress);
  });
  progress.finish();
  return results;
}

}  // namespace compute

std::unique_ptr<ComputeBackend> make_cpu_backend(unsigned threads) {
  return std::make_unique<compute::CpuBackend>(threads);
}

}  // namespace mlopsctl
