// Compiled with more optimisation than the rest (CMakeLists.txt), and written for it: loops over
// plain arrays, several sums at a time.
#include "compute/kernels.hpp"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace mlopsctl::compute {

namespace {

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") > 0;
  return has;
}

void transpose_plain(const std::byte* rows, std::int64_t row_stride, std::uint64_t row_begin,
                     std::uint64_t row_end, std::uint64_t column_begin, std::uint64_t column_end,
                     float* out, std::size_t stride) {
  for (std::uint64_t r = row_begin; r < row_end; ++r) {
    const std::byte* row = rows + static_cast<std::int64_t>(r) * row_stride;
    for (std::uint64_t c = column_begin; c < column_end; ++c) {
      float value = 0;
      std::memcpy(&value, row + c * sizeof value, sizeof value);
      out[c * stride + r] = value + 0.0F;
    }
  }
}

// Eight rows of eight floats, turned.
[[gnu::target("avx2")]] inline void turn(const std::byte* rows, std::int64_t row_stride,
                                         __m256 (&out)[8]) {
  __m256 in[8];
  for (int i = 0; i < 8; ++i)
    in[i] = _mm256_add_ps(_mm256_loadu_ps(reinterpret_cast<const float*>(rows + i * row_stride)),
                          _mm256_setzero_ps());
  __m256 pairs[8], fours[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_ps(in[2 * i], in[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_ps(in[2 * i], in[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    fours[4 * i] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0x44);
    fours[4 * i + 1] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0xEE);
    fours[4 * i + 2] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0x44);
    fours[4 * i + 3] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0xEE);
  }
  for (int i = 0; i < 4; ++i) {
    out[i] = _mm256_permute2f128_ps(fours[i], fours[4 + i], 0x20);
    out[4 + i] = _mm256_permute2f128_ps(fours[i], fours[4 + i], 0x31);
  }
}

// Sixteen rows by eight columns a turn: a whole cache line of a column is written at once, past the
// caches, because nobody reads it before the panel is complete.
[[gnu::target("avx2")]] void transpose_avx2(const std::byte* rows, std::int64_t row_stride,
                                            std::uint64_t row_count, std::uint64_t columns,
                                            float* out, std::size_t stride) {
  constexpr std::uint64_t tall = 16, wide = 8;
  const bool aligned = reinterpret_cast<std::uintptr_t>(out) % 64 == 0 && stride % tall == 0;
  const std::uint64_t full_rows = row_count / tall * tall;
  const std::uint64_t full_columns = columns / wide * wide;
  for (std::uint64_t r = 0; r < full_rows; r += tall) {
    const std::byte* row = rows + static_cast<std::int64_t>(r) * row_stride;
    const std::byte* ahead = row + 2 * static_cast<std::int64_t>(tall) * row_stride;
    if (r + 3 * tall <= full_rows) {
      for (std::uint64_t i = 0; i < tall; ++i) {
        for (std::uint64_t c = 0; c < columns; c += 16)
          _mm_prefetch(
              reinterpret_cast<const char*>(ahead + static_cast<std::int64_t>(i) * row_stride) +
                  c * 4,
              _MM_HINT_T0);
      }
    }
    for (std::uint64_t c = 0; c < full_columns; c += wide) {
      __m256 upper[8], lower[8];
      turn(row + c * 4, row_stride, upper);
      turn(row + c * 4 + 8 * row_stride, row_stride, lower);
      for (std::uint64_t i = 0; i < wide; ++i) {
        float* to = out + (c + i) * stride + r;
        if (aligned) {
          _mm256_stream_ps(to, upper[i]);
          _mm256_stream_ps(to + 8, lower[i]);
        } else {
          _mm256_storeu_ps(to, upper[i]);
          _mm256_storeu_ps(to + 8, lower[i]);
        }
      }
    }
  }
  _mm_sfence();
  transpose_plain(rows, row_stride, 0, full_rows, full_columns, columns, out, stride);
  transpose_plain(rows, row_stride, full_rows, row_count, 0, columns, out, stride);
}

template <class T>
Scan<T> scan_plain(const T* values, std::size_t n) {
  Scan<T> result{.finite = true, .min = values[0], .max = values[0], .sum = 0};
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  for (std::size_t i = 0; i < n; ++i) {
    const T value = values[i];
    if constexpr (std::is_floating_point_v<T>) result.finite &= std::isfinite(value);
    result.min = value < result.min ? value : result.min;
    result.max = value > result.max ? value : result.max;
    sums[i % lanes] += static_cast<double>(value);
  }
  for (const double sum : sums) result.sum += sum;
  return result;
}

