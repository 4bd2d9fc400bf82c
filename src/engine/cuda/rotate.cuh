// What a head's query or key goes through before attention: RMSNorm (Qwen3), then rotation of the
// pairs (i, i + size / 2). By one warp.
#pragma once

#include "engine/cuda/device.cuh"

namespace mlopsctl::engine::cuda {

inline constexpr int most_pairs = 4;  // of a lane: heads of 256 at most

struct HeadValues {
  float low[most_pairs], high[most_pairs];  // elements lane + 32 c and the same + size / 2
};

template <class T>
__device__ HeadValues turned_head(const T* from, const Heads& heads, const void* norm,
                                  int position) {
  const int lane = static_cast<int>(threadIdx.x) % 32, half = heads.size / 2;
  HeadValues head{};
  float squares = 0;
#pragma unroll
  for (int c = 0; c < most_pairs; ++c) {
    const int i = lane + 32 * c;
    if (i < half) {
      head.low[c] = to_float(from[i]);
      head.high[c] = to_float(from[i + half]);
      squares += head.low[c] * head.low[c] + head.high[c] * head.high[c];
    }
  }
  if (norm != nullptr) {
    const float scale =
        rsqrtf(warp_sum(squares) / static_cast<float>(heads.size) + heads.epsilon);
    const T* weight = static_cast<const T*>(norm);
#pragma unroll
    for (int c = 0; c < most_pairs; ++c) {
      const int i = lane + 32 * c;
      if (i < half) {
        head.low[c] *= scale * to_float(weight[i]);
        head.high[c] *= scale * to_float(weight[i + half]);
      }
    }
  }
  if (heads.frequencies != nullptr) {
#pragma unroll
    for (int c = 0; c < most_pairs; ++c) {
      const int i = lane + 32 * c;
      if (i < half) {
        float sine, cosine;
        sincosf(static_cast<float>(position) * heads.frequencies[i], &sine, &cosine);
        const float low = head.low[c], high = head.high[c];
        head.low[c] = low * cosine - high * sine;
        head.high[c] = high * cosine + low * sine;
      }
    }
  }
  return head;
}

template <class T>
__device__ void put_head(T* to, const HeadValues& head, int size) {
  const int lane = static_cast<int>(threadIdx.x) % 32, half = size / 2;
#pragma unroll
  for (int c = 0; c < most_pairs; ++c) {
    const int i = lane + 32 * c;
    if (i < half) {
      to[i] = from_float<T>(head.low[c]);
      to[i + half] = from_float<T>(head.high[c]);
    }
  }
}

// Where the key (what 0) or value (what 1) of a position lies.
template <class T>
__device__ T* cached(const Cache& cache, const Heads& heads, int slot, int position, int what,
                     int kv) {
  const std::int64_t page =
      cache.table[static_cast<std::int64_t>(slot) * cache.table_width + position / page_tokens];
  return static_cast<T*>(cache.pages) +
         (((page * 2 + what) * heads.kv + kv) * page_tokens + position % page_tokens) * heads.size;
}

}  // namespace mlopsctl::engine::cuda
