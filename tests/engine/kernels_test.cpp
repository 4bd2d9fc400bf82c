// The CPU engine's inner loops in every instruction set that this processor has, against sums in
// double.
#include "engine/cpu/kernels.hpp"

#include "engine/weight_values.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace mlopsctl;
using namespace mlopsctl::engine;
using namespace mlopsctl::engine::cpu;

namespace {

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> all{&kernels_plain};
  if (__builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("fma") > 0)
    all.push_back(&kernels_avx2);
  if (__builtin_cpu_supports("avx512bw") > 0 && __builtin_cpu_supports("avx512dq") > 0 &&
      __builtin_cpu_supports("avx512vl") > 0)
    all.push_back(&kernels_avx512);
  return all;
}

// Null where the processor has none.
ProductKernel rounded_product() {
  return __builtin_cpu_supports("avx512bf16") > 0 ? product_avx512bf16 : nullptr;
}

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random() >> 8U) * 0x1p-23F - 1.0F;
  return values;
}

struct Case {
  std::size_t rows, outputs, inner;
};

// `rounded`: the kernel rounds x to bfloat16.
void check_product(ProductKernel multiply, bool by_columns, NumberType type, const Case& size,
                   bool rounded = false) {
  const std::size_t stride = (by_columns ? size.outputs : size.inner) + 3;
  const std::size_t stored_rows = by_columns ? size.inner : size.outputs;
  std::vector<float> weight = random_values(stored_rows * stride, 1);
  // One byte before: files may hold their values unaligned.
  std::vector<std::byte> stored(weight.size() * size_of(type) + 1);
  narrow(type, weight.data(), weight.size(), stored.data() + 1);
  widen(type, stored.data() + 1, weight.size(), weight.data());
  std::vector<float> x = random_values(size.rows * (size.inner + 5), 2);
  std::vector<float> out(size.rows * (size.outputs + 2), NAN), scratch(product_scratch);
  Product product{.type = type == NumberType::f32   ? WeightType::f32
                          : type == NumberType::f16 ? WeightType::f16
                                                    : WeightType::bf16,
                  .weight = stored.data() + 1,
                  .weight_stride = stride,
                  .outputs = size.outputs,
                  .inner = size.inner,
                  .x = x.data(),
                  .x_stride = size.inner + 5,
                  .rows = size.rows,
                  .out = out.data(),
                  .out_stride = size.outputs + 2,
                  .scratch = scratch.data()};
  multiply(product);
  if (rounded) {
    std::vector<std::byte> narrowed(2 * x.size());
    narrow(NumberType::bf16, x.data(), x.size(), narrowed.data());
    widen(NumberType::bf16, narrowed.data(), x.size(), x.data());
  }
  double worst = 0;
  for (std::size_t i = 0; i < size.rows; ++i) {
    for (std::size_t j = 0; j < size.outputs; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < size.inner; ++k)
        sum += static_cast<double>(x[i * product.x_stride + k]) *
               static_cast<double>(by_columns ? weight[k * stride + j] : weight[j * stride + k]);
      worst = std::max(worst, std::abs(sum - static_cast<double>(out[i * product.out_stride + j])));
    }
  }
  CHECK(worst < 2e-7 * static_cast<double>(size.inner) + 1e-6);
  // Each row by itself has the same bits.
  std::vector<float> alone(size.outputs);
  for (std::size_t i = 0; i < size.rows; ++i) {
    Product one = product;
    one.rows = 1;
    one.x = x.data() + i * product.x_stride;
    one.out = alone.data();
    multiply(one);
    CHECK(std::equal(alone.begin(), alone.end(), out.data() + i * product.out_stride));
  }
}

// A block of keys and values of one head.
std::vector<float> block_of(std::size_t block, std::size_t size, std::size_t padded,
                            const std::vector<float>& keys, const std::vector<float>& values) {
  std::vector<float> floats(block_positions * (size + padded));
  for (std::size_t slot = 0; slot < block_positions; ++slot) {
    const std::size_t position = block * block_positions + slot;
    for (std::size_t d = 0; d < size; ++d) {
      floats[d * block_positions + slot] = keys[position * size + d];
      floats[block_positions * size + slot * padded + d] = values[position * size + d];
    }
  }
  return floats;
}

