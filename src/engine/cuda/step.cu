// Attention with a paged cache: what a prompt leaves in it, and one step of generation, for which
// the keys of a sequence are split among blocks.
#include "engine/cuda/rotate.cuh"

namespace mlopsctl::engine::cuda {

namespace {

// A warp a head of q, k or v of a token.
template <class T>
__global__ void rotate_heads(Heads heads, T* qkv, const std::int32_t* positions,
                             const std::int32_t* slots, int count, Cache cache) {
  const std::int64_t at =
      (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  const int all = heads.q + 2 * heads.kv;
  const auto token = static_cast<int>(at / all);
  int head = static_cast<int>(at % all);
  if (token >= count) return;
  T* from = qkv + static_cast<std::int64_t>(token) * heads.row() + head * heads.size;
  const int position = positions[token];
  if (head < heads.q) {
    if (heads.frequencies != nullptr || heads.q_norm != nullptr)
      put_head(from, turned_head(from, heads, heads.q_norm, position), heads.size);
    return;
  }
  head -= heads.q;
  const bool value = head >= heads.kv;
  if (value && cache.pages == nullptr) return;
  Heads as_it_is = heads;
  as_it_is.frequencies = nullptr;
  const HeadValues turned = value ? turned_head(from, as_it_is, nullptr, position)
                                  : turned_head(from, heads, heads.k_norm, position);
  if (!value) put_head(from, turned, heads.size);
  if (cache.pages != nullptr)
    put_head(cached<T>(cache, heads, slots[token], position, value ? 1 : 0,
                       value ? head - heads.kv : head),
             turned, heads.size);
}

constexpr int step_warps = 4;

// Sixteen bytes of a key or value from `column` on; heads that are no whole number of packs are not
// aligned, and what is past their end is zero.
template <class T>
__device__ uint4 part_of_head(const T* head, int column, int size) {
  if (size % pack<T> == 0) return load_pack(head + column);
  float values[pack<T>];
#pragma unroll
  for (int i = 0; i < pack<T>; ++i)
    values[i] = column + i < size ? to_float(head[column + i]) : 0.0F;
  return packed<T>(values);
}

struct StepScratch {
  float* sums;      // [batch][q][splits][size], not yet divided
  float2* totals;   // [batch][q][splits]: largest score, sum of exponentials
  unsigned* arrived;  // [most_batch][q]; only the first of a group of heads is used
};

// The same place for every batch: they are zero between steps, the rest is not.
std::size_t counters(const Heads& heads) {
  return static_cast<std::size_t>(most_batch) * static_cast<std::size_t>(heads.q);
}

StepScratch scratch_parts(void* scratch, const Heads& heads, int batch,
                                                     int splits) {
  const std::size_t rows = static_cast<std::size_t>(batch) * heads.q;
  StepScratch parts;
  parts.arrived = static_cast<unsigned*>(scratch);
  parts.totals = reinterpret_cast<float2*>(parts.arrived + counters(heads));
  parts.sums = reinterpret_cast<float*>(parts.totals + rows * splits);
  return parts;
}

// Of `together` query heads that share keys and values, keys [split * step_keys, …).
template <class T, int together>
__global__ void __launch_bounds__(step_warps * 32)
    attend_split(Heads heads, const T* qkv, const std::int32_t* positions, Cache cache, int lanes,
                 StepScratch scratch, T* out) {
  extern __shared__ float step_shared[];
  const int size = heads.size;
  float* q = step_shared;                               // [together][size]
  float* weights = q + together * size;                 // [together][step_keys]
  float* partial = weights + together * step_keys;      // [step_warps][together][size]
  __shared__ float largest[together], total[together];
  __shared__ bool last;
  let_next_start();
  wait_for_inputs();

  const int slot = static_cast<int>(blockIdx.z);
  const int position = positions[slot];
  if (position < 0) return;
  const int sharing = heads.q / heads.kv, groups = (sharing + together - 1) / together;
  const int kv = static_cast<int>(blockIdx.y) / groups;
  const int head0 = kv * sharing + static_cast<int>(blockIdx.y) % groups * together;
  const int count = min(together, (kv + 1) * sharing - head0);
  const int first = heads.window == 0 ? 0 : max(0, position - heads.window + 1);
  const int first_split = first / step_keys, splits = position / step_keys - first_split + 1;
  const int split = static_cast<int>(blockIdx.x);
  if (split >= splits) return;
  const int key0 = (first_split + split) * step_keys;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const T* row = qkv + static_cast<std::int64_t>(slot) * heads.row();

  for (int g = warp; g < count; g += step_warps) {
    const HeadValues head =
        turned_head(row + (head0 + g) * size, heads, heads.q_norm, position);
    put_head(q + g * size, head, size);
  }
  // The block of the new position puts it into the cache. Blocks of other heads of the group do the
  // same: they write the same values.
  if (split == splits - 1) {
    if (warp == 2)
      put_head(cached<T>(cache, heads, slot, position, 0, kv),
               turned_head(row + (heads.q + kv) * size, heads, heads.k_norm, position), size);
    if (warp == 3) {
      const T* from = row + (heads.q + heads.kv + kv) * size;
      T* to = cached<T>(cache, heads, slot, position, 1, kv);
      for (int i = lane; i < size; i += 32) to[i] = from[i];
    }
  }
  __syncthreads();

  // `lanes` lanes read a key or value, 16 bytes each.
  const int sub = lane % lanes, in_warp = lane / lanes, at_once = 32 / lanes;
  const int column = sub * pack<T>;
  const bool reads = column < size;
  const int end = min(key0 + step_keys, position + 1);
  const uint4 zero = {0, 0, 0, 0};
  constexpr int ahead = 4;  // packs in flight
  float own[together][pack<T>];
#pragma unroll
  for (int g = 0; g < together; ++g) {
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) 
      own[g][i] = g < count && column + i < size ? q[g * size + column + i] : 0;
  }
  const float scale = rsqrtf(static_cast<float>(size));
  const int step = step_warps * at_once;
  for (int from = key0 + warp * at_once + in_warp; from < key0 + step_keys; from += ahead * step) {
    uint4 raw[ahead];
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      raw[u] = reads && key < end
                   ? part_of_head(cached<T>(cache, heads, slot, key, 0, kv), column, size)
                   : zero;
    }
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      float values[pack<T>];
      unpack<T>(raw[u], values);
#pragma unroll
      for (int g = 0; g < together; ++g) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < pack<T>; ++i) sum = fmaf(own[g][i], values[i], sum);
        for (int distance = lanes / 2; distance > 0; distance /= 2)
          sum += __shfl_xor_sync(all_lanes, sum, distance);
        if (sub == 0 && key < key0 + step_keys)
          weights[g * step_keys + key - key0] = key >= first && key < end ? sum * scale : -INFINITY;
      }
    }
  }
  __syncthreads();
  for (int g = warp; g < together; g += step_warps) {
    float most = -INFINITY, sum = 0;
    for (int i = lane; i < step_keys; i += 32) most = fmaxf(most, weights[g * step_keys + i]);
    most = warp_max(most);
    for (int i = lane; i < step_keys; i += 32) {
      const float weight = expf(weights[g * step_keys + i] - most);
      weights[g * step_keys + i] = weight;
      sum += weight;
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      largest[g] = most;
      total[g] = sum;
    }
  }
  __syncthreads();
  float sums[together][pack<T>] = {};
  for (int from = key0 + warp * at_once + in_warp; from < key0 + step_keys; from += ahead * step) {
    uint4 raw[ahead];
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      raw[u] = reads && key >= first && key < end
                   ? part_of_head(cached<T>(cache, heads, slot, key, 1, kv), column, size)
                   : zero;
    }
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      if (key >= key0 + step_keys) continue;
      float values[pack<T>];
      unpack<T>(raw[u], values);