[[gnu::target("avx2")]] double sum_of(__m256d lanes) {
  double parts[4];
  _mm256_storeu_pd(parts, lanes);
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

[[gnu::target("avx2")]] Scan<float> scan_avx2(const float* values, std::size_t n) {
  const std::size_t full = n / 16 * 16;
  __m256 low[2], high[2];
  __m256i largest[2];
  __m256d sums[4];
  for (int k = 0; k < 2; ++k) {
    low[k] = high[k] = _mm256_set1_ps(values[0]);
    largest[k] = _mm256_setzero_si256();
  }
  for (auto& sum : sums) sum = _mm256_setzero_pd();
  const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
  for (std::size_t i = 0; i < full; i += 16) {
    for (int k = 0; k < 2; ++k) {
      const __m256 value = _mm256_loadu_ps(values + i + 8 * static_cast<std::size_t>(k));
      low[k] = _mm256_min_ps(low[k], value);
      high[k] = _mm256_max_ps(high[k], value);
      largest[k] =
          _mm256_max_epi32(largest[k], _mm256_and_si256(_mm256_castps_si256(value), magnitude));
      sums[2 * k] = _mm256_add_pd(sums[2 * k], _mm256_cvtps_pd(_mm256_castps256_ps128(value)));
      sums[2 * k + 1] =
          _mm256_add_pd(sums[2 * k + 1], _mm256_cvtps_pd(_mm256_extractf128_ps(value, 1)));
    }
  }
  Scan<float> result{.finite = true, .min = values[0], .max = values[0], .sum = 0};
  float lows[16], highs[16];
  std::int32_t magnitudes[16];
  for (int k = 0; k < 2; ++k) {
    _mm256_storeu_ps(lows + 8 * k, low[k]);
    _mm256_storeu_ps(highs + 8 * k, high[k]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(magnitudes + 8 * k), largest[k]);
  }
  for (int k = 0; k < 16; ++k) {
    result.min = std::min(result.min, lows[k]);
    result.max = std::max(result.max, highs[k]);
    result.finite &= magnitudes[k] < 0x7F800000;
  }
  for (const auto& sum : sums) result.sum += sum_of(sum);
  for (std::size_t i = full; i < n; ++i) {
    result.finite &= std::isfinite(values[i]);
    result.min = std::min(result.min, values[i]);
    result.max = std::max(result.max, values[i]);
    result.sum += static_cast<double>(values[i]);
  }
  return result;
}

template <class T>
double squared_deviations_plain(const T* values, std::size_t n, double mean) {
  constexpr std::size_t lanes = 4;
  double sums[lanes] = {};
  for (std::size_t i = 0; i < n; ++i) {
    const double deviation = static_cast<double>(values[i]) - mean;
    sums[i % lanes] += deviation * deviation;
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

[[gnu::target("avx2")]] double squared_deviations_avx2(const float* values, std::size_t n,
                                                       double mean) {
  const std::size_t full = n / 16 * 16;
  const __m256d middle = _mm256_set1_pd(mean);
  __m256d sums[4];
  for (auto& sum : sums) sum = _mm256_setzero_pd();
  for (std::size_t i = 0; i < full; i += 16) {
    for (int k = 0; k < 4; ++k) {
      const __m256d deviation = _mm256_sub_pd(
          _mm256_cvtps_pd(_mm_loadu_ps(values + i + 4 * static_cast<std::size_t>(k))), middle);
      sums[k] = _mm256_add_pd(sums[k], _mm256_mul_pd(deviation, deviation));
    }
  }
  double total = squared_deviations_plain(values + full, n - full, mean);
  for (const auto& sum : sums) total += sum_of(sum);
  return total;
}

template <class T>
void count_at_least_plain(const T* values, std::size_t n, const T* thresholds, std::size_t count,
                          std::uint64_t* counts) {
  for (std::size_t k = 0; k < count; ++k) {
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < n; ++i) found += values[i] >= thresholds[k] ? 1U : 0U;
    counts[k] += found;
  }
}

// Three thresholds a round keep their counters in registers. A counter of 32 bits a lane is enough
// for blocks of less than 2^31 values.
[[gnu::target("avx2")]] void count_at_least_avx2(const float* values, std::size_t n,
                                                 const float* thresholds, std::size_t count,
                                                 std::uint64_t* counts) {
  const std::size_t full = n / 8 * 8;
  std::size_t k = 0;
  for (; k + 3 <= count; k += 3) {
    const __m256 edge0 = _mm256_set1_ps(thresholds[k]), edge1 = _mm256_set1_ps(thresholds[k + 1]),
                 edge2 = _mm256_set1_ps(thresholds[k + 2]);
    __m256i found0 = _mm256_setzero_si256(), found1 = found0, found2 = found0;
    for (std::size_t i = 0; i < full; i += 8) {
      const __m256 value = _mm256_loadu_ps(values + i);
      found0 =
          _mm256_sub_epi32(found0, _mm256_castps_si256(_mm256_cmp_ps(value, edge0, _CMP_GE_OQ)));
      found1 =
          _mm256_sub_epi32(found1, _mm256_castps_si256(_mm256_cmp_ps(value, edge1, _CMP_GE_OQ)));
      found2 =
          _mm256_sub_epi32(found2, _mm256_castps_si256(_mm256_cmp_ps(value, edge2, _CMP_GE_OQ)));
    }
    std::int32_t lanes[24];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), found0);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes + 8), found1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes + 16), found2);
    for (std::size_t lane = 0; lane < 24; ++lane)
      counts[k + lane / 8] += static_cast<std::uint64_t>(lanes[lane]);
  }
  count_at_least_plain(values, full, thresholds + k, count - k, counts + k);
  count_at_least_plain(values + full, n - full, thresholds, count, counts);
}

