// Work on rows that is not a matrix product: embedding, norms, gates, means, conversions.
#include "engine/cuda/device.cuh"

namespace mlopsctl::engine::cuda {

namespace {

constexpr int most_packs = 8;  // of a row that one thread holds in registers
constexpr unsigned wide_block = 256;

template <class T>
__global__ void embed_rows(const T* table, const T* positional, const std::int32_t* tokens,
                           const std::int32_t* positions, int width, T* out) {
  let_next_start();
  wait_for_inputs();
  const std::int64_t row = blockIdx.x;
  const T* from = table + static_cast<std::int64_t>(tokens[row]) * width;
  const int position = max(positions[row], 0);  // negative: a slot that nothing is in
  const T* add =
      positional == nullptr ? nullptr : positional + static_cast<std::int64_t>(position) * width;
  for (int i = static_cast<int>(threadIdx.x); i < width; i += static_cast<int>(blockDim.x)) {
    const float value = to_float(from[i]) + (add == nullptr ? 0.0F : to_float(add[i]));
    out[row * width + i] = from_float<T>(value);
  }
}

// A row by a warp or by a block; its values stay in registers.
template <class T, bool whole_block>
__global__ void norm_rows(const T* in, const std::int32_t* rows, int count, int width, Norm norm,
                          T* out) {
  __shared__ float scratch[32];
  constexpr int group = whole_block ? static_cast<int>(wide_block) : 32;
  const int lane = static_cast<int>(threadIdx.x) % group;
  const std::int64_t row =
      static_cast<std::int64_t>(blockIdx.x) * (blockDim.x / group) + threadIdx.x / group;
  const auto sum_of = [&](float value) {
    return whole_block ? block_sum(value, scratch) : warp_sum(value);
  };
  if (row >= count) return;  // whole warps; with whole blocks there is none
  const T* from = in + static_cast<std::int64_t>(rows == nullptr ? row : rows[row]) * width;
  const int packs = width / pack<T>;
  float values[most_packs][pack<T>];
  float sum = 0;
#pragma unroll
  for (int p = 0; p < most_packs; ++p) {
    const int at = lane + p * group;
    if (at < packs) {
      unpack<T>(load_pack(from + at * pack<T>), values[p]);
#pragma unroll
      for (int i = 0; i < pack<T>; ++i) sum += values[p][i];
    }
  }
  const float mean = norm.layer ? sum_of(sum) / static_cast<float>(width) : 0.0F;
  float squares = 0;
#pragma unroll
  for (int p = 0; p < most_packs; ++p) {
    if (lane + p * group < packs) {
#pragma unroll
      for (int i = 0; i < pack<T>; ++i)
        squares += (values[p][i] - mean) * (values[p][i] - mean);
    }
  }
  const float scale = rsqrtf(sum_of(squares) / static_cast<float>(width) + norm.epsilon);
  const T* weight = static_cast<const T*>(norm.weight);
  const T* bias = static_cast<const T*>(norm.bias);
#pragma unroll
  for (int p = 0; p < most_packs; ++p) {
    const int at = lane + p * group;
    if (at >= packs) continue;
    float weights[pack<T>], result[pack<T>];
    unpack<T>(load_pack(weight + at * pack<T>), weights);
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) result[i] = (values[p][i] - mean) * scale * weights[i];
    if (bias != nullptr) {
      unpack<T>(load_pack(bias + at * pack<T>), weights);
#pragma unroll
      for (int i = 0; i < pack<T>; ++i) result[i] += weights[i];
    }
    store_pack(out + row * width + at * pack<T>, packed<T>(result));
  }
}

// Rows of any width.
template <class T>
__global__ void norm_any(const T* in, const std::int32_t* rows, int width, Norm norm, T* out) {
  __shared__ float scratch[32];
  const std::int64_t row = blockIdx.x;
  const T* from = in + static_cast<std::int64_t>(rows == nullptr ? row : rows[row]) * width;
  const int first = static_cast<int>(threadIdx.x), step = static_cast<int>(blockDim.x);
  float sum = 0, squares = 0;
  for (int i = first; i < width; i += step) sum += to_float(from[i]);
  const float mean = norm.layer ? block_sum(sum, scratch) / static_cast<float>(width) : 0.0F;
  for (int i = first; i < width; i += step) {
    const float away = to_float(from[i]) - mean;
    squares += away * away;
  }
  const float scale =
      rsqrtf(block_sum(squares, scratch) / static_cast<float>(width) + norm.epsilon);
  const T* weight = static_cast<const T*>(norm.weight);
  const T* bias = static_cast<const T*>(norm.bias);
  for (int i = first; i < width; i += step) {
    const float value = (to_float(from[i]) - mean) * scale * to_float(weight[i]);
    out[row * width + i] = from_float<T>(value + (bias == nullptr ? 0.0F : to_float(bias[i])));
  }
}

template <class T>
__global__ void gate_rows(const T* in, std::int64_t count, int inner, T* out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const int packs = inner / pack<T>;
  const std::int64_t row = at / packs, column = at % packs * pack<T>;
  float gates[pack<T>], ups[pack<T>];
  unpack<T>(load_pack(in + row * 2 * inner + column), gates);
  unpack<T>(load_pack(in + row * 2 * inner + inner + column), ups);
#pragma unroll
  for (int i = 0; i < pack<T>; ++i) gates[i] = silu(gates[i]) * ups[i];
  store_pack(out + row * inner + column, packed<T>(gates));
}

template <class T>
__global__ void gate_any(const T* in, std::int64_t count, int inner, T* out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const std::int64_t row = at / inner, column = at % inner;
  const T* from = in + row * 2 * inner + column;
  out[at] = from_float<T>(silu(to_float(from[0])) * to_float(from[inner]));
}

template <class T>
__global__ void pool_rows(const T* in, const std::int32_t* starts, int width, bool last,
                          float* out) {
  const int column = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
  if (column >= width) return;
  const int begin = starts[blockIdx.x], end = starts[blockIdx.x + 1];
  float sum = 0;
  for (int row = last ? end - 1 : begin; row < end; ++row)
    sum += to_float(in[static_cast<std::int64_t>(row) * width + column]);
  out[static_cast<std::int64_t>(blockIdx.x) * width + column] =
      last ? sum : sum / static_cast<float>(end - begin);
}

template <class T>
__global__ void widen(const T* in, std::int64_t count, float* out) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at < count) out[at] = to_float(in[at]);
}

