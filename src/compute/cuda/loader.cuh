// Brings columns of a matrix to the GPU: several threads fill pinned buffers from the mapped files
// while the GPU copies from others. Float rows are turned to columns there, everything else here.
#pragma once

#include "compute/columns.hpp"
#include "compute/cuda/column_kernels.cuh"
#include "compute/parallel.hpp"
#include "gpu/memory.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <type_traits>
#include <vector>

namespace mlopsctl::compute::cuda {

using gpu::check;
using gpu::DeviceArray;
using gpu::PinnedBytes;
using gpu::Stream;

template <class T>
class Loader {
 public:
  explicit Loader(unsigned threads) : threads_(std::clamp(threads, 1U, 16U)) {
    for (unsigned i = 0; i < threads_; ++i) lanes_.push_back(std::make_unique<Lane>());
    for (auto& lane : lanes_) idle_.push_back(lane.get());
  }

  // Columns [first, first + count) of all rows, to columns `stride` values apart.
  void load(const Matrix& matrix, std::uint64_t first, unsigned count, T* columns,
            std::uint64_t stride) {
    const std::uint64_t rows_at_once = std::max<std::uint64_t>(1, lane_bytes / (count * sizeof(T)));
    std::uint64_t above = 0;
    for (const MatrixPart& part : matrix.parts) {
      Matrix one;
      one.parts.push_back(part);
      parallel_for((part.rows + rows_at_once - 1) / rows_at_once, threads_, [&](std::size_t slab) {
        Lane& lane = take();
        const std::uint64_t begin = slab * rows_at_once;
        const std::uint64_t rows = std::min(part.rows - begin, rows_at_once);
        copy(lane, one, {first, count, begin, rows}, columns + above + begin, stride);
        lane.stream.wait();
        const std::lock_guard lock(mutex_);
        idle_.push_back(&lane);
      });
      above += part.rows;
    }
  }

 private:
  static constexpr std::size_t lane_bytes = std::size_t{8} << 20;
  struct Lane {
    PinnedBytes pinned{lane_bytes};
    DeviceArray<std::byte> slab{lane_bytes};
    Stream stream;
  };
  struct Slab {
    std::uint64_t first;
    unsigned count;
    std::uint64_t begin, rows;
  };

  Lane& take() {
    const std::lock_guard lock(mutex_);
    Lane& lane = *idle_.back();
    idle_.pop_back();
    return lane;
  }

  static bool is_float_rows(const MatrixPart& part) {
    return std::is_same_v<T, float> && part.type == NumberType::f32 && !part.swapped &&
           part.column_stride == sizeof(float);
  }

  void copy(Lane& lane, const Matrix& matrix, Slab slab, T* columns, std::uint64_t stride) {
    const MatrixPart& part = matrix.parts.front();
    if (is_float_rows(part)) {
      const std::size_t row_bytes = slab.count * sizeof(float);
      const std::byte* from = part.data + static_cast<std::int64_t>(slab.begin) * part.row_stride +
                              slab.first * sizeof(float);
      if (part.row_stride == static_cast<std::int64_t>(row_bytes)) {
        std::memcpy(lane.pinned.data(), from, slab.rows * row_bytes);
      } else {
        for (std::uint64_t row = 0; row < slab.rows; ++row)
          std::memcpy(lane.pinned.data() + row * row_bytes,
                      from + static_cast<std::int64_t>(row) * part.row_stride, row_bytes);
      }
      check(cudaMemcpyAsync(lane.slab.data(), lane.pinned.data(), slab.rows * row_bytes,
                            cudaMemcpyHostToDevice, lane.stream),
            "copy to the GPU");
      const dim3 grid(static_cast<unsigned>((slab.rows + 31) / 32), (slab.count + 31) / 32);
      turn_slab<<<grid, dim3(32, 8), 0, lane.stream>>>(
          reinterpret_cast<const float*>(lane.slab.data()), slab.rows, slab.count,
          reinterpret_cast<float*>(columns), stride);
      check(cudaGetLastError(), "start a kernel");
      return;
    }
    auto* turned = reinterpret_cast<T*>(lane.pinned.data());
    copy_columns<T>(matrix, slab.first, slab.count, slab.begin, slab.begin + slab.rows, turned,
                    slab.rows);
    check(cudaMemcpy2DAsync(columns, stride * sizeof(T), turned, slab.rows * sizeof(T),
                            slab.rows * sizeof(T), slab.count, cudaMemcpyHostToDevice, lane.stream),
          "copy to the GPU");
  }

  unsigned threads_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> idle_;
  std::mutex mutex_;
};

}  // namespace mlopsctl::compute::cuda
