// Causal attention over packed sequences, the softmax in float32. On tensor cores for heads of 64
// and 128 in half precision, as FlashAttention does it; in plain float32 arithmetic otherwise.
#include "engine/cuda/device.cuh"

namespace mlopsctl::engine::cuda {

namespace {

constexpr float log2_e = 1.4426950408889634F;

__device__ inline float exp2_fast(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// Four 8 x 8 matrices of halves from shared memory, a row's address from each lane.
__device__ inline void load_matrices(unsigned (&to)[4], unsigned address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address));
}
__device__ inline void load_turned(unsigned (&to)[4], unsigned address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address));
}

template <class T>
__device__ inline void multiply_add(float (&c)[4], const unsigned (&a)[4], unsigned b0,
                                    unsigned b1) {
  if constexpr (std::is_same_v<T, __half>)
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  else
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Rows in shared memory are cut into chunks of 16 bytes, the chunks of a row exchanged by its number
// so that eight rows' chunks lie in different banks.
template <int size>
__device__ inline unsigned chunk_at(int row, int chunk) {
  return static_cast<unsigned>(row * size * 2 + ((chunk ^ (row & 7)) * 16));
}

// Starts to copy `rows` rows from `first` on; those past `length` become zero.
template <int size, int rows, int threads, class T>
__device__ inline void bring(unsigned to, const T* from, std::int64_t stride, int first,
                             int length) {
  constexpr int chunks = size / 8;
#pragma unroll
  for (int i = 0; i < rows * chunks / threads; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * threads;
    const int row = at / chunks, chunk = at % chunks;
    const bool inside = first + row < length;
    const T* source = from + (inside ? first + row : 0) * stride + chunk * 8;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to +
                                                                       chunk_at<size>(row, chunk)),
                 "l"(source), "r"(inside ? 16 : 0));
  }
}
__device__ inline void end_group() { asm volatile("cp.async.commit_group;"); }
template <int left>
__device__ inline void wait_group() {
  asm volatile("cp.async.wait_group %0;" ::"n"(left));
}

constexpr int block_keys = 64;

