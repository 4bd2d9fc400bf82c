// The loops that every value goes through. For float there are versions for processors with AVX2,
// chosen when the program runs; all versions count alike, sums differ by rounding only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mlopsctl::compute {

// out[column*stride + row] = the float at rows + row*row_stride (bytes) + 4*column; -0 becomes 0.
void transpose(const std::byte* rows, std::int64_t row_stride, std::uint64_t row_count,
               std::uint64_t columns, float* out, std::size_t stride);

// What one look at n values tells. With any value that is not finite the rest means nothing.
template <class T>
struct Scan {
  bool finite = true;
  T min{}, max{};
  double sum = 0;
};
template <class T>
Scan<T> scan(const T* values, std::size_t n);  // n ≥ 1

// Σ (value − mean)².
template <class T>
double squared_deviations(const T* values, std::size_t n, double mean);

// counts[k] += how many values are at least thresholds[k].
template <class T>
void count_at_least(const T* values, std::size_t n, const T* thresholds, std::size_t count,
                    std::uint64_t* counts);

// A monotone map from values to `bucket_count` buckets: of equal width between low and high, the
// outer ones without an end.
constexpr std::size_t bucket_count = 8192;
template <class T>
struct Buckets {
  double low = 0, scale = 1;
};
// index[i] = the bucket of values[i].
template <class T>
void bucket_indices(const T* values, std::size_t n, const Buckets<T>& buckets,
                    std::uint16_t* index);

}  // namespace mlopsctl::compute
