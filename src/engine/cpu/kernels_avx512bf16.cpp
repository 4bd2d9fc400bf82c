// Products of bfloat16 by bfloat16, summed in float32, by vdpbf16ps: two at a time. Compiled for
// this instruction set and called only where the processor has it.
#include "engine/cpu/kernels.hpp"
#include "engine/cpu/lanes_avx512.hpp"

namespace mlopsctl::engine::cpu {

namespace {

constexpr std::size_t step = 32;    // inputs that one vector holds
constexpr std::size_t deep = 1024;  // inputs of a stretch: sums of its lanes are added up there
constexpr std::size_t tall = 16;    // rows that are rounded at once, and stay in the first cache
// Not a power of two: rows would share few sets of the cache.
constexpr std::size_t row_bytes = deep * 2 + 64;
static_assert(tall * row_bytes <= product_scratch * sizeof(float));

__m512bh pairs(const std::byte* from) {
  return __builtin_bit_cast(__m512bh, _mm512_loadu_si512(from));
}
__m512bh pairs(const std::byte* from, std::size_t n) {
  const auto mask = static_cast<__mmask32>((std::uint32_t{1} << n) - 1U);
  return __builtin_bit_cast(__m512bh, _mm512_maskz_loadu_epi16(mask, from));
}

// `n` floats to nearest, and zeros up to a whole vector.
void round_row(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t i = 0; i < n; i += Lanes::width) {
    const __m512 values =
        n - i < Lanes::width ? Lanes::load(from + i, n - i) : Lanes::load(from + i);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i * 2),
                        __builtin_bit_cast(__m256i, _mm512_cvtneps_pbh(values)));
  }
  if ((n + Lanes::width - 1) / Lanes::width % 2 == 1)
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(to + (n + Lanes::width - 1) / Lanes::width * Lanes::width * 2),
        _mm256_setzero_si256());
}

// R rounded rows by J rows of weights over one stretch.
template <std::size_t R, std::size_t J>
void tile(const std::byte* weight, std::size_t weight_bytes, const std::byte* x, std::size_t inner,
          float* out, std::size_t out_stride, bool add_to) {
  __m512 sums[R][J];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t j = 0; j < J; ++j) sums[r][j] = Lanes::zero();
  }
  const auto take = [&](std::size_t k, auto load) {
    __m512bh left[R];
    for (std::size_t r = 0; r < R; ++r) left[r] = pairs(x + r * row_bytes + k * 2);
    for (std::size_t j = 0; j < J; ++j) {
      const __m512bh right = load(weight + j * weight_bytes + k * 2);
      for (std::size_t r = 0; r < R; ++r) sums[r][j] = _mm512_dpbf16_ps(sums[r][j], left[r], right);
    }
  };
  std::size_t k = 0;
  for (; k + step <= inner; k += step) {
    take(k, [&](const std::byte* from) {
      // The next rows of weights, which come from memory if rows are few.
      if constexpr (R == 1) __builtin_prefetch(from + J * weight_bytes);
      return pairs(from);
    });
  }
  if (k < inner) take(k, [&](const std::byte* from) { return pairs(from, inner - k); });
  if constexpr (R == 4 && J == 4) {
    Lanes::sum_tile(sums, out, out_stride, add_to);
  } else {
    for (std::size_t r = 0; r < R; ++r) {
      for (std::size_t j = 0; j < J; ++j) {
        float& to = out[r * out_stride + j];
        to = add_to ? to + Lanes::sum(sums[r][j]) : Lanes::sum(sums[r][j]);
      }
    }
  }
}

template <std::size_t J>
void tiles(const std::byte* weight, std::size_t weight_bytes, const std::byte* x, std::size_t inner,
           std::size_t rows, float* out, std::size_t out_stride, bool add_to) {
  std::size_t i = 0;
  for (; i + 4 <= rows; i += 4)
    tile<4, J>(weight, weight_bytes, x + i * row_bytes, inner, out + i * out_stride, out_stride,
               add_to);
  for (; i < rows; ++i)
    tile<1, J>(weight, weight_bytes, x + i * row_bytes, inner, out + i * out_stride, out_stride,
               add_to);
}

// Every sum is made in the same order, whatever rows are beside it.
void product(const Product& p) {
  const std::size_t weight_bytes = p.weight_stride * 2;
  auto* const rounded = reinterpret_cast<std::byte*>(p.scratch);
  for (std::size_t k = 0; k < p.inner; k += deep) {
    const std::size_t inner = p.inner - k < deep ? p.inner - k : deep;
    for (std::size_t i = 0; i < p.rows; i += tall) {
      const std::size_t rows = p.rows - i < tall ? p.rows - i : tall;
      for (std::size_t r = 0; r < rows; ++r)
        round_row(p.x + (i + r) * p.x_stride + k, inner, rounded + r * row_bytes);
      const std::byte* weight = p.weight + k * 2;
      float* const out = p.out + i * p.out_stride;
      std::size_t j = 0;
      for (; j + 4 <= p.outputs; j += 4)
        tiles<4>(weight + j * weight_bytes, weight_bytes, rounded, inner, rows, out + j,
                 p.out_stride, k != 0);
      for (; j < p.outputs; ++j)
        tiles<1>(weight + j * weight_bytes, weight_bytes, rounded, inner, rows, out + j,
                 p.out_stride, k != 0);
    }
  }
}

}  // namespace

const ProductKernel product_avx512bf16 = product;

}  // namespace mlopsctl::engine::cpu
