// The kernels of column comparisons. Columns of a panel lie one after the other, `stride` values
// apart; "line" numbers them, the reference's first, then the current data's.
#pragma once

#include "compute/kernels.hpp"

#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

#include <cstdint>
#include <type_traits>

namespace mlopsctl::compute::cuda {

constexpr unsigned block = 512;
constexpr unsigned items = 8;                    // values a thread takes at a time
constexpr std::uint64_t chunk_rows = 1U << 17;   // of a column, for one block

template <class T>
struct Panel {
  const T* left;
  const T* right;
  std::uint64_t stride1, stride2;
  std::uint64_t rows1, rows2;
  unsigned width;  // columns

  __device__ const T* line(unsigned number) const {
    return number < width ? left + number * stride1 : right + (number - width) * stride2;
  }
  __device__ std::uint64_t rows(unsigned number) const { return number < width ? rows1 : rows2; }
};

// What one block saw of its chunk.
template <class T>
struct Part {
  T min, max;
  double sum;
  std::uint64_t finite, nan, infinite;
};

template <class T>
__device__ bool finite_value(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return isfinite(value);
  } else {
    return true;
  }
}

template <class T>
__device__ unsigned bucket_of(T value, Buckets<T> buckets) {
  constexpr double last = bucket_count - 1;
  if constexpr (std::is_same_v<T, float>) {
    const auto scale = static_cast<float>(buckets.scale);
    if (isfinite(scale) && scale >= 1.2e-38F) {
      const float at = (value - static_cast<float>(buckets.low)) * scale;
      return static_cast<unsigned>(fminf(fmaxf(at, 0.0F), static_cast<float>(last)));
    }
  }
  const double at = (static_cast<double>(value) - buckets.low) * buckets.scale;
  return static_cast<unsigned>(fmin(fmax(at, 0.0), last));
}

// Row-major floats of a slab to columns; a block turns 32 × 32 through shared memory.
__global__ void turn_slab(const float* slab, std::uint64_t rows, unsigned columns, float* out,
                          std::uint64_t stride) {
  __shared__ float cell[32][33];
  const std::uint64_t r0 = static_cast<std::uint64_t>(blockIdx.x) * 32;
  const unsigned c0 = blockIdx.y * 32;
  for (unsigned y = threadIdx.y; y < 32; y += 8) {
    if (r0 + y < rows && c0 + threadIdx.x < columns)
      cell[y][threadIdx.x] = slab[(r0 + y) * columns + c0 + threadIdx.x] + 0.0F;  // -0 becomes 0
  }
  __syncthreads();
  for (unsigned y = threadIdx.y; y < 32; y += 8) {
    if (c0 + y < columns && r0 + threadIdx.x < rows)
      out[(c0 + y) * stride + r0 + threadIdx.x] = cell[threadIdx.x][y];
  }
}

template <class T>
struct JoinParts {
  __device__ Part<T> operator()(const Part<T>& a, const Part<T>& b) const {
    if (a.finite == 0) return {b.min, b.max, b.sum, b.finite, a.nan + b.nan, a.infinite + b.infinite};
    if (b.finite == 0) return {a.min, a.max, a.sum, a.finite, a.nan + b.nan, a.infinite + b.infinite};
    return {b.min < a.min ? b.min : a.min, b.max > a.max ? b.max : a.max, a.sum + b.sum,
            a.finite + b.finite,           a.nan + b.nan,                 a.infinite + b.infinite};
  }
};

template <class T>
__global__ void __launch_bounds__(block) scan_lines(Panel<T> panel, Part<T>* parts) {
  const unsigned line = blockIdx.y;
  const T* values = panel.line(line);
  const std::uint64_t begin = blockIdx.x * chunk_rows;
  const std::uint64_t end = min(panel.rows(line), begin + chunk_rows);
  Part<T> part{};
  for (std::uint64_t i = begin + threadIdx.x; i < end; i += block) {
    const T value = values[i];
    if (!finite_value(value)) {
      if constexpr (std::is_floating_point_v<T>) {
        part.nan += isnan(value) ? 1 : 0;
        part.infinite += isnan(value) ? 0 : 1;
      }
      continue;
    }
    part.min = part.finite == 0 || value < part.min ? value : part.min;
    part.max = part.finite == 0 || value > part.max ? value : part.max;
    part.sum += static_cast<double>(value);
    ++part.finite;
  }
  using Reduce = cub::BlockReduce<Part<T>, block>;
  __shared__ typename Reduce::TempStorage storage;
  part = Reduce(storage).Reduce(part, JoinParts<T>{});
  if (threadIdx.x == 0) parts[line * gridDim.x + blockIdx.x] = part;
}

