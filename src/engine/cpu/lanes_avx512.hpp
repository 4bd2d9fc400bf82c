// Sixteen floats at a time.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace {

struct Lanes {
  using V = __m512;
  static constexpr std::size_t width = 16;
  static constexpr std::size_t column_rows = 8, column_vectors = 3;  // 24 sums of 32 registers
  static constexpr std::size_t row_outputs = 4;                      // times 4 rows

  static V zero() { return _mm512_setzero_ps(); }
  static V all(float value) { return _mm512_set1_ps(value); }
  static __mmask16 mask(std::size_t n) { return static_cast<__mmask16>((1U << n) - 1U); }

  static V load(const float* from) { return _mm512_loadu_ps(from); }
  static V load(const float* from, std::size_t n) { return _mm512_maskz_loadu_ps(mask(n), from); }
  static void store(float* to, V v) { _mm512_storeu_ps(to, v); }
  static void store(float* to, V v, std::size_t n) { _mm512_mask_storeu_ps(to, mask(n), v); }

  static V from_bf16(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static __m256i load16(const std::byte* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static __m256i load16(const std::byte* from, std::size_t n) {
    return _mm256_maskz_loadu_epi16(mask(n), from);
  }
  static V load_bf16(const std::byte* from) { return from_bf16(load16(from)); }
  static V load_bf16(const std::byte* from, std::size_t n) { return from_bf16(load16(from, n)); }
  static V load_f16(const std::byte* from) { return _mm512_cvtph_ps(load16(from)); }
  static V load_f16(const std::byte* from, std::size_t n) {
    return _mm512_cvtph_ps(load16(from, n));
  }
  static V load_f32(const std::byte* from) { return _mm512_loadu_ps(from); }
  static V load_f32(const std::byte* from, std::size_t n) {
    return _mm512_maskz_loadu_ps(mask(n), from);
  }

  static V add(V a, V b) { return _mm512_add_ps(a, b); }
  static V sub(V a, V b) { return _mm512_sub_ps(a, b); }
  static V mul(V a, V b) { return _mm512_mul_ps(a, b); }
  static V div(V a, V b) { return _mm512_div_ps(a, b); }
  static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
  // NaN in the second argument stays.
  static V max(V a, V b) { return _mm512_max_ps(a, b); }
  static V min(V a, V b) { return _mm512_min_ps(a, b); }
  static V round(V a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static V times_two_to(V a, V power) { return _mm512_scalef_ps(a, power); }
  // The first n lanes of a, the rest of `rest`.
  static V first(V a, std::size_t n, V rest) { return _mm512_mask_mov_ps(rest, mask(n), a); }

  static __m256 halves(V v) {
    return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  }
  // By halves: lane l and l + 8, then l + 4, l + 2, l + 1.
  static float sum(V v) {
    const __m256 eight = halves(v);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static float max_of(V v) { return _mm512_reduce_max_ps(v); }

  // Lanes 128 bits wide: a0+a2, a1+a3, b0+b2, b1+b3.
  static V halve(V a, V b) {
    return add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
  }
  // Sums of 16 vectors, in the order of sum(): row r of `sums` is at sums + r * stride.
  static void sum_tile(const V (&v)[4][4], float* sums, std::size_t stride, bool add_to) {
    V quarter[4];
    for (int j = 0; j < 4; ++j) {
      const V low = halve(v[0][j], v[1][j]), high = halve(v[2][j], v[3][j]);
      quarter[j] =
          add(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xDD));
    }
    const V first =
        add(_mm512_unpacklo_ps(quarter[0], quarter[1]), _mm512_unpackhi_ps(quarter[0], quarter[1]));
    const V second =
        add(_mm512_unpacklo_ps(quarter[2], quarter[3]), _mm512_unpackhi_ps(quarter[2], quarter[3]));
    const V rows =
        add(_mm512_shuffle_ps(first, second, 0x44), _mm512_shuffle_ps(first, second, 0xEE));
    put(sums, _mm512_extractf32x4_ps(rows, 0), add_to);
    put(sums + stride, _mm512_extractf32x4_ps(rows, 1), add_to);
    put(sums + 2 * stride, _mm512_extractf32x4_ps(rows, 2), add_to);
    put(sums + 3 * stride, _mm512_extractf32x4_ps(rows, 3), add_to);
  }
  static void put(float* to, __m128 four, bool add_to) {
    _mm_storeu_ps(to, add_to ? _mm_add_ps(_mm_loadu_ps(to), four) : four);
  }
};

}  // namespace
