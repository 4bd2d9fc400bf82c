// How the rows of a product of few rows come to a multiprocessor, through the norm before it or the
// sums of split attention, and how its results are finished.
#pragma once

#include "engine/cuda/device.cuh"

namespace mlopsctl::engine::cuda {

inline constexpr int most_warps = 8;  // of a block

// Sums over the block, of each batch row; every thread gets them.
template <int batch>
__device__ void block_sums(float (&values)[batch], float (*scratch)[most_warps]) {
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  __syncthreads();  // of an earlier use of the scratch
#pragma unroll
  for (int b = 0; b < batch; ++b) {
    const float sum = warp_sum(values[b]);
    if (lane == 0) scratch[b][warp] = sum;
  }
  __syncthreads();
#pragma unroll
  for (int b = 0; b < batch; ++b) {
    float sum = 0;
    for (int w = 0; w < static_cast<int>(blockDim.x) / 32; ++w) sum += scratch[b][w];
    values[b] = sum;
  }
}

inline constexpr int held = 2;  // packs of a norm's weights that a thread loads early

// The weights of the norm that a thread applies, on their way before the rows are there.
struct NormPacks {
  uint4 weights[held], biases[held];
};

template <class T>
__device__ NormPacks fetch_norm(const FewProduct& product) {
  NormPacks packs{};
  if (product.norm.weight == nullptr) return packs;
#pragma unroll
  for (int i = 0; i < held; ++i) {
    const int at = (static_cast<int>(threadIdx.x) + i * static_cast<int>(blockDim.x)) * pack<T>;
    if (at >= product.columns) continue;
    packs.weights[i] = load_pack(static_cast<const T*>(product.norm.weight) + at);
    if (product.norm.bias != nullptr)
      packs.biases[i] = load_pack(static_cast<const T*>(product.norm.bias) + at);
  }
  return packs;
}

// How many parts a row of attention is split into. It may be asked before wait_for_inputs().
__device__ inline int split_count(const SplitRows& split, int b) {
  const int position = split.positions[b];
  const int first = split.window == 0 ? 0 : max(0, position - split.window + 1);
  return position < 0 ? 0 : position / step_keys - first / step_keys + 1;
}

// Sixteen bytes of a row of attention that is in `count` parts: the same sums in the same order as
// attend_step makes where it adds up itself.
template <class T>
__device__ uint4 joined(const SplitRows& split, int b, int count, int column) {
  constexpr int most = most_left_split;
  const int head = column / split.size, place = column % split.size;
  const std::int64_t row = (static_cast<std::int64_t>(b) * split.heads + head) * split.splits;
  float2 totals[most];
  float parts[most][pack<T>];
#pragma unroll
  for (int s = 0; s < most; ++s) {
    totals[s] = {-INFINITY, 0};
    if (s >= count) continue;
    totals[s] = split.totals[row + s];
    const float* from = split.sums + (row + s) * split.size + place;
#pragma unroll
    for (int i = 0; i < pack<T>; i += 4)
      *reinterpret_cast<float4*>(&parts[s][i]) = *reinterpret_cast<const float4*>(from + i);
  }
  float largest = -INFINITY, all = 0, values[pack<T>] = {};
#pragma unroll
  for (int s = 0; s < most; ++s) largest = fmaxf(largest, totals[s].x);
#pragma unroll
  for (int s = 0; s < most; ++s) {
    if (s >= count) continue;
    const float fade = expf(totals[s].x - largest);
    all = fmaf(fade, totals[s].y, all);
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) values[i] = fmaf(fade, parts[s][i], values[i]);
  }
#pragma unroll
  for (int i = 0; i < pack<T>; ++i) values[i] = count == 0 ? 0.0F : values[i] / all;
  return packed<T>(values);
}

// A norm whose sums one warp makes: its lanes have packs lane, lane + 32, … For rows as narrow as
// these, so that it does not matter which kernel makes them.
inline constexpr int most_warp_packs = 128;

struct Moments {
  float mean, scale;
};

// Of the sums over a row of what is above `origin`, the row's first value, and of its squares: one
// reduction, and the difference of squares stays small where the mean is not.
__device__ inline Moments moments(const FewProduct& product, float origin, float sum,
                                  float squares) {
  const float count = static_cast<float>(product.columns);
  const float above = product.norm.layer ? sum / count : 0.0F;
  const float variance = fmaxf(fmaf(-above, above, squares / count), 0.0F);
  return {origin + above, rsqrtf(variance + product.norm.epsilon)};
}

template <class T>
__device__ void add_moments(const uint4& raw, float origin, float& sum, float& squares) {
  float values[pack<T>];
  unpack<T>(raw, values);
#pragma unroll
  for (int i = 0; i < pack<T>; ++i) {
    const float above = values[i] - origin;
    sum += above;
    squares = fmaf(above, above, squares);
  }
}

