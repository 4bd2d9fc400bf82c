// Products of a matrix with one to eight rows: a warp makes one or two elements of the result for
// all rows, so that the matrix is read once, 16 bytes at a time. Which lane adds what in which order
// depends on the matrix only: the results of a row have the same bits in every batch.
#include "engine/cuda/device.cuh"

#include <algorithm>

namespace mlopsctl::engine::cuda {

namespace {

constexpr int depth = 4;      // packs of a row in flight at once, twice: the next ones are loaded early
constexpr int most_warps = 8;
constexpr std::size_t most_shared = 100 * 1024;  // more would leave room for one block only

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

// Brings the rows to shared memory, through the norm if there is one.
template <class T, int batch>
__device__ void bring_rows(const FewProduct& product, T* rows) {
  __shared__ float scratch[batch][most_warps];
  const int packs = product.columns / pack<T>, width = product.columns;
  const int first = static_cast<int>(threadIdx.x), step = static_cast<int>(blockDim.x);
  float mean[batch] = {}, square[batch] = {};
#pragma unroll
  for (int b = 0; b < batch; ++b) {
    const T* from = static_cast<const T*>(product.in) +
                    static_cast<std::int64_t>(b < product.batch ? b : 0) * width;
    for (int p = first; p < packs; p += step) {
      const uint4 raw = load_pack(from + p * pack<T>);
      store_pack(rows + b * width + p * pack<T>, raw);
      if (product.norm.layer) {
        float values[pack<T>];
        unpack<T>(raw, values);
#pragma unroll
        for (int i = 0; i < pack<T>; ++i) mean[b] += values[i];
      }
    }
  }
  if (product.norm.weight != nullptr) {
    if (product.norm.layer) {
      block_sums<batch>(mean, scratch);
#pragma unroll
      for (int b = 0; b < batch; ++b) mean[b] /= static_cast<float>(width);
    }
#pragma unroll
    for (int b = 0; b < batch; ++b) {
      for (int p = first; p < packs; p += step) {
        float values[pack<T>];
        unpack<T>(load_pack(rows + b * width + p * pack<T>), values);
#pragma unroll
        for (int i = 0; i < pack<T>; ++i)
          square[b] = fmaf(values[i] - mean[b], values[i] - mean[b], square[b]);
      }
    }
    block_sums<batch>(square, scratch);
    const T* weight = static_cast<const T*>(product.norm.weight);
    const T* bias = static_cast<const T*>(product.norm.bias);
    for (int p = first; p < packs; p += step) {
      float weights[pack<T>], biases[pack<T>] = {};
      unpack<T>(load_pack(weight + p * pack<T>), weights);
      if (bias != nullptr) unpack<T>(load_pack(bias + p * pack<T>), biases);
#pragma unroll
      for (int b = 0; b < batch; ++b) {
        const float scale =
            rsqrtf(square[b] / static_cast<float>(width) + product.norm.epsilon);
        float values[pack<T>];
        unpack<T>(load_pack(rows + b * width + p * pack<T>), values);
#pragma unroll
        for (int i = 0; i < pack<T>; ++i)
          values[i] = fmaf((values[i] - mean[b]) * scale, weights[i], biases[i]);
        store_pack(rows + b * width + p * pack<T>, packed<T>(values));
      }
    }
  }
  __syncthreads();
}

template <class T>
__device__ void finish(const FewProduct& product, int b, int row, float value, float up) {
  const T* bias = static_cast<const T*>(product.bias);
  if (bias != nullptr) {
    value += to_float(bias[row]);
    if (product.finish == Finish::gate) up += to_float(bias[row + product.rows]);
  }
  const std::int64_t at = static_cast<std::int64_t>(b) * product.leading + row;
  if (product.finish == Finish::floats) {
    static_cast<float*>(product.out)[at] = value;
    return;
  }
  T* out = static_cast<T*>(product.out) + at;
  if (product.finish == Finish::gelu) value = gelu_tanh(value);
  if (product.finish == Finish::add) value += to_float(*out);
  if (product.finish == Finish::gate) value = silu(value) * up;
  *out = from_float<T>(value);
}

// `together` rows of the matrix by a warp: neighbours, or gate and up.
template <class T, int batch, int together>
__global__ void __launch_bounds__(most_warps * 32, 2) multiply(FewProduct product) {
  extern __shared__ __align__(16) unsigned char shared[];
  T* rows = reinterpret_cast<T*>(shared);
  let_next_start();
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int packs = product.columns / pack<T>;
  const bool gated = product.finish == Finish::gate;
  const int groups = gated ? product.rows : (product.rows + together - 1) / together;
  const int warps = static_cast<int>(blockDim.x) / 32;
  const int stride = static_cast<int>(gridDim.x) * warps;
  int group = static_cast<int>(blockIdx.x) * warps + static_cast<int>(threadIdx.x) / 32;
  const uint4 zero = {0, 0, 0, 0};

  const auto row_of = [&](int of, int r) { return gated ? of + r * product.rows : of * together + r; };
  const int last_row = gated ? 2 * product.rows - 1 : product.rows - 1;
  const auto fetch = [&](uint4(&to)[together][depth], int of, int from) {
#pragma unroll
    for (int r = 0; r < together; ++r) {
      const T* row = static_cast<const T*>(product.weights) +
                     static_cast<std::int64_t>(min(row_of(of, r), last_row)) * product.columns;
#pragma unroll
      for (int u = 0; u < depth; ++u) {
        const int p = from + u * 32 + lane;
        to[r][u] = p < packs ? __ldcs(reinterpret_cast<const uint4*>(row) + p) : zero;
      }
    }
  };

  uint4 now[together][depth], next[together][depth];
  if (group < groups) fetch(now, group, 0);
  wait_for_inputs();
  bring_rows<T, batch>(product, rows);

  for (; group < groups; group += stride) {
    float sums[together][batch] = {};
    for (int from = 0; from < packs; from += 32 * depth) {
      const bool more = from + 32 * depth < packs;
      const int following = more ? group : group + stride;
      if (following < groups) fetch(next, following, more ? from + 32 * depth : 0);
#pragma unroll
      for (int u = 0; u < depth; ++u) {
        const int p = from + u * 32 + lane;
        if (p < packs) {
          float weights[together][pack<T>];
#pragma unroll
          for (int r = 0; r < together; ++r) unpack<T>(now[r][u], weights[r]);
#pragma unroll
          for (int b = 0; b < batch; ++b) {
            float values[pack<T>];
            unpack<T>(load_pack(rows + b * product.columns + p * pack<T>), values);
#pragma unroll
            for (int r = 0; r < together; ++r) {
#pragma unroll
              for (int i = 0; i < pack<T>; ++i)
                sums[r][b] = fmaf(weights[r][i], values[i], sums[r][b]);
            }
          }
        }
      }
#pragma unroll
      for (int r = 0; r < together; ++r) {
#pragma unroll
        for (int u = 0; u < depth; ++u) now[r][u] = next[r][u];
      }
    }
#pragma unroll
    for (int r = 0; r < together; ++r) {
#pragma unroll
      for (int b = 0; b < batch; ++b) sums[r][b] = warp_sum(sums[r][b]);
    }
    // Lane b finishes row b of the batch.
#pragma unroll
    for (int b = 0; b < batch; ++b) {
      if (lane != b || b >= product.batch) continue;
      if (gated) {
        finish<T>(product, b, group, sums[0][b], sums[together - 1][b]);
      } else {
#pragma unroll
        for (int r = 0; r < together; ++r) {
          if (row_of(group, r) < product.rows)
            finish<T>(product, b, row_of(group, r), sums[r][b], 0);
        }
      }
    }
  }
}

template <class T>
std::size_t shared_for(const FewProduct& product, int batch) {
  return static_cast<std::size_t>(batch) * static_cast<std::size_t>(product.columns) * sizeof(T);
}

int rounded(int batch) { return batch <= 1 ? 1 : batch <= 2 ? 2 : batch <= 4 ? 4 : 8; }

}  // namespace

bool takes(const FewProduct& product, NumberType type, std::size_t shared_bytes) {
  bool fits = false;
  with_type(type, [&]<class T>(T) {
    fits = product.columns % pack<T> == 0 &&
           shared_for<T>(product, rounded(product.batch)) <=
               std::min(most_shared, shared_bytes - 1024);
  });
  return fits && product.batch <= 8;
}

void multiply_few(const Launch& how, NumberType type, const FewProduct& product,
                  int multiprocessors) {
  // Few rows want small blocks, so that every multiprocessor has some. A function of the matrix
  // only: sums of a norm depend on the size of the block.
  const int warps = product.rows >= 4096 ? most_warps : most_warps / 2;
  const int batch = rounded(product.batch);
  const bool gated = product.finish == Finish::gate;
  const bool single = batch == 1 && !gated && product.rows < 4096;
  const int groups = gated || single ? product.rows : (product.rows + 1) / 2;
  const unsigned grid = std::min(blocks_for(groups, warps),
                                 static_cast<unsigned>(multiprocessors * 4 * most_warps / warps));
  with_type(type, [&]<class T>(T) {
    auto kernel = single      ? multiply<T, 1, 1>
                  : batch == 1 ? multiply<T, 1, 2>
                  : batch == 2 ? multiply<T, 2, 2>
                  : batch == 4 ? multiply<T, 4, 2>
                               : multiply<T, 8, 2>;
    start(how, grid, static_cast<unsigned>(warps * 32), shared_for<T>(product, batch), kernel,
          product);
  });
}

}  // namespace mlopsctl::engine::cuda