std::vector<double> naive_attention(const float* query, std::size_t first, std::size_t last,
                                    std::size_t size, float scale, const std::vector<float>& keys,
                                    const std::vector<float>& values) {
  std::vector<double> out(size);
  double total = 0;
  for (std::size_t p = first; p < last; ++p) {
    double score = 0;
    for (std::size_t d = 0; d < size; ++d)
      score += static_cast<double>(query[d]) * static_cast<double>(keys[p * size + d]);
    const double weight = std::exp(score * static_cast<double>(scale));
    total += weight;
    for (std::size_t d = 0; d < size; ++d)
      out[d] += weight * static_cast<double>(values[p * size + d]);
  }
  for (double& value : out) value /= total;
  return out;
}

}  // namespace

TEST_CASE("products are right at every edge, and a row has the same bits alone") {
  for (const Kernels* kernels : all_kernels()) {
    CAPTURE(std::string(kernels->name));
    for (const NumberType type : {NumberType::f32, NumberType::f16, NumberType::bf16}) {
      for (const bool by_columns : {false, true}) {
        for (const Case& size : {Case{1, 1, 1}, Case{3, 5, 7}, Case{8, 49, 65}, Case{9, 97, 33},
                                 Case{23, 50, 130}, Case{2, 7, 2061}, Case{21, 101, 1030}}) {
          CAPTURE(size.inner);
          check_product(by_columns ? kernels->product_columns : kernels->product_rows, by_columns,
                        type, size);
        }
      }
    }
  }
}

TEST_CASE("products of bfloat16 are right at every edge, and a row has the same bits alone") {
  const ProductKernel multiply = rounded_product();
  if (multiply == nullptr) {
    MESSAGE("skipped: this processor does not multiply bfloat16");
    return;
  }
  for (const Case& size :
       {Case{1, 1, 1}, Case{3, 5, 7}, Case{4, 4, 16}, Case{8, 49, 65}, Case{25, 97, 33},
        Case{51, 50, 130}, Case{2, 7, 2061}, Case{29, 101, 1030}, Case{5, 6, 1024 + 31}}) {
    CAPTURE(size.inner);
    check_product(multiply, false, NumberType::bf16, size, true);
  }
}

TEST_CASE("activations and norms are those of the definition") {
  for (const Kernels* kernels : all_kernels()) {
    CAPTURE(std::string(kernels->name));
    std::vector<float> x;
    for (int i = -999; i < 1000; ++i) x.push_back(static_cast<float>(i) * 0.02F);
    x.insert(x.end(), {-500.0F, 500.0F, 0.0F});
    const std::vector<float> other = random_values(x.size(), 3);
    std::vector<float> gelu = x, silu(x.size());
    kernels->gelu(gelu.data(), nullptr, gelu.size());
    kernels->gated_silu(x.data(), other.data(), silu.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = static_cast<double>(x[i]);
      const double u = std::sqrt(2 / 3.14159265358979323846) * (v + 0.044715 * v * v * v);
      CHECK(static_cast<double>(gelu[i]) ==
            doctest::Approx(v / 2 * (1 + std::tanh(u))).epsilon(2e-6).scale(1));
      CHECK(static_cast<double>(silu[i]) ==
            doctest::Approx(v / (1 + std::exp(-v)) * static_cast<double>(other[i]))
                .epsilon(2e-6)
                .scale(1));
    }
    for (const std::size_t n : {1U, 5U, 16U, 43U, 768U}) {
      const std::vector<float> row = random_values(n, 4), weight = random_values(n, 5),
                               bias = random_values(n, 6);
      std::vector<float> layer(n), rms(n);
      kernels->layer_norm(row.data(), weight.data(), bias.data(), 1e-3F, layer.data(), n);
      kernels->rms_norm(row.data(), weight.data(), 1e-3F, rms.data(), n);
      double mean = 0, square = 0, variance = 0;
      for (const float value : row) mean += static_cast<double>(value) / static_cast<double>(n);
      for (const float value : row) {
        const double v = static_cast<double>(value);
        square += v * v / static_cast<double>(n);
        variance += (v - mean) * (v - mean) / static_cast<double>(n);
      }
      for (std::size_t i = 0; i < n; ++i) {
        const double v = static_cast<double>(row[i]), w = static_cast<double>(weight[i]);
        CHECK(static_cast<double>(layer[i]) ==
              doctest::Approx((v - mean) / std::sqrt(variance + 1e-3) * w +
                              static_cast<double>(bias[i]))
                  .epsilon(1e-5)
                  .scale(1));
        CHECK(static_cast<double>(rms[i]) ==
              doctest::Approx(v / std::sqrt(square + 1e-3) * w).epsilon(1e-5).scale(1));
      }
    }
  }
}