#pragma unroll
      for (int g = 0; g < together; ++g) {
        const float weight = weights[g * step_keys + key - key0];
#pragma unroll
        for (int i = 0; i < pack<T>; ++i) sums[g][i] = fmaf(weight, values[i], sums[g][i]);
      }
    }
  }
#pragma unroll
  for (int g = 0; g < together; ++g) {
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) {
      for (int distance = lanes; distance < 32; distance *= 2)
        sums[g][i] += __shfl_xor_sync(all_lanes, sums[g][i], distance);
      if (in_warp == 0 && column + i < size)
        partial[(warp * together + g) * size + column + i] = sums[g][i];
    }
  }
  __syncthreads();
  const std::int64_t row0 = static_cast<std::int64_t>(slot) * heads.q + head0;
  const int most_splits = static_cast<int>(gridDim.x);
  for (int at = static_cast<int>(threadIdx.x); at < count * size; at += step_warps * 32) {
    const int g = at / size, d = at % size;
    float sum = 0;
    for (int w = 0; w < step_warps; ++w) sum += partial[(w * together + g) * size + d];
    if (splits == 1)
      out[(row0 + g) * size + d] = from_float<T>(sum / total[g]);
    else
      scratch.sums[((row0 + g) * most_splits + split) * size + d] = sum;
  }
  if (splits == 1) return;
  if (static_cast<int>(threadIdx.x) < count)
    scratch.totals[(row0 + threadIdx.x) * most_splits + split] = {largest[threadIdx.x],
                                                                  total[threadIdx.x]};
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(&scratch.arrived[row0], 1U) == static_cast<unsigned>(splits - 1);
    if (last) scratch.arrived[row0] = 0;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  for (int at = static_cast<int>(threadIdx.x); at < count * size; at += step_warps * 32) {
    const int g = at / size, d = at % size;
    const float2* totals = scratch.totals + (row0 + g) * most_splits;
    float most = -INFINITY, sum = 0, all = 0;
    for (int s = 0; s < splits; ++s) most = fmaxf(most, __ldcg(&totals[s].x));
    for (int s = 0; s < splits; ++s) {
      const float fade = expf(__ldcg(&totals[s].x) - most);
      all = fmaf(fade, __ldcg(&totals[s].y), all);
      sum = fmaf(fade, __ldcg(&scratch.sums[((row0 + g) * most_splits + s) * size + d]), sum);
    }
    out[(row0 + g) * size + d] = from_float<T>(sum / all);
  }
}