// counts[line*(thresholds+1) + bin], and Σ (value − mean)² of each chunk.
template <class T>
__global__ void __launch_bounds__(block) count_bins(Panel<T> panel, const T* thresholds, const unsigned* threshold_counts,
                           unsigned most_thresholds, const double* means,
                           unsigned long long* counts, double* squares) {
  extern __shared__ unsigned char room[];
  T* edges = reinterpret_cast<T*>(room);
  auto* bins = reinterpret_cast<unsigned*>(edges + most_thresholds);
  const unsigned line = blockIdx.y, column = line % panel.width;
  const unsigned edge_count = threshold_counts[column];
  for (unsigned k = threadIdx.x; k < edge_count; k += block)
    edges[k] = thresholds[column * most_thresholds + k];
  for (unsigned k = threadIdx.x; k <= most_thresholds; k += block) bins[k] = 0;
  __syncthreads();
  const T* values = panel.line(line);
  const std::uint64_t begin = blockIdx.x * chunk_rows;
  const std::uint64_t end = min(panel.rows(line), begin + chunk_rows);
  const double mean = means[line];
  double sum = 0;
  for (std::uint64_t i = begin + threadIdx.x; i < end; i += block) {
    const T value = values[i];
    if (!finite_value(value)) continue;
    const double deviation = static_cast<double>(value) - mean;
    sum += deviation * deviation;
    unsigned bin = 0;
    if (edge_count <= 24) {
      for (unsigned k = 0; k < edge_count; ++k) bin += value >= edges[k] ? 1 : 0;
    } else {
      unsigned high = edge_count;
      while (bin < high) {
        const unsigned middle = (bin + high) / 2;
        if (value >= edges[middle]) {
          bin = middle + 1;
        } else {
          high = middle;
        }
      }
    }
    atomicAdd(bins + bin, 1U);
  }
  using Reduce = cub::BlockReduce<double, block>;
  __shared__ typename Reduce::TempStorage storage;
  sum = Reduce(storage).Sum(sum);
  if (threadIdx.x == 0) squares[line * gridDim.x + blockIdx.x] = sum;
  __syncthreads();
  for (unsigned k = threadIdx.x; k <= edge_count; k += block) {
    if (bins[k] != 0)
      atomicAdd(counts + line * (most_thresholds + 1) + k, static_cast<unsigned long long>(bins[k]));
  }
}

// Values at equal distances of each line, to choose buckets by.
template <class T>
__global__ void take_sample(Panel<T> panel, unsigned sample, T* out) {
  const unsigned line = blockIdx.x;
  const std::uint64_t rows = panel.rows(line);
  const std::uint64_t taken = rows < sample ? rows : sample;
  for (unsigned k = threadIdx.x; k < taken; k += blockDim.x)
    out[line * sample + k] = panel.line(line)[k * rows / taken];
}

template <class T>
__global__ void __launch_bounds__(block) count_buckets(Panel<T> panel, const Buckets<T>* buckets, unsigned* counts) {
  __shared__ unsigned mine[bucket_count];
  const unsigned line = blockIdx.y;
  for (unsigned b = threadIdx.x; b < bucket_count; b += block) mine[b] = 0;
  __syncthreads();
  const T* values = panel.line(line);
  const Buckets<T> map = buckets[line % panel.width];
  const std::uint64_t begin = blockIdx.x * chunk_rows;
  const std::uint64_t end = min(panel.rows(line), begin + chunk_rows);
  for (std::uint64_t i = begin + threadIdx.x; i < end; i += block) {
    const T value = values[i];
    if (finite_value(value)) atomicAdd(mine + bucket_of(value, map), 1U);
  }
  __syncthreads();
  for (unsigned b = threadIdx.x; b < bucket_count; b += block) {
    if (mine[b] != 0) atomicAdd(counts + line * bucket_count + b, mine[b]);
  }
}