// A warp has tiles_m x 16 queries, a block `warps` warps.
template <class T, int size, int tiles_m, int warps>
__global__ void __launch_bounds__(warps * 32)
    attend_fast(const T* qkv, Heads heads, const AttendTile* tiles, T* out) {
  constexpr int queries = warps * 16 * tiles_m, threads = warps * 32;
  constexpr int steps = size / 16;  // of 16 along a head
  extern __shared__ __align__(128) unsigned char shared[];
  const unsigned q_at = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  constexpr unsigned stage_bytes = block_keys * size * 2;
  const unsigned k_at = q_at + queries * size * 2, v_at = k_at + 2 * stage_bytes;

  const AttendTile tile = tiles[blockIdx.x];
  const int head = static_cast<int>(blockIdx.y), kv = head / (heads.q / heads.kv);
  const int length = tile.end - tile.begin;
  const std::int64_t stride = heads.row();
  const T* base = qkv + tile.begin * stride;
  const T* q = base + head * size;
  const T* k = base + (heads.q + kv) * size;
  const T* v = base + (heads.q + heads.kv + kv) * size;

  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int group = lane / 4, in_group = lane % 4;
  const int warp_first = tile.first + warp * 16 * tiles_m;  // its first query
  const int warp_last = warp_first + 16 * tiles_m - 1;

  const int end_key = min(tile.first + queries, length);
  const int begin_key =
      heads.window == 0 ? 0 : max(0, tile.first - heads.window + 1) / block_keys * block_keys;
  const int blocks = (end_key - begin_key + block_keys - 1) / block_keys;

  bring<size, queries, threads>(q_at, q, stride, tile.first, length);
  bring<size, block_keys, threads>(k_at, k, stride, begin_key, length);
  bring<size, block_keys, threads>(v_at, v, stride, begin_key, length);
  end_group();

  const float scale = log2_e * rsqrtf(static_cast<float>(size));
  unsigned q_parts[tiles_m][steps][4];
  float sums[tiles_m][size / 8][4] = {};
  float largest[tiles_m][2], total[tiles_m][2] = {};
#pragma unroll
  for (int m = 0; m < tiles_m; ++m) largest[m][0] = largest[m][1] = -INFINITY;

  for (int block = 0; block < blocks; ++block) {
    const int key0 = begin_key + block * block_keys;
    const unsigned stage = static_cast<unsigned>(block % 2) * stage_bytes;
    if (block + 1 < blocks) {
      const unsigned next = static_cast<unsigned>((block + 1) % 2) * stage_bytes;
      bring<size, block_keys, threads>(k_at + next, k, stride, key0 + block_keys, length);
      bring<size, block_keys, threads>(v_at + next, v, stride, key0 + block_keys, length);
      end_group();
      wait_group<1>();
    } else {
      wait_group<0>();
    }
    __syncthreads();
    if (block == 0) {
#pragma unroll
      for (int m = 0; m < tiles_m; ++m) {
#pragma unroll
        for (int s = 0; s < steps; ++s)
          load_matrices(q_parts[m][s],
                        q_at + chunk_at<size>((warp * tiles_m + m) * 16 + (lane & 15),
                                              2 * s + (lane >> 4)));
      }
    }
    if (key0 <= warp_last) {
      float scores[tiles_m][block_keys / 8][4] = {};
#pragma unroll
      for (int s = 0; s < steps; ++s) {
#pragma unroll
        for (int n = 0; n < block_keys / 16; ++n) {
          unsigned keys[4];
          load_matrices(keys, k_at + stage +
                                  chunk_at<size>(n * 16 + (lane & 7) + ((lane >> 4) << 3),
                                                 2 * s + ((lane >> 3) & 1)));
#pragma unroll
          for (int m = 0; m < tiles_m; ++m) {
            multiply_add<T>(scores[m][2 * n], q_parts[m][s], keys[0], keys[1]);
            multiply_add<T>(scores[m][2 * n + 1], q_parts[m][s], keys[2], keys[3]);
          }
        }
      }
      const bool past = key0 + block_keys - 1 > warp_first;
      const bool before = heads.window != 0 && key0 <= warp_last - heads.window;
      if (past || before) {
#pragma unroll
        for (int m = 0; m < tiles_m; ++m) {
#pragma unroll
          for (int n = 0; n < block_keys / 8; ++n) {
#pragma unroll
            for (int c = 0; c < 4; ++c) {
              const int key = key0 + n * 8 + in_group * 2 + (c & 1);
              const int query = warp_first + m * 16 + group + (c >> 1) * 8;
              if (key > query || (heads.window != 0 && key <= query - heads.window))
                scores[m][n][c] = -INFINITY;
            }
          }
        }
      }
#pragma unroll
      for (int m = 0; m < tiles_m; ++m) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {  // rows group and group + 8
          float most = largest[m][half];
#pragma unroll
          for (int n = 0; n < block_keys / 8; ++n)
            most = fmaxf(most, fmaxf(scores[m][n][2 * half], scores[m][n][2 * half + 1]));
          most = fmaxf(most, __shfl_xor_sync(all_lanes, most, 1));
          most = fmaxf(most, __shfl_xor_sync(all_lanes, most, 2));
          const float shift = most == -INFINITY ? 0.0F : most * scale;
          const float fade = exp2_fast(largest[m][half] * scale - shift);
          largest[m][half] = most;
          float sum = 0;
#pragma unroll
          for (int n = 0; n < block_keys / 8; ++n) {
#pragma unroll
            for (int c = 2 * half; c < 2 * half + 2; ++c) {
              scores[m][n][c] = exp2_fast(fmaf(scores[m][n][c], scale, -shift));
              sum += scores[m][n][c];
            }
          }
          total[m][half] = total[m][half] * fade + sum;
#pragma unroll
          for (int n = 0; n < size / 8; ++n) {
            sums[m][n][2 * half] *= fade;
            sums[m][n][2 * half + 1] *= fade;
          }
        }
      }
#pragma unroll
      for (int s = 0; s < block_keys / 16; ++s) {
        unsigned weights[tiles_m][4];
#pragma unroll
        for (int m = 0; m < tiles_m; ++m) {
          weights[m][0] = pair<T>(scores[m][2 * s][0], scores[m][2 * s][1]);
          weights[m][1] = pair<T>(scores[m][2 * s][2], scores[m][2 * s][3]);
          weights[m][2] = pair<T>(scores[m][2 * s + 1][0], scores[m][2 * s + 1][1]);
          weights[m][3] = pair<T>(scores[m][2 * s + 1][2], scores[m][2 * s + 1][3]);
        }
#pragma unroll
        for (int n = 0; n < steps; ++n) {
          unsigned values[4];
          load_turned(values, v_at + stage +
                                  chunk_at<size>(s * 16 + (lane & 15), 2 * n + (lane >> 4)));
#pragma unroll
          for (int m = 0; m < tiles_m; ++m) {
            multiply_add<T>(sums[m][2 * n], weights[m], values[0], values[1]);
            multiply_add<T>(sums[m][2 * n + 1], weights[m], values[2], values[3]);
          }
        }
      }
    }
    __syncthreads();
  }

