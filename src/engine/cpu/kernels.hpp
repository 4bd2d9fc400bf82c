// The inner loops of the CPU engine, once for each vector width that a processor may have. Every
// row of a result is computed by the same operations in the same order whatever rows are beside it,
// so that a request's results do not depend on what it is batched with.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mlopsctl::engine::cpu {

enum class WeightType { f32, f16, bf16 };

// out(i, j) = Σ_k x(i, k) · w(j, k). Rows of `x` and `out` are `*_stride` floats apart, of the
// stored matrix `weight_stride` values.
struct Product {
  WeightType type = WeightType::f32;
  const std::byte* weight = nullptr;
  std::size_t weight_stride = 0;
  std::size_t outputs = 0, inner = 0;
  const float* x = nullptr;
  std::size_t x_stride = 0, rows = 0;
  float* out = nullptr;
  std::size_t out_stride = 0;
  float* scratch = nullptr;  // product_scratch floats
};
constexpr std::size_t product_scratch = 24 * 1024;

// Keys are kept in blocks of 64 positions: transposed, [size][64]; values [64][padded size].
constexpr std::size_t block_positions = 64;

// Queries of one key head, each with the keys [first, last) that it sees, positions counted from
// the beginning of the sequence.
struct AttentionQuery {
  const float* query = nullptr;  // `size` floats
  float* out = nullptr;
  std::size_t first = 0, last = 0;  // first < last
};
constexpr std::size_t attention_queries = 48;
struct Attention {
  const AttentionQuery* queries = nullptr;
  std::size_t count = 0;                 // up to attention_queries
  const float* const* blocks = nullptr;  // block b holds positions from 64 b on
  std::size_t keys = 0, values = 0;      // where this head's begin in a block
  std::size_t size = 0, padded = 0;      // of a head; rounded up to padded_size()
  float scale = 1;
  float* scratch = nullptr;  // attention_scratch(padded) floats
};
constexpr std::size_t padded_size(std::size_t size) { return (size + 15) / 16 * 16; }
constexpr std::size_t attention_scratch(std::size_t padded) {
  return attention_queries * (padded * 2 + block_positions);
}

// What one look at logits tells; begins as it is here.
struct LogitSummary {
  float most = 0;
  double sum = 0;          // Σ exp(logit − most)
  std::int32_t best = -1;  // the lowest id of equals; -1: none yet
  bool finite = true;
};

using ProductKernel = void (*)(const Product&);

struct Kernels {
  const char* name;

  ProductKernel product_rows;     // weights are stored as (out, in)
  ProductKernel product_columns;  // as (in, out): w(j, k) is at k * weight_stride + j
  // Of bfloat16 weights as (out, in) by x rounded to bfloat16; null: this processor has none.
  ProductKernel product_rounded;

  void (*add)(float* to, const float* from, const float* bias, std::size_t n);  // bias may be null
  void (*gelu)(float* x, const float* bias, std::size_t n);                     // tanh form
  void (*gated_silu)(const float* gate, const float* up, float* out, std::size_t n);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon,
                     float* out, std::size_t n);
  void (*rms_norm)(const float* x, const float* weight, float epsilon, float* out, std::size_t n);
  // Element i and i + half of one head turn by the angle with cosine c[i] and sine s[i].
  void (*rotate)(float* head, const float* c, const float* s, std::size_t half);
  void (*attention)(const Attention&);
  // More logits, the first of them with this id.
  void (*summarise)(const float* logits, std::size_t n, std::int32_t id, LogitSummary& summary);
};

// The widest that this processor has; MLOPSCTL_CPU=plain, avx2, avx512 (without products of
// bfloat16) or avx512_bf16 takes another, for tests.
const Kernels& kernels();

extern const Kernels kernels_plain, kernels_avx2, kernels_avx512;
extern const ProductKernel product_avx512bf16;
Kernels kernels_avx512_bf16();  // kernels_avx512 with it

}  // namespace mlopsctl::engine::cpu
