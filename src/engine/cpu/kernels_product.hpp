// Matrix products, written for any Lanes. Included by the files that are compiled for one
// instruction set each: nothing here may come from the standard library, whose inline functions the
// linker would share with the rest of the program.
#pragma once

#include "engine/cpu/kernels.hpp"

namespace mlopsctl::engine::cpu {

// How weights of a type are loaded.
template <class L>
struct LoadF32 {
  static constexpr bool from_memory = true;
  static constexpr std::size_t size = 4;
  static typename L::V at(const std::byte* from) { return L::load_f32(from); }
  static typename L::V at(const std::byte* from, std::size_t n) { return L::load_f32(from, n); }
};
template <class L>
struct LoadF16 {
  static constexpr bool from_memory = true;
  static constexpr std::size_t size = 2;
  static typename L::V at(const std::byte* from) { return L::load_f16(from); }
  static typename L::V at(const std::byte* from, std::size_t n) { return L::load_f16(from, n); }
};
template <class L>
struct LoadBf16 {
  static constexpr bool from_memory = true;
  static constexpr std::size_t size = 2;
  static typename L::V at(const std::byte* from) { return L::load_bf16(from); }
  static typename L::V at(const std::byte* from, std::size_t n) { return L::load_bf16(from, n); }
};

// Weights that were widened: they are in a cache.
template <class L>
struct LoadWidened : LoadF32<L> {
  static constexpr bool from_memory = false;
};

// `rows` × `columns` values as float32; rows of the result are `columns` rounded up apart.
template <class L, class Load>
void widen_block(const std::byte* from, std::size_t stride, std::size_t rows, std::size_t columns,
                 std::size_t wide, float* to) {
  for (std::size_t r = 0; r < rows; ++r) {
    const std::byte* row = from + r * stride * Load::size;
    std::size_t c = 0;
    for (; c + L::width <= columns; c += L::width)
      L::store(to + r * wide + c, Load::at(row + c * Load::size));
    if (c < columns) L::store(to + r * wide + c, Load::at(row + c * Load::size, columns - c));
  }
}

// ---- weights as (out, in): each sum runs along the row of a weight, in `width` lanes, which are
// added up at the end of each stretch of `row_stretch` inputs.
constexpr std::size_t row_stretch = 1024;

// R rows of x by J rows of weights. `ahead`: weights come from memory, so those after these are
// asked for.
template <class L, class Load, std::size_t R, std::size_t J>
void row_tile(const std::byte* weight, std::size_t weight_stride, const float* x,
              std::size_t x_stride, std::size_t inner, float* out, std::size_t out_stride,
              bool add_to) {
  using V = typename L::V;
  constexpr bool ahead = Load::from_memory;
  V sums[R][J];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t j = 0; j < J; ++j) sums[r][j] = L::zero();
  }
  const std::byte* rows[J];
  for (std::size_t j = 0; j < J; ++j) rows[j] = weight + j * weight_stride * Load::size;
  std::size_t k = 0;
  for (; k + L::width <= inner; k += L::width) {
    V left[R];
    for (std::size_t r = 0; r < R; ++r) left[r] = L::load(x + r * x_stride + k);
    for (std::size_t j = 0; j < J; ++j) {
      if constexpr (ahead)
        __builtin_prefetch(rows[j] + J * weight_stride * Load::size + k * Load::size);
      const V right = Load::at(rows[j] + k * Load::size);
      for (std::size_t r = 0; r < R; ++r) sums[r][j] = L::fma(left[r], right, sums[r][j]);
    }
  }
  if (k < inner) {
    const std::size_t rest = inner - k;
    V left[R];
    for (std::size_t r = 0; r < R; ++r) left[r] = L::load(x + r * x_stride + k, rest);
    for (std::size_t j = 0; j < J; ++j) {
      const V right = Load::at(rows[j] + k * Load::size, rest);
      for (std::size_t r = 0; r < R; ++r) sums[r][j] = L::fma(left[r], right, sums[r][j]);
    }
  }
  if constexpr (R == 4 && J == 4) {
    L::sum_tile(sums, out, out_stride, add_to);
  } else {
    for (std::size_t r = 0; r < R; ++r) {
      for (std::size_t j = 0; j < J; ++j) {
        float& to = out[r * out_stride + j];
        to = add_to ? to + L::sum(sums[r][j]) : L::sum(sums[r][j]);
      }
    }
  }
}

