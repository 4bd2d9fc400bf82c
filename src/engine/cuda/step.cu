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

constexpr int step_warps = 8;

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
  float* sums;      // [batch][q][splits][size], not yet divided; in packs of 16 bytes
  float2* totals;   // [batch][q][splits]: largest score, sum of exponentials
  unsigned* arrived;  // [most_batch][q]; only the first of a group of heads is used
};

// The same place for every batch: they are zero between steps, the rest is not.
std::size_t counters(const Heads& heads) {
  return static_cast<std::size_t>(most_batch) * static_cast<std::size_t>(heads.q);  // 16 bytes
}

StepScratch scratch_parts(void* scratch, const Heads& heads, int batch,
                                                     int splits) {
  const std::size_t rows = static_cast<std::size_t>(batch) * heads.q;
  StepScratch parts;
  parts.arrived = static_cast<unsigned*>(scratch);
  parts.totals = reinterpret_cast<float2*>(parts.arrived + counters(heads));
  parts.sums = reinterpret_cast<float*>(parts.totals + (rows * splits + 1) / 2 * 2);
  return parts;
}

// Of `together` query heads that share keys and values, keys [split * step_keys, …). What the cache
// holds from earlier steps is on its way before the new query, key and value are there: `ahead`
// packs of keys and as many of values in each lane.
template <class T, int together, int ahead>
__global__ void __launch_bounds__(step_warps * 32)
    attend_split(Heads heads, const T* qkv, const std::int32_t* positions, Cache cache, int lanes,
                 StepScratch scratch, T* out, bool add_up) {
  extern __shared__ float step_shared[];
  const int size = heads.size;
  float* q = step_shared;                           // [together][size]
  float* new_key = q + together * size;             // [size]
  float* new_value = new_key + size;                // [size]
  float* weights = new_value + size;                // [together][step_keys]
  float* partial = weights + together * step_keys;  // [step_warps][together][size]
  __shared__ float largest[together], total[together];
  __shared__ bool last;
  let_next_start();

  const int slot = static_cast<int>(blockIdx.z), split = static_cast<int>(blockIdx.x);
  const int position = positions[slot];
  const int first = heads.window == 0 ? 0 : max(0, position - heads.window + 1);
  const int first_split = first / step_keys, splits = position / step_keys - first_split + 1;
  if (position < 0 || split >= splits) {
    wait_for_inputs();
    return;
  }
  const int sharing = heads.q / heads.kv, groups = (sharing + together - 1) / together;
  const int kv = static_cast<int>(blockIdx.y) / groups;
  const int head0 = kv * sharing + static_cast<int>(blockIdx.y) % groups * together;
  const int count = min(together, (kv + 1) * sharing - head0);
  const int key0 = (first_split + split) * step_keys;
  const int end = min(key0 + step_keys, position);  // of keys that the cache holds already
  const bool newest = split == splits - 1;          // this block has the new key
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;

  // `lanes` lanes read a key or value, 16 bytes each.
  const int sub = lane % lanes, in_warp = lane / lanes, at_once = 32 / lanes;
  const int column = sub * pack<T>;
  const bool reads = column < size;
  const uint4 zero = {0, 0, 0, 0};
  const int step = step_warps * at_once;
  const int own_key = key0 + warp * at_once + in_warp;
  const auto fetch = [&](uint4(&to)[ahead], int from, int what) {
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      to[u] = reads && key >= first && key < end
                  ? part_of_head(cached<T>(cache, heads, slot, key, what, kv), column, size)
                  : zero;
    }
  };
  uint4 keys[ahead], values[ahead];
  fetch(keys, own_key, 0);
  fetch(values, own_key, 1);
  wait_for_inputs();

  // Heads that are taken as they are come straight to the lanes that need them.
  const bool plain = together == 1 && heads.frequencies == nullptr && heads.q_norm == nullptr &&
                     size % pack<T> == 0;
  const T* row = qkv + static_cast<std::int64_t>(slot) * heads.row();
  uint4 direct = zero;
  if (plain && reads) direct = load_pack(row + head0 * size + column);
  if (warp < count && (!plain || newest))
    put_head(q + warp * size, turned_head(row + (head0 + warp) * size, heads, heads.q_norm, position),
             size);
  // The block of the new position puts it into the cache. Blocks of other heads of the group do the
  // same: they write the same values.
  if (newest && warp == step_warps - 1) {
    const HeadValues key = turned_head(row + (heads.q + kv) * size, heads, heads.k_norm, position);
    T* to = cached<T>(cache, heads, slot, position, 0, kv);
    put_head(to, key, size);
    __syncwarp();
    for (int i = lane; i < size; i += 32) new_key[i] = to_float(to[i]);
  }
  if (newest && warp == step_warps - 2) {
    const T* from = row + (heads.q + heads.kv + kv) * size;
    T* to = cached<T>(cache, heads, slot, position, 1, kv);
    for (int i = lane; i < size; i += 32) {
      to[i] = from[i];
      new_value[i] = to_float(from[i]);
    }
  }
  if (!plain) __syncthreads();

  float own[together][pack<T>];
  if (plain) {
    unpack<T>(direct, own[0]);
  } else {
#pragma unroll
    for (int g = 0; g < together; ++g) {
#pragma unroll
      for (int i = 0; i < pack<T>; ++i)
        own[g][i] = g < count && column + i < size ? q[g * size + column + i] : 0;
    }
  }
  const float scale = rsqrtf(static_cast<float>(size));
  for (int from = own_key; from < key0 + step_keys; from += ahead * step) {
    if (from != own_key) fetch(keys, from, 0);
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      float part[pack<T>];
      unpack<T>(keys[u], part);
#pragma unroll
      for (int g = 0; g < together; ++g) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < pack<T>; ++i) sum = fmaf(own[g][i], part[i], sum);
        for (int distance = lanes / 2; distance > 0; distance /= 2)
          sum += __shfl_xor_sync(all_lanes, sum, distance);
        if (sub == 0 && key < key0 + step_keys && key != position)
          weights[g * step_keys + key - key0] = key >= first && key < end ? sum * scale : -INFINITY;
      }
    }
  }
  if (plain && newest) __syncthreads();  // of the new key
  if (newest && warp < together) {
    float sum = 0;
    for (int i = lane; i < size && warp < count; i += 32)
      sum = fmaf(q[warp * size + i], new_key[i], sum);
    sum = warp_sum(sum);
    if (lane == 0) weights[warp * step_keys + position - key0] = sum * scale;
  }
  __syncthreads();
  if (warp < together) {
    float* mine = weights + warp * step_keys;
    float most = -INFINITY, sum = 0;
    for (int i = lane; i < step_keys; i += 32) most = fmaxf(most, mine[i]);
    most = warp_max(most);
    for (int i = lane; i < step_keys; i += 32) {
      const float weight = expf(mine[i] - most);
      mine[i] = weight;
      sum += weight;
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      largest[warp] = most;
      total[warp] = sum;
    }
  }
  __syncthreads();
  float sums[together][pack<T>] = {};
  for (int from = own_key; from < key0 + step_keys; from += ahead * step) {
    if (from != own_key) fetch(values, from, 1);
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      if (key >= key0 + step_keys) continue;
      float part[pack<T>];
      unpack<T>(values[u], part);
#pragma unroll
      for (int g = 0; g < together; ++g) {
        const float weight = weights[g * step_keys + key - key0];
#pragma unroll
        for (int i = 0; i < pack<T>; ++i) sums[g][i] = fmaf(weight, part[i], sums[g][i]);
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
    float sum = newest ? weights[g * step_keys + position - key0] * new_value[d] : 0.0F;
#pragma unroll
    for (int w = 0; w < step_warps; ++w) sum += partial[(w * together + g) * size + d];
    if (splits == 1 && add_up)
      out[(row0 + g) * size + d] = from_float<T>(sum / total[g]);
    else
      scratch.sums[((row0 + g) * most_splits + split) * size + d] = sum;
  }
  if (splits == 1 && add_up) return;
  if (static_cast<int>(threadIdx.x) < count)
    scratch.totals[(row0 + threadIdx.x) * most_splits + split] = {largest[threadIdx.x],
                                                                  total[threadIdx.x]};
  if (!add_up) return;
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

template <class T, int together, int ahead>
void start_split(const Launch& how, const Heads& heads, const void* qkv,
                 const std::int32_t* positions, int batch, int splits, const Cache& cache,
                 void* scratch, void* out, bool add_up) {
  int lanes = 1;  // of a key: a power of two
  while (lanes * pack<T> < heads.size) lanes *= 2;
  const int sharing = heads.q / heads.kv;
  const dim3 grid(splits, heads.kv * ((sharing + together - 1) / together), batch);
  const std::size_t shared =
      (static_cast<std::size_t>(together) *
           (static_cast<std::size_t>(heads.size) * (1 + step_warps) + step_keys) +
       2 * static_cast<std::size_t>(heads.size)) *
      sizeof(float);
  start(how, grid, step_warps * 32, shared, attend_split<T, together, ahead>, heads,
        static_cast<const T*>(qkv), positions, cache, lanes,
        scratch_parts(scratch, heads, batch, splits), static_cast<T*>(out), add_up);
}

constexpr int most_left_values = 4096;      // of all splits of a token: each block of a product reads them
constexpr int blocks_for_latency = 264;     // with more, many at once do better than each one fast

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
  return counters(heads) * sizeof(unsigned) + sizeof(float2) +
         rows * splits * (sizeof(float2) + static_cast<std::size_t>(heads.size) * sizeof(float));
}

