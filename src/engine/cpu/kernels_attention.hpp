// Attention with an online softmax over blocks of keys. Blocks begin at multiples of 64 positions
// whatever is asked, so that a query's result does not depend on how it came to be asked. See
// kernels_product.hpp for why nothing of the standard library is used.
#pragma once

#include "engine/cpu/kernels.hpp"
#include "engine/cpu/kernels_rows.hpp"

namespace mlopsctl::engine::cpu {

// out[r][0, 64) or [0, n) (+)= Σ_k left[r][k] · right[k][…]; `vectors` of them at a time.
template <class L, std::size_t R, std::size_t N>
void small_tile(const float* left, std::size_t left_stride, std::size_t depth, const float* right,
                std::size_t right_stride, float* out, std::size_t out_stride, bool add_to) {
  using V = typename L::V;
  V sums[R][N];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < N; ++v)
      sums[r][v] = add_to ? L::load(out + r * out_stride + v * L::width) : L::zero();
  }
  for (std::size_t k = 0; k < depth; ++k) {
    V row[N];
    for (std::size_t v = 0; v < N; ++v) row[v] = L::load(right + k * right_stride + v * L::width);
    for (std::size_t r = 0; r < R; ++r) {
      const V factor = L::all(left[r * left_stride + k]);
      for (std::size_t v = 0; v < N; ++v) sums[r][v] = L::fma(factor, row[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < N; ++v) L::store(out + r * out_stride + v * L::width, sums[r][v]);
  }
}

template <class L, std::size_t R>
void small_product(const float* left, std::size_t left_stride, std::size_t depth,
                   const float* right, std::size_t right_stride, std::size_t n, float* out,
                   std::size_t out_stride, bool add_to) {
  // Rows times vectors of sums that stay in registers.
  constexpr std::size_t vectors = L::width == 16 ? 4 : 2;
  std::size_t j = 0;
  for (; j + vectors * L::width <= n; j += vectors * L::width)
    small_tile<L, R, vectors>(left, left_stride, depth, right + j, right_stride, out + j,
                              out_stride, add_to);
  for (; j < n; j += L::width)
    small_tile<L, R, 1>(left, left_stride, depth, right + j, right_stride, out + j, out_stride,
                        add_to);
}

// The state of each query between blocks.
struct AttentionState {
  float* queries;  // scaled, [count][padded]
  float* sums;     // Σ p · v, [count][padded]
  float* weights;  // of the keys of one block, [count][64]
  float most[attention_queries], total[attention_queries];
};

// Scores become exp(score − most) of the keys that the query sees, 0 of the others.
template <class L>
void soften(const Attention& a, AttentionState& state, std::size_t i, std::size_t begin,
            std::size_t end) {
  using V = typename L::V;
  float* row = state.weights + i * block_positions;
  constexpr float nothing = -__builtin_inff();
  for (std::size_t j = 0; j < begin; ++j) row[j] = nothing;
  for (std::size_t j = end; j < block_positions; ++j) row[j] = nothing;
  V highest = L::load(row);
  for (std::size_t j = L::width; j < block_positions; j += L::width)
    highest = L::max(highest, L::load(row + j));
  const float before = state.most[i];
  const float in_block = L::max_of(highest);
  const float most = before > in_block ? before : in_block;
  V total = L::zero();
  for (std::size_t j = 0; j < block_positions; j += L::width) {
    const V value = exp_of<L>(L::sub(L::load(row + j), L::all(most)));
    L::store(row + j, value);
  }
  for (std::size_t j = 0; j < begin; ++j) row[j] = 0;
  for (std::size_t j = end; j < block_positions; ++j) row[j] = 0;
  for (std::size_t j = 0; j < block_positions; j += L::width)
    total = L::add(total, L::load(row + j));
  if (most != before) {
    float factor[L::width];
    L::store(factor, exp_of<L>(L::all(before - most)));
    state.total[i] *= factor[0];
    float* sums = state.sums + i * a.padded;
    for (std::size_t d = 0; d < a.padded; d += L::width)
      L::store(sums + d, L::mul(L::load(sums + d), L::all(factor[0])));
    state.most[i] = most;
  }
  state.total[i] += L::sum(total);
}

// R queries from i on, one block of keys.
template <class L, std::size_t R>
void attend_block(const Attention& a, AttentionState& state, std::size_t i, std::size_t block) {
  const std::size_t first = block * block_positions;
  const float* keys = a.blocks[block] + a.keys;
  const float* values = a.blocks[block] + a.values;
  float* weights = state.weights + i * block_positions;
  std::size_t lowest = block_positions, highest = 0;
  std::size_t begin[R], end[R];
  for (std::size_t r = 0; r < R; ++r) {
    const AttentionQuery& query = a.queries[i + r];
    begin[r] = query.first > first ? query.first - first : 0;
    end[r] = query.last > first ? query.last - first : 0;
    begin[r] = begin[r] < block_positions ? begin[r] : block_positions;
    end[r] = end[r] < block_positions ? end[r] : block_positions;
    if (begin[r] >= end[r]) continue;
    lowest = begin[r] < lowest ? begin[r] : lowest;
    highest = end[r] > highest ? end[r] : highest;
  }
  if (lowest >= highest) return;
  small_product<L, R>(state.queries + i * a.padded, a.padded, a.size, keys, block_positions,
                      block_positions, weights, block_positions, false);
  for (std::size_t r = 0; r < R; ++r) {
    if (begin[r] < end[r]) {
      soften<L>(a, state, i + r, begin[r], end[r]);
    } else {
      for (std::size_t j = 0; j < block_positions; ++j) weights[r * block_positions + j] = 0;
    }
  }
  small_product<L, R>(weights + lowest, block_positions, highest - lowest,
                      values + lowest * a.padded, a.padded, a.padded, state.sums + i * a.padded,
                      a.padded, true);
}

template <class L>
void attention(const Attention& a) {
  constexpr std::size_t together = L::width == 16 ? 6 : 4;
  AttentionState state;
  state.queries = a.scratch;
  state.sums = state.queries + attention_queries * a.padded;
  state.weights = state.sums + attention_queries * a.padded;
  std::size_t first = ~std::size_t{0}, last = 0;
  for (std::size_t i = 0; i < a.count; ++i) {
    const AttentionQuery& query = a.queries[i];
    for (std::size_t d = 0; d < a.size; ++d)
      state.queries[i * a.padded + d] = query.query[d] * a.scale;
    for (std::size_t d = 0; d < a.padded; ++d) state.sums[i * a.padded + d] = 0;
    state.most[i] = -__builtin_inff();
    state.total[i] = 0;
    first = query.first < first ? query.first : first;
    last = query.last > last ? query.last : last;
  }
  for (std::size_t block = first / block_positions; block * block_positions < last; ++block) {
    std::size_t i = 0;
    for (; i + together <= a.count; i += together) attend_block<L, together>(a, state, i, block);
    for (; i < a.count; ++i) attend_block<L, 1>(a, state, i, block);
  }
  for (std::size_t i = 0; i < a.count; ++i) {
    const float scale = 1.0F / state.total[i];
    for (std::size_t d = 0; d < a.size; ++d)
      a.queries[i].out[d] = state.sums[i * a.padded + d] * scale;
  }
}

}  // namespace mlopsctl::engine::cpu