template <class L, class Load, std::size_t J>
void row_tiles(const std::byte* weight, std::size_t weight_stride, const float* x,
               std::size_t x_stride, std::size_t inner, std::size_t rows, float* out,
               std::size_t out_stride, bool add_to) {
  std::size_t i = 0;
  for (; i + 4 <= rows; i += 4)
    row_tile<L, Load, 4, J>(weight, weight_stride, x + i * x_stride, x_stride, inner,
                            out + i * out_stride, out_stride, add_to);
  const float* left = x + i * x_stride;
  float* to = out + i * out_stride;
  if (rows - i == 3) {
    row_tile<L, Load, 3, J>(weight, weight_stride, left, x_stride, inner, to, out_stride, add_to);
  } else if (rows - i == 2) {
    row_tile<L, Load, 2, J>(weight, weight_stride, left, x_stride, inner, to, out_stride, add_to);
  } else if (rows - i == 1) {
    row_tile<L, Load, 1, J>(weight, weight_stride, left, x_stride, inner, to, out_stride, add_to);
  }
}

// All rows by `outputs` weights of one stretch. Rows go by in blocks that stay in the first cache
// while some weights pass.
template <class L, class Load>
void row_block(const std::byte* weight, std::size_t weight_stride, const float* x,
               std::size_t x_stride, std::size_t inner, std::size_t rows, std::size_t outputs,
               float* out, std::size_t out_stride, bool add_to) {
  constexpr std::size_t tall = 8;
  for (std::size_t i = 0; i < rows; i += tall) {
    const std::size_t n = rows - i < tall ? rows - i : tall;
    const float* left = x + i * x_stride;
    float* to = out + i * out_stride;
    std::size_t j = 0;
    for (; j + L::row_outputs <= outputs; j += L::row_outputs)
      row_tiles<L, Load, L::row_outputs>(weight + j * weight_stride * Load::size, weight_stride,
                                         left, x_stride, inner, n, to + j, out_stride, add_to);
    for (; j < outputs; ++j)
      row_tiles<L, Load, 1>(weight + j * weight_stride * Load::size, weight_stride, left, x_stride,
                            inner, n, to + j, out_stride, add_to);
  }
}

// For few rows weights are read once, as they are stored; for many, some at a time are widened into
// what the second cache holds.
template <class L, class Load>
void product_rows(const Product& p) {
  constexpr std::size_t few = 8, together = 16;
  for (std::size_t k = 0; k < p.inner; k += row_stretch) {
    const std::size_t inner = p.inner - k < row_stretch ? p.inner - k : row_stretch;
    if (p.rows <= few) {
      row_block<L, Load>(p.weight + k * Load::size, p.weight_stride, p.x + k, p.x_stride, inner,
                         p.rows, p.outputs, p.out, p.out_stride, k != 0);
      continue;
    }
    for (std::size_t j = 0; j < p.outputs; j += together) {
      const std::size_t outputs = p.outputs - j < together ? p.outputs - j : together;
      const std::byte* weight = p.weight + (j * p.weight_stride + k) * Load::size;
      const std::size_t wide = (inner + 15) / 16 * 16;
      widen_block<L, Load>(weight, p.weight_stride, outputs, inner, wide, p.scratch);
      row_block<L, LoadWidened<L>>(reinterpret_cast<const std::byte*>(p.scratch), wide, p.x + k,
                                   p.x_stride, inner, p.rows, outputs, p.out + j, p.out_stride,
                                   k != 0);
    }
  }
}

// ---- weights as (in, out): each sum is one chain over all inputs; lanes are neighbouring outputs.

// Adds the inputs [0, depth) to R rows of n outputs.
template <class L, class Load, std::size_t R>
void add_inputs(const std::byte* weight, std::size_t weight_stride, const float* x,
                std::size_t x_stride, std::size_t depth, std::size_t n, float* out,
                std::size_t out_stride) {
  using V = typename L::V;
  std::size_t j = 0;
  for (; j + L::width <= n; j += L::width) {
    V sums[R];
    for (std::size_t r = 0; r < R; ++r) sums[r] = L::load(out + r * out_stride + j);
    for (std::size_t k = 0; k < depth; ++k) {
      const std::byte* from = weight + (k * weight_stride + j) * Load::size;
      __builtin_prefetch(from + depth * weight_stride * Load::size);
      const V right = Load::at(from);
      for (std::size_t r = 0; r < R; ++r)
        sums[r] = L::fma(L::all(x[r * x_stride + k]), right, sums[r]);
    }
    for (std::size_t r = 0; r < R; ++r) L::store(out + r * out_stride + j, sums[r]);
  }
  if (j == n) return;
  for (std::size_t r = 0; r < R; ++r) {
    V sum = L::load(out + r * out_stride + j, n - j);
    for (std::size_t k = 0; k < depth; ++k)
      sum = L::fma(L::all(x[r * x_stride + k]),
                   Load::at(weight + (k * weight_stride + j) * Load::size, n - j), sum);
    L::store(out + r * out_stride + j, sum, n - j);
  }
}