// One block a column: which buckets can hold the statistic or its location (see
// column_comparer.cpp). Counts become the numbers of values before each bucket; `before` those among
// candidates only, `candidates` the total of those of each line.
constexpr unsigned choose_threads = 1024;
__global__ void __launch_bounds__(choose_threads) choose_candidates(unsigned* counts, unsigned* before, unsigned char* flags,
                                  const double* sizes, unsigned width, unsigned* candidates) {
  constexpr unsigned each = bucket_count / choose_threads;
  using Scan = cub::BlockScan<unsigned, choose_threads>;
  using Reduce = cub::BlockReduce<double, choose_threads>;
  __shared__ typename Scan::TempStorage scan_storage;
  __shared__ typename Reduce::TempStorage reduce_storage;
  __shared__ double best;
  const unsigned column = blockIdx.x;
  const double n1 = sizes[column], n2 = sizes[width + column];
  unsigned count[2][each], start[2][each];
  for (int side = 0; side < 2; ++side) {
    const unsigned* from = counts + (side * width + column) * bucket_count + threadIdx.x * each;
    for (unsigned k = 0; k < each; ++k) count[side][k] = from[k];
    __syncthreads();
    Scan(scan_storage).ExclusiveSum(count[side], start[side]);
  }
  double most = 0;
  if (n1 > 0 && n2 > 0) {
    for (unsigned k = 0; k < each; ++k) {
      const double difference = static_cast<double>(start[0][k] + count[0][k]) / n1 -
                                static_cast<double>(start[1][k] + count[1][k]) / n2;
      most = fmax(most, fabs(difference));
    }
  }
  most = Reduce(reduce_storage).Reduce(most, [](double a, double b) { return fmax(a, b); });
  if (threadIdx.x == 0) best = most;
  __syncthreads();
  unsigned kept[2][each];
  for (unsigned k = 0; k < each; ++k) {
    bool candidate = false;
    if (n1 > 0 && n2 > 0 && count[0][k] + count[1][k] > 0) {
      const double largest = static_cast<double>(start[0][k] + count[0][k]) / n1 -
                             static_cast<double>(start[1][k]) / n2;
      const double smallest = static_cast<double>(start[0][k]) / n1 -
                              static_cast<double>(start[1][k] + count[1][k]) / n2;
      candidate = largest >= best || -smallest >= best;
    }
    flags[column * bucket_count + threadIdx.x * each + k] = candidate ? 1 : 0;
    for (int side = 0; side < 2; ++side) kept[side][k] = candidate ? count[side][k] : 0;
  }
  for (int side = 0; side < 2; ++side) {
    const unsigned line = side * width + column;
    unsigned total = 0;
    __syncthreads();
    Scan(scan_storage).ExclusiveSum(kept[side], kept[side], total);
    const std::uint64_t at = static_cast<std::uint64_t>(line) * bucket_count + threadIdx.x * each;
    for (unsigned k = 0; k < each; ++k) {
      counts[at + k] = start[side][k];
      before[at + k] = kept[side][k];
    }
    if (threadIdx.x == 0) candidates[line] = total;
  }
}

// Copies the candidates of lines [first, first + gridDim.y) columns, in any order, to out[offset].
template <class T>
__global__ void __launch_bounds__(block) collect(Panel<T> panel, const Buckets<T>* buckets, const unsigned char* flags,
                        unsigned first_column, unsigned group, const std::int64_t* offsets,
                        unsigned* cursors, T* out) {
  using Scan = cub::BlockScan<unsigned, block>;
  __shared__ typename Scan::TempStorage storage;
  __shared__ unsigned base;
  __shared__ unsigned char mine[bucket_count];
  const unsigned slot = blockIdx.y;  // the group's reference lines, then its current ones
  const unsigned column = first_column + slot % group;
  const unsigned line = slot < group ? column : panel.width + column;
  for (unsigned b = threadIdx.x; b < bucket_count; b += block)
    mine[b] = flags[column * bucket_count + b];
  __syncthreads();
  const T* values = panel.line(line);
  const Buckets<T> map = buckets[column];
  const std::uint64_t begin = blockIdx.x * chunk_rows;
  const std::uint64_t end = min(panel.rows(line), begin + chunk_rows);
  for (std::uint64_t i0 = begin; i0 < end; i0 += block * items) {
    T kept[items];
    unsigned count = 0;
    for (unsigned k = 0; k < items; ++k) {
      const std::uint64_t i = i0 + k * block + threadIdx.x;
      if (i >= end) continue;
      const T value = values[i];
      if (finite_value(value) && mine[bucket_of(value, map)] != 0) kept[count++] = value;
    }
    unsigned position = 0, total = 0;
    Scan(storage).ExclusiveSum(count, position, total);
    if (threadIdx.x == 0) base = total == 0 ? 0 : atomicAdd(cursors + slot, total);
    __syncthreads();
    for (unsigned k = 0; k < count; ++k) out[offsets[slot] + base + position + k] = kept[k];
    __syncthreads();
  }
}