template <class T, int together>
void start_split(const Launch& how, const Heads& heads, const void* qkv,
                 const std::int32_t* positions, int batch, int splits, const Cache& cache,
                 void* scratch, void* out) {
  int lanes = 1;  // of a key: a power of two
  while (lanes * pack<T> < heads.size) lanes *= 2;
  const int sharing = heads.q / heads.kv;
  const dim3 grid(splits, heads.kv * ((sharing + together - 1) / together), batch);
  const std::size_t shared =
      static_cast<std::size_t>(together) *
      (static_cast<std::size_t>(heads.size) * (1 + step_warps) + step_keys) * sizeof(float);
  start(how, grid, step_warps * 32, shared, attend_split<T, together>, heads,
        static_cast<const T*>(qkv), positions, cache, lanes,
        scratch_parts(scratch, heads, batch, splits), static_cast<T*>(out));
}

}  // namespace

void rotate(const Launch& how, NumberType type, const Heads& heads, void* qkv,
            const std::int32_t* positions, const std::int32_t* slots, int count,
            const Cache* cache) {
  const std::int64_t warps = static_cast<std::int64_t>(count) * (heads.q + 2 * heads.kv);
  with_type(type, [&]<class T>(T) {
    start(how, blocks_for(warps, 8), 256, 0, rotate_heads<T>, heads, static_cast<T*>(qkv),
          positions, slots, count, cache == nullptr ? Cache{} : *cache);
  });
}

std::size_t step_scratch(const Heads& heads, int batch, int splits) {
  const std::size_t rows = static_cast<std::size_t>(batch) * heads.q;
  return counters(heads) * sizeof(unsigned) +
         rows * splits * (sizeof(float2) + static_cast<std::size_t>(heads.size) * sizeof(float));
}

void attend_step(const Launch& how, NumberType type, const Heads& heads, const void* qkv,
                 const std::int32_t* positions, int batch, int splits, const Cache& cache,
                 void* scratch, void* out) {
  with_type(type, [&]<class T>(T) {
    if (heads.q == heads.kv)
      start_split<T, 1>(how, heads, qkv, positions, batch, splits, cache, scratch, out);
    else
      start_split<T, 4>(how, heads, qkv, positions, batch, splits, cache, scratch, out);
  });
}

}  // namespace mlopsctl::engine::cuda