template <class T>
void bucket_indices_plain(const T* values, std::size_t n, const Buckets<T>& buckets,
                          std::uint16_t* index) {
  constexpr double last = bucket_count - 1;
  for (std::size_t i = 0; i < n; ++i) {
    const double at = (static_cast<double>(values[i]) - buckets.low) * buckets.scale;
    index[i] = static_cast<std::uint16_t>(at > 0 ? std::min(at, last) : 0.0);
  }
}

// In floats: rounding may move a value to the next bucket, but never past another value.
[[gnu::target("avx2")]] void bucket_indices_avx2(const float* values, std::size_t n, float low,
                                                 float scale, std::uint16_t* index) {
  const __m256 lowest = _mm256_set1_ps(low), factor = _mm256_set1_ps(scale),
               last = _mm256_set1_ps(bucket_count - 1), zero = _mm256_setzero_ps();
  const auto bucket = [&](const float* from) __attribute__((target("avx2"))) {
    const __m256 at = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(from), lowest), factor);
    return _mm256_cvttps_epi32(_mm256_min_ps(_mm256_max_ps(at, zero), last));
  };
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256i packed = _mm256_permute4x64_epi64(
        _mm256_packus_epi32(bucket(values + i), bucket(values + i + 8)), 0xD8);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(index + i), packed);
  }
  for (; i < n; ++i) {
    const float at = (values[i] - low) * scale;
    index[i] = static_cast<std::uint16_t>(
        at > 0 ? std::min(at, static_cast<float>(bucket_count - 1)) : 0.0F);
  }
}

}  // namespace

void transpose(const std::byte* rows, std::int64_t row_stride, std::uint64_t row_count,
               std::uint64_t columns, float* out, std::size_t stride) {
  if (has_avx2()) {
    transpose_avx2(rows, row_stride, row_count, columns, out, stride);
  } else {
    transpose_plain(rows, row_stride, 0, row_count, 0, columns, out, stride);
  }
}

template <class T>
Scan<T> scan(const T* values, std::size_t n) {
  if constexpr (std::is_same_v<T, float>) {
    if (has_avx2()) return scan_avx2(values, n);
  }
  return scan_plain(values, n);
}

template <class T>
double squared_deviations(const T* values, std::size_t n, double mean) {
  if constexpr (std::is_same_v<T, float>) {
    if (has_avx2()) return squared_deviations_avx2(values, n, mean);
  }
  return squared_deviations_plain(values, n, mean);
}

template <class T>
void count_at_least(const T* values, std::size_t n, const T* thresholds, std::size_t count,
                    std::uint64_t* counts) {
  if constexpr (std::is_same_v<T, float>) {
    if (has_avx2()) return count_at_least_avx2(values, n, thresholds, count, counts);
  }
  count_at_least_plain(values, n, thresholds, count, counts);
}

template <class T>
void bucket_indices(const T* values, std::size_t n, const Buckets<T>& buckets,
                    std::uint16_t* index) {
  if constexpr (std::is_same_v<T, float>) {
    const auto low = static_cast<float>(buckets.low), scale = static_cast<float>(buckets.scale);
    if (has_avx2() && std::isnormal(scale))
      return bucket_indices_avx2(values, n, low, scale, index);
  }
  bucket_indices_plain(values, n, buckets, index);
}

#define MLOPSCTL_FOR(T)                                                                       \
  template Scan<T> scan(const T*, std::size_t);                                               \
  template double squared_deviations(const T*, std::size_t, double);                          \
  template void count_at_least(const T*, std::size_t, const T*, std::size_t, std::uint64_t*); \
  template void bucket_indices(const T*, std::size_t, const Buckets<T>&, std::uint16_t*);
MLOPSCTL_FOR(float)
MLOPSCTL_FOR(double)
MLOPSCTL_FOR(std::int64_t)
MLOPSCTL_FOR(std::uint64_t)
#undef MLOPSCTL_FOR

}  // namespace mlopsctl::compute