TEST_CASE("attention is the softmax over the keys that a query sees, and knows nothing of others") {
  constexpr std::size_t positions = 256;
  for (const Kernels* kernels : all_kernels()) {
    CAPTURE(std::string(kernels->name));
    for (const std::size_t size : {10U, 64U, 100U}) {
      const std::size_t padded = padded_size(size);
      const std::vector<float> keys = random_values(positions * size, 7),
                               values = random_values(positions * size, 8);
      std::vector<std::vector<float>> blocks;
      std::vector<const float*> places;
      for (std::size_t b = 0; b < positions / block_positions; ++b)
        blocks.push_back(block_of(b, size, padded, keys, values));
      for (const auto& block : blocks) places.push_back(block.data());
      const std::vector<float> rows = random_values(attention_queries * size, 9);
      std::vector<float> out(rows.size()), alone(size), scratch(attention_scratch(padded));
      std::vector<AttentionQuery> queries;
      for (std::size_t i = 0; i < attention_queries; ++i) {
        const std::size_t last = 1 + 5 * i;
        queries.push_back({rows.data() + i * size, out.data() + i * size,
                           i % 2 == 0 || last < 70 ? 0 : last - 70, last});
      }
      Attention all{.queries = queries.data(),
                    .count = queries.size(),
                    .blocks = places.data(),
                    .keys = 0,
                    .values = block_positions * size,
                    .size = size,
                    .padded = padded,
                    .scale = 0.7F,
                    .scratch = scratch.data()};
      kernels->attention(all);
      for (const AttentionQuery& query : queries) {
        const auto expected =
            naive_attention(query.query, query.first, query.last, size, 0.7F, keys, values);
        for (std::size_t d = 0; d < size; ++d)
          CHECK(static_cast<double>(query.out[d]) ==
                doctest::Approx(expected[d]).epsilon(1e-5).scale(1));
        AttentionQuery one = query;
        one.out = alone.data();
        Attention single = all;
        single.queries = &one;
        single.count = 1;
        kernels->attention(single);
        CHECK(std::equal(alone.begin(), alone.end(), query.out));
      }
    }
  }
}

TEST_CASE("logits are summed up in tiles: the first largest, the sum, and whether all are finite") {
  for (const Kernels* kernels : all_kernels()) {
    CAPTURE(std::string(kernels->name));
    std::vector<float> logits = random_values(333, 10);
    for (float& logit : logits) logit *= 30;
    logits[40] = logits[200] = 31;
    LogitSummary whole;
    for (std::size_t at = 0; at < logits.size(); at += 50)
      kernels->summarise(logits.data() + at, std::min<std::size_t>(50, logits.size() - at),
                         static_cast<std::int32_t>(at), whole);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - 31);
    CHECK(whole.best == 40);
    CHECK(whole.most == 31);
    CHECK(whole.sum == doctest::Approx(sum).epsilon(1e-6));
    CHECK(whole.finite);
    for (const float broken :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      for (const std::size_t at : {0U, 17U, 332U}) {
        std::vector<float> with = logits;
        with[at] = broken;
        LogitSummary summary;
        kernels->summarise(with.data(), with.size(), 0, summary);
        CHECK_FALSE(summary.finite);
      }
    }
  }
}