// Few rows: a few rows of the matrix at a time stream through, once.
template <class L, class Load>
void few_rows_by_columns(const Product& p) {
  constexpr std::size_t deep = 8;
  for (std::size_t k = 0; k < p.inner; k += deep) {
    const std::size_t depth = p.inner - k < deep ? p.inner - k : deep;
    const std::byte* weight = p.weight + k * p.weight_stride * Load::size;
    std::size_t i = 0;
    for (; i + 4 <= p.rows; i += 4)
      add_inputs<L, Load, 4>(weight, p.weight_stride, p.x + i * p.x_stride + k, p.x_stride, depth,
                             p.outputs, p.out + i * p.out_stride, p.out_stride);
    for (; i < p.rows; ++i)
      add_inputs<L, Load, 1>(weight, p.weight_stride, p.x + i * p.x_stride + k, p.x_stride, depth,
                             p.outputs, p.out + i * p.out_stride, p.out_stride);
  }
}

// R rows of x by a packed panel of `column_vectors` vectors of outputs, whose sums stay in
// registers.
template <class L, std::size_t R>
void panel_tile(const float* panel, const float* x, std::size_t x_stride, std::size_t depth,
                float* out, std::size_t out_stride) {
  constexpr std::size_t vectors = L::column_vectors;
  using V = typename L::V;
  V sums[R][vectors];
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < vectors; ++v)
      sums[r][v] = L::load(out + r * out_stride + v * L::width);
  }
  for (std::size_t k = 0; k < depth; ++k) {
    V right[vectors];
    for (std::size_t v = 0; v < vectors; ++v)
      right[v] = L::load(panel + (k * vectors + v) * L::width);
    for (std::size_t r = 0; r < R; ++r) {
      const V left = L::all(x[r * x_stride + k]);
      for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = L::fma(left, right[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    for (std::size_t v = 0; v < vectors; ++v)
      L::store(out + r * out_stride + v * L::width, sums[r][v]);
  }
}

template <class L, class Load>
void many_rows_by_columns(const Product& p) {
  constexpr std::size_t broad = L::column_vectors * L::width, deep = 512;
  constexpr std::size_t tall = L::column_rows;
  for (std::size_t j = 0; j < p.outputs; j += broad) {
    const std::size_t n = p.outputs - j < broad ? p.outputs - j : broad;
    for (std::size_t k = 0; k < p.inner; k += deep) {
      const std::size_t depth = p.inner - k < deep ? p.inner - k : deep;
      const std::byte* weight = p.weight + (k * p.weight_stride + j) * Load::size;
      if (n < broad) {
        for (std::size_t i = 0; i < p.rows; ++i)
          add_inputs<L, Load, 1>(weight, p.weight_stride, p.x + i * p.x_stride + k, p.x_stride,
                                 depth, n, p.out + i * p.out_stride + j, p.out_stride);
        continue;
      }
      widen_block<L, Load>(weight, p.weight_stride, depth, broad, broad, p.scratch);
      std::size_t i = 0;
      for (; i + tall <= p.rows; i += tall)
        panel_tile<L, tall>(p.scratch, p.x + i * p.x_stride + k, p.x_stride, depth,
                            p.out + i * p.out_stride + j, p.out_stride);
      for (; i < p.rows; ++i)
        panel_tile<L, 1>(p.scratch, p.x + i * p.x_stride + k, p.x_stride, depth,
                         p.out + i * p.out_stride + j, p.out_stride);
    }
  }
}

template <class L, class Load>
void product_columns(const Product& p) {
  for (std::size_t i = 0; i < p.rows; ++i) {
    for (std::size_t j = 0; j < p.outputs; ++j) p.out[i * p.out_stride + j] = 0;
  }
  if (p.rows <= 8) {
    few_rows_by_columns<L, Load>(p);
  } else {
    many_rows_by_columns<L, Load>(p);
  }
}

template <class L>
void product_rows_of(const Product& p) {
  if (p.type == WeightType::f32) {
    product_rows<L, LoadF32<L>>(p);
  } else if (p.type == WeightType::f16) {
    product_rows<L, LoadF16<L>>(p);
  } else {
    product_rows<L, LoadBf16<L>>(p);
  }
}
template <class L>
void product_columns_of(const Product& p) {
  if (p.type == WeightType::f32) {
    product_columns<L, LoadF32<L>>(p);
  } else if (p.type == WeightType::f16) {
    product_columns<L, LoadF16<L>>(p);
  } else {
    product_columns<L, LoadBf16<L>>(p);
  }
}

}  // namespace mlopsctl::engine::cpu