__device__ float value_at(const void* in, NumberType type, std::int64_t at) {
  if (type == NumberType::f32) return static_cast<const float*>(in)[at];
  if (type == NumberType::f16) return __half2float(static_cast<const __half*>(in)[at]);
  return __bfloat162float(static_cast<const __nv_bfloat16*>(in)[at]);
}

template <class T>
__global__ void convert_rows(const void* in, NumberType from, std::int64_t rows,
                             std::int64_t columns, T* out, std::int64_t leading) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < rows * columns; at += step)
    out[at / columns * leading + at % columns] = from_float<T>(value_at(in, from, at));
}

template <class T>
__global__ void turn_rows(const void* in, NumberType from, std::int64_t rows,
                          std::int64_t columns, T* out, std::int64_t leading) {
  __shared__ float tile[32][33];
  const int x = static_cast<int>(threadIdx.x) % 32, y = static_cast<int>(threadIdx.x) / 32;
  const std::int64_t column0 = static_cast<std::int64_t>(blockIdx.x) * 32;
  const std::int64_t row0 = static_cast<std::int64_t>(blockIdx.y) * 32;
  for (int i = y; i < 32; i += 8) {
    if (row0 + i < rows && column0 + x < columns)
      tile[i][x] = value_at(in, from, (row0 + i) * columns + column0 + x);
  }
  __syncthreads();
  for (int i = y; i < 32; i += 8) {
    if (column0 + i < columns && row0 + x < rows)
      out[(column0 + i) * leading + row0 + x] = from_float<T>(tile[x][i]);
  }
}

}  // namespace

void embed(const Launch& how, NumberType type, const void* table, const void* positional,
           const std::int32_t* tokens, const std::int32_t* positions, int count, int width,
           void* out) {
  with_type(type, [&]<class T>(T) {
    start(how, count, 256, 0, embed_rows<T>, static_cast<const T*>(table),
          static_cast<const T*>(positional), tokens, positions, width, static_cast<T*>(out));
  });
}

void normalize(const Launch& how, NumberType type, const Norm& norm, const void* in,
               const std::int32_t* rows, int count, int width, void* out) {
  with_type(type, [&]<class T>(T) {
    const T* from = static_cast<const T*>(in);
    T* to = static_cast<T*>(out);
    const int packs = width / pack<T>;
    if (width % pack<T> != 0 || packs > most_packs * static_cast<int>(wide_block))
      start(how, count, wide_block, 0, norm_any<T>, from, rows, width, norm, to);
    else if (packs <= most_packs * 32)
      start(how, blocks_for(count, 4), 128, 0, norm_rows<T, false>, from, rows, count, width, norm,
            to);
    else
      start(how, count, wide_block, 0, norm_rows<T, true>, from, rows, count, width, norm, to);
  });
}

void gate(const Launch& how, NumberType type, const void* gate_up, int count, int inner,
          void* out) {
  with_type(type, [&]<class T>(T) {
    const T* from = static_cast<const T*>(gate_up);
    if (inner % pack<T> == 0) {
      const std::int64_t packs = static_cast<std::int64_t>(count) * (inner / pack<T>);
      start(how, blocks_for(packs, 256), 256, 0, gate_rows<T>, from, packs, inner,
            static_cast<T*>(out));
    } else {
      const std::int64_t values = static_cast<std::int64_t>(count) * inner;
      start(how, blocks_for(values, 256), 256, 0, gate_any<T>, from, values, inner,
            static_cast<T*>(out));
    }
  });
}

void pool(const Launch& how, NumberType type, const void* in, const std::int32_t* starts,
          int sequences, int width, bool last, float* out) {
  with_type(type, [&]<class T>(T) {
    start(how, dim3(sequences, blocks_for(width, 256)), 256, 0, pool_rows<T>,
          static_cast<const T*>(in), starts, width, last, out);
  });
}

void to_float(const Launch& how, NumberType type, const void* in, std::int64_t count, float* out) {
  with_type(type, [&]<class T>(T) {
    start(how, blocks_for(count, 256), 256, 0, widen<T>, static_cast<const T*>(in), count, out);
  });
}

void convert(const Launch& how, NumberType from, NumberType type, const void* in,
             std::int64_t rows, std::int64_t columns, bool turned, void* out,
             std::int64_t leading) {
  if (rows == 0 || columns == 0) return;
  with_type(type, [&]<class T>(T) {
    if (turned)
      start(how, dim3(blocks_for(columns, 32), blocks_for(rows, 32)), 256, 0, turn_rows<T>, in,
            from, rows, columns, static_cast<T*>(out), leading);
    else
      start(how, blocks_for(rows * columns, 1024), 256, 0, convert_rows<T>, in, from, rows,
            columns, static_cast<T*>(out), leading);
  });
}

}  // namespace mlopsctl::engine::cuda