template <class T>
__device__ uint4 normed(const uint4& raw, const Moments& of, const uint4& raw_weights,
                        const uint4& raw_biases) {
  float values[pack<T>], weights[pack<T>], biases[pack<T>];
  unpack<T>(raw, values);
  unpack<T>(raw_weights, weights);
  unpack<T>(raw_biases, biases);
#pragma unroll
  for (int i = 0; i < pack<T>; ++i)
    values[i] = fmaf((values[i] - of.mean) * of.scale, weights[i], biases[i]);
  return packed<T>(values);
}

// The same for rows that a warp each brings.
template <class T, int batch>
__device__ void bring_narrow_rows(const FewProduct& product, T* rows) {
  constexpr int each = most_warp_packs / 32;
  const int packs = product.columns / pack<T>;
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const T* weight = static_cast<const T*>(product.norm.weight);
  const T* bias = static_cast<const T*>(product.norm.bias);
  for (int b = warp; b < batch; b += static_cast<int>(blockDim.x) / 32) {
    const T* from = static_cast<const T*>(product.in) +
                    static_cast<std::int64_t>(b < product.batch ? b : 0) * product.columns;
    const float origin = product.norm.layer ? to_float(from[0]) : 0.0F;
    uint4 raw[each];
    float sum = 0, squares = 0;
#pragma unroll
    for (int u = 0; u < each; ++u) {
      if (lane + 32 * u < packs) raw[u] = load_pack(from + (lane + 32 * u) * pack<T>);
    }
#pragma unroll
    for (int u = 0; u < each; ++u) {
      if (lane + 32 * u < packs) add_moments<T>(raw[u], origin, sum, squares);
    }
    const Moments of = moments(product, origin, warp_sum(sum), warp_sum(squares));
#pragma unroll
    for (int u = 0; u < each; ++u) {
      const int at = (lane + 32 * u) * pack<T>;
      if (lane + 32 * u < packs)
        store_pack(rows + b * product.columns + at,
                   normed<T>(raw[u], of, load_pack(weight + at),
                             bias == nullptr ? uint4{0, 0, 0, 0} : load_pack(bias + at)));
    }
  }
  __syncthreads();
}

// Brings the rows to shared memory, through the norm if there is one. A thread works on the same
// packs of each row from beginning to end.
template <class T, int batch, bool is_split>
__device__ void bring_rows(const FewProduct& product, const NormPacks& early, T* rows) {
  __shared__ float scratch[2 * batch][most_warps];
  const int packs = product.columns / pack<T>, width = product.columns;
  const int first = static_cast<int>(threadIdx.x), step = static_cast<int>(blockDim.x);
  const bool has_norm = product.norm.weight != nullptr;
  if (has_norm && packs <= most_warp_packs) return bring_narrow_rows<T, batch>(product, rows);
  float sums[2 * batch] = {}, origin[batch] = {};
#pragma unroll
  for (int b = 0; b < batch; ++b) {
    const int row = b < product.batch ? b : 0;
    const T* from = static_cast<const T*>(product.in) + static_cast<std::int64_t>(row) * width;
    if (has_norm && product.norm.layer) origin[b] = to_float(from[0]);
    for (int p = first; p < packs; p += step) {
      uint4 raw;
      if constexpr (is_split)
        raw = joined<T>(product.split, row, split_count(product.split, row), p * pack<T>);
      else
        raw = load_pack(from + p * pack<T>);
      store_pack(rows + b * width + p * pack<T>, raw);
      if (has_norm) add_moments<T>(raw, origin[b], sums[b], sums[batch + b]);
    }
  }
  if (!has_norm) {
    __syncthreads();
    return;
  }
  block_sums<2 * batch>(sums, scratch);
  const T* weight = static_cast<const T*>(product.norm.weight);
  const T* bias = static_cast<const T*>(product.norm.bias);
  int i = 0;
  for (int p = first; p < packs; p += step, ++i) {
    uint4 raw_weights = early.weights[0], raw_biases = early.biases[0];
    if (i == 1) {
      raw_weights = early.weights[1];
      raw_biases = early.biases[1];
    } else if (i >= held) {
      raw_weights = load_pack(weight + p * pack<T>);
      raw_biases = bias == nullptr ? uint4{0, 0, 0, 0} : load_pack(bias + p * pack<T>);
    }
#pragma unroll
    for (int b = 0; b < batch; ++b) {
      T* at = rows + b * width + p * pack<T>;
      store_pack(at, normed<T>(load_pack(at), moments(product, origin[b], sums[b], sums[batch + b]),
                               raw_weights, raw_biases));
    }
  }
  __syncthreads();
}

// `there`: what the result is added to.
template <class T>
__device__ void finish(const FewProduct& product, int b, int row, float value, float up,
                       float there) {
  const std::int64_t at = static_cast<std::int64_t>(b) * product.leading + row;
  if (product.finish == Finish::floats) {
    static_cast<float*>(product.out)[at] = value;
    return;
  }
  T* out = static_cast<T*>(product.out) + at;
  if (product.finish == Finish::gelu) value = gelu_tanh(value);
  if (product.finish == Finish::add) value += there;
  if (product.finish == Finish::gate) value = silu(value) * up;
  *out = from_float<T>(value);
}

}  // namespace mlopsctl::engine::cuda
