// Eight floats at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace {

struct Lanes {
  using V = __m256;
  static constexpr std::size_t width = 8;
  static constexpr std::size_t column_rows = 6, column_vectors = 2;  // 12 sums of 16 registers
  static constexpr std::size_t row_outputs = 2;                      // times 4 rows

  static V zero() { return _mm256_setzero_ps(); }
  static V all(float value) { return _mm256_set1_ps(value); }
  static __m256i mask(std::size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
  }

  static V load(const float* from) { return _mm256_loadu_ps(from); }
  static V load(const float* from, std::size_t n) { return _mm256_maskload_ps(from, mask(n)); }
  static void store(float* to, V v) { _mm256_storeu_ps(to, v); }
  static void store(float* to, V v, std::size_t n) { _mm256_maskstore_ps(to, mask(n), v); }

  static __m128i load16(const std::byte* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static __m128i load16(const std::byte* from, std::size_t n) {
    __m128i bits = _mm_setzero_si128();
    __builtin_memcpy(&bits, from, 2 * n);
    return bits;
  }
  static V from_bf16(__m128i bits) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static V load_bf16(const std::byte* from) { return from_bf16(load16(from)); }
  static V load_bf16(const std::byte* from, std::size_t n) { return from_bf16(load16(from, n)); }
  static V load_f16(const std::byte* from) { return _mm256_cvtph_ps(load16(from)); }
  static V load_f16(const std::byte* from, std::size_t n) {
    return _mm256_cvtph_ps(load16(from, n));
  }
  static V load_f32(const std::byte* from) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
  }
  static V load_f32(const std::byte* from, std::size_t n) {
    return _mm256_maskload_ps(reinterpret_cast<const float*>(from), mask(n));
  }

  static V add(V a, V b) { return _mm256_add_ps(a, b); }
  static V sub(V a, V b) { return _mm256_sub_ps(a, b); }
  static V mul(V a, V b) { return _mm256_mul_ps(a, b); }
  static V div(V a, V b) { return _mm256_div_ps(a, b); }
  static V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
  // NaN in the second argument stays.
  static V max(V a, V b) { return _mm256_max_ps(a, b); }
  static V min(V a, V b) { return _mm256_min_ps(a, b); }
  static V round(V a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static V times_two_to(V a, V power) {  // from -126 to 127
    const __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(power), _mm256_set1_epi32(127));
    return mul(a, _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23)));
  }
  // The first n lanes of a, the rest of `rest`.
  static V first(V a, std::size_t n, V rest) {
    return _mm256_blendv_ps(rest, a, _mm256_castsi256_ps(mask(n)));
  }

  static __m128 halves(V v) {
    return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  }
  static float sum(V v) {
    const __m128 four = halves(v);
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float max_of(V v) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
};

}  // namespace