bool may_stay_split(const Heads& heads, NumberType type, int splits) {
  bool whole = false;
  with_type(type, [&]<class T>(T) { whole = heads.size % pack<T> == 0; });
  return whole && splits <= most_left_split && heads.q * heads.size * splits <= most_left_values;
}

void attend_step(const Launch& how, NumberType type, const Heads& heads, const void* qkv,
                 const std::int32_t* positions, int batch, int splits, const Cache& cache,
                 void* scratch, void* out, SplitRows* rows) {
  const bool add_up = rows == nullptr;
  const bool fast = batch * heads.kv * splits <= blocks_for_latency;
  with_type(type, [&]<class T>(T) {
    auto* const kernel = heads.q == heads.kv ? (fast ? start_split<T, 1, 8> : start_split<T, 1, 2>)
                                             : (fast ? start_split<T, 4, 4> : start_split<T, 4, 2>);
    kernel(how, heads, qkv, positions, batch, splits, cache, scratch, out, add_up);
  });
  if (rows == nullptr) return;
  const StepScratch parts = scratch_parts(scratch, heads, batch, splits);
  *rows = {.sums = parts.sums,
           .totals = parts.totals,
           .positions = positions,
           .splits = splits,
           .heads = heads.q,
           .size = heads.size,
           .window = heads.window};
}

}  // namespace mlopsctl::engine::cuda