// The best place of one direction; `rank` 0: a reference value, 1: a current one, 2: none yet.
template <class T>
struct Extreme {
  double difference;
  T value;
  int rank;

  __device__ bool worse_than(const Extreme& other) const {
    if (difference != other.difference) return difference < other.difference;
    if (rank != other.rank) return rank > other.rank;
    return rank < 2 && other.value < value;
  }
};
template <class T>
struct Better {
  __device__ Extreme<T> operator()(const Extreme<T>& a, const Extreme<T>& b) const {
    return a.worse_than(b) ? b : a;
  }
};

// values[low..high) sorted: how many of them are at most `value`, plus low.
template <class T>
__device__ unsigned upper_bound(const T* values, unsigned low, unsigned high, T value) {
  while (low < high) {
    const unsigned middle = low + (high - low) / 2;
    if (values[middle] <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// One block a column of the group: F1 − F2 at each candidate. extremes[column*2]: the largest,
// [column*2 + 1]: the largest of F2 − F1.
template <class T>
__global__ void __launch_bounds__(block) walk_candidates(const T* sorted, const std::int64_t* offsets,
                                const Buckets<T>* buckets, const unsigned* starts,
                                const unsigned* before, const double* sizes, unsigned width,
                                unsigned first_column, unsigned group, Extreme<T>* extremes) {
  const unsigned slot = blockIdx.x, column = first_column + slot;
  const Buckets<T> map = buckets[column];
  const T* values[2] = {sorted + offsets[slot], sorted + offsets[group + slot]};
  const auto count_of = [&](unsigned s) {
    return static_cast<unsigned>(offsets[s + 1] - offsets[s]);
  };
  const unsigned counts[2] = {count_of(slot), count_of(group + slot)};
  const unsigned lines[2] = {column, width + column};
  Extreme<T> best[2] = {{0, T{}, 2}, {0, T{}, 2}};
  for (int side = 0; side < 2; ++side) {
    const int other = 1 - side;
    for (unsigned p = threadIdx.x; p < counts[side]; p += blockDim.x) {
      const T value = values[side][p];
      if (p + 1 < counts[side] && values[side][p + 1] == value) continue;
      const unsigned bucket = bucket_of(value, map);
      const auto at = [&](int s) { return static_cast<std::uint64_t>(lines[s]) * bucket_count + bucket; };
      const unsigned low = before[at(other)];
      const unsigned high = bucket + 1 < bucket_count ? before[at(other) + 1] : counts[other];
      const unsigned q = upper_bound(values[other], low, high, value);
      if (side == 1 && q > low && values[0][q - 1] == value) continue;  // seen as the reference's
      const double mine = static_cast<double>(starts[at(side)] + (p + 1 - before[at(side)]));
      const double theirs = static_cast<double>(starts[at(other)] + (q - low));
      const double f1 = (side == 0 ? mine : theirs) / sizes[column];
      const double f2 = (side == 0 ? theirs : mine) / sizes[width + column];
      const Extreme<T> up{f1 - f2, value, side}, down{-(f1 - f2), value, side};
      if (best[0].worse_than(up)) best[0] = up;
      if (best[1].worse_than(down)) best[1] = down;
    }
  }
  using Reduce = cub::BlockReduce<Extreme<T>, block>;
  __shared__ typename Reduce::TempStorage storage;
  for (int k = 0; k < 2; ++k) {
    __syncthreads();
    const Extreme<T> found = Reduce(storage).Reduce(best[k], Better<T>{});
    if (threadIdx.x == 0) extremes[column * 2 + k] = found;
  }
}

}  // namespace mlopsctl::compute::cuda