#pragma unroll
  for (int m = 0; m < tiles_m; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = total[m][half];
      sum += __shfl_xor_sync(all_lanes, sum, 1);
      sum += __shfl_xor_sync(all_lanes, sum, 2);
      const int query = warp_first + m * 16 + group + half * 8;
      if (query >= length) continue;
      const float part = 1.0F / sum;
      T* to = out + (static_cast<std::int64_t>(tile.begin) + query) * heads.q * size + head * size +
              in_group * 2;
#pragma unroll
      for (int n = 0; n < size / 8; ++n)
        *reinterpret_cast<unsigned*>(to + n * 8) =
            pair<T>(sums[m][n][2 * half] * part, sums[m][n][2 * half + 1] * part);
    }
  }
}

constexpr int plain_warps = 8, plain_each = 4;  // queries of a warp
constexpr int plain_queries = plain_warps * plain_each;
constexpr int plain_packs = 8;  // values of a head that a lane has: heads of 256 at most

template <class T>
__global__ void __launch_bounds__(plain_warps * 32)
    attend_plain(const T* qkv, Heads heads, const AttendTile* tiles, T* out) {
  extern __shared__ float plain_shared[];
  const int size = heads.size;
  float* q = plain_shared;                    // [32][size]
  float* k = q + plain_queries * size;        // [32][size + 1]
  float* v = k + 32 * (size + 1);             // [32][size]
  const AttendTile tile = tiles[blockIdx.x];
  const int head = static_cast<int>(blockIdx.y), kv = head / (heads.q / heads.kv);
  const int length = tile.end - tile.begin;
  const std::int64_t stride = heads.row();
  const T* base = qkv + tile.begin * stride;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;

  for (int at = static_cast<int>(threadIdx.x); at < plain_queries * size; at += plain_warps * 32) {
    const int row = tile.first + at / size;
    q[at] = row < length ? to_float(base[row * stride + head * size + at % size]) : 0.0F;
  }
  const float scale = rsqrtf(static_cast<float>(size));
  float sums[plain_each][plain_packs] = {}, largest[plain_each], total[plain_each] = {};
#pragma unroll
  for (int i = 0; i < plain_each; ++i) largest[i] = -INFINITY;
  const int first_query = tile.first + warp * plain_each;

  const int end_key = min(tile.first + plain_queries, length);
  const int begin_key = heads.window == 0 ? 0 : max(0, tile.first - heads.window + 1) / 32 * 32;
  for (int key0 = begin_key; key0 < end_key; key0 += 32) {
    __syncthreads();
    for (int at = static_cast<int>(threadIdx.x); at < 32 * size; at += plain_warps * 32) {
      const int row = at / size, column = at % size;
      const bool inside = key0 + row < length;
      const T* from = base + (key0 + row) * stride + (heads.q + kv) * size + column;
      k[row * (size + 1) + column] = inside ? to_float(*from) : 0.0F;
      v[at] = inside ? to_float(from[heads.kv * size]) : 0.0F;
    }
    __syncthreads();
    float scores[plain_each] = {};
    for (int d = 0; d < size; ++d) {
      const float key = k[lane * (size + 1) + d];
#pragma unroll
      for (int i = 0; i < plain_each; ++i)
        scores[i] = fmaf(q[(warp * plain_each + i) * size + d], key, scores[i]);
    }
#pragma unroll
    for (int i = 0; i < plain_each; ++i) {
      const int key = key0 + lane, query = first_query + i;
      const bool seen =
          key <= query && key < length && (heads.window == 0 || key > query - heads.window);
      const float score = seen ? scores[i] * scale : -INFINITY;
      const float most = fmaxf(largest[i], warp_max(score));
      const float shift = most == -INFINITY ? 0.0F : most;
      const float fade = expf(largest[i] - shift);
      scores[i] = expf(score - shift);
      total[i] = total[i] * fade + warp_sum(scores[i]);
      largest[i] = most;
#pragma unroll
      for (int c = 0; c < plain_packs; ++c) sums[i][c] *= fade;
    }
    for (int j = 0; j < 32; ++j) {
      float weights[plain_each];
#pragma unroll
      for (int i = 0; i < plain_each; ++i) weights[i] = __shfl_sync(all_lanes, scores[i], j);
#pragma unroll
      for (int c = 0; c < plain_packs; ++c) {
        const int column = lane + 32 * c;
        if (column < size) {
          const float value = v[j * size + column];
#pragma unroll
          for (int i = 0; i < plain_each; ++i) sums[i][c] = fmaf(weights[i], value, sums[i][c]);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < plain_each; ++i) {
    const int query = first_query + i;
    if (query >= length) continue;
    T* to = out + (static_cast<std::int64_t>(tile.begin) + query) * heads.q * size + head * size;
#pragma unroll
    for (int c = 0; c < plain_packs; ++c) {
      if (lane + 32 * c < size) to[lane + 32 * c] = from_float<T>(sums[i][c] / total[i]);
    }
  }
}

bool is_fast(NumberType type, int size) {
  return type != NumberType::f32 && (size == 64 || size == 128);
}

template <class T, int size, int tiles_m, int warps>
void start_fast(const Launch& how, const Heads& heads, const void* qkv, const AttendTile* tiles,
                int count, void* out) {
  constexpr std::size_t shared = (warps * 16 * tiles_m + 4 * block_keys) * size * sizeof(T);
  start(how, dim3(count, heads.q), warps * 32, shared, attend_fast<T, size, tiles_m, warps>,
        static_cast<const T*>(qkv), heads, tiles, static_cast<T*>(out));
}

}  // namespace

int attend_rows(NumberType type, int head_size) {
  return is_fast(type, head_size) ? 128 : plain_queries;
}

void attend(const Launch& how, NumberType type, const Heads& heads, const void* qkv,
            const AttendTile* tiles, int count, void* out) {
  with_type(type, [&]<class T>(T) {
    if constexpr (sizeof(T) == 2) {
      if (heads.size == 64) return start_fast<T, 64, 2, 4>(how, heads, qkv, tiles, count, out);
      if (heads.size == 128) return start_fast<T, 128, 1, 8>(how, heads, qkv, tiles, count, out);
    }
    const std::size_t shared =
        (static_cast<std::size_t>(plain_queries + 64) * heads.size + 32) * sizeof(float);
    start(how, dim3(count, heads.q), plain_warps * 32, shared, attend_plain<T>,
          static_cast<const T*>(qkv), heads, tiles, static_cast<T*>(out));
  });
}

}  // namespace mlopsctl::engine::cuda
