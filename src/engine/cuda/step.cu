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

template <class T>
__device__ void put_part_of_head(T* head, int column, int size, const uint4& raw) {
  if (size % pack<T> == 0) return store_pack(head + column, raw);
  float values[pack<T>];
  unpack<T>(raw, values);
#pragma unroll
  for (int i = 0; i < pack<T>; ++i) {
    if (column + i < size) head[column + i] = from_float<T>(values[i]);
  }
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
// packs of keys and as many of values in each lane. A warp makes the softmax of its own keys; the
// block waits for all of its warps only once, to add them up.
template <class T, int together, int ahead>
__global__ void __launch_bounds__(step_warps * 32)
    attend_split(Heads heads, const T* qkv, const std::int32_t* positions, Cache cache, int lanes,
                 StepScratch scratch, T* out, bool add_up) {
  extern __shared__ __align__(16) float step_shared[];
  const int size = heads.size;
  T* new_key = reinterpret_cast<T*>(step_shared);  // [size], in room for as many floats
  float* q = step_shared + size;                    // [together][size]
  float* scores = q + together * size;              // [together][step_keys]
  float* partial = scores + together * step_keys;   // [step_warps][together][size]
  __shared__ float largest[step_warps][together], total[step_warps][together];
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
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const bool newest = split == splits - 1;  // this block has the new key
  const bool has_new = newest && warp == step_warps - 1;

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
  T* const to_key = newest ? cached<T>(cache, heads, slot, position, 0, kv) : nullptr;
  T* const to_value = newest ? cached<T>(cache, heads, slot, position, 1, kv) : nullptr;
  wait_for_inputs();

  // Heads that are taken as they are come straight to the lanes that need them.
  const bool plain = heads.frequencies == nullptr && heads.q_norm == nullptr;
  const T* row = qkv + static_cast<std::int64_t>(slot) * heads.row();
  const T* from_key = row + (heads.q + kv) * size;
  const T* from_value = row + (heads.q + heads.kv + kv) * size;
  uint4 own_packs[together], fresh_key = zero, fresh_value = zero;
  if (plain) {
#pragma unroll
    for (int g = 0; g < together; ++g)
      own_packs[g] =
          reads && g < count ? part_of_head(row + (head0 + g) * size, column, size) : zero;
    if (has_new && reads) fresh_key = part_of_head(from_key, column, size);
  }
  if (has_new && reads) fresh_value = part_of_head(from_value, column, size);
  if (!plain) {
    if (warp < count)
      put_head(q + warp * size,
               turned_head(row + (head0 + warp) * size, heads, heads.q_norm, position), size);
    if (has_new) {
      put_head(new_key, turned_head(from_key, heads, heads.k_norm, position), size);
      __syncwarp();
      if (reads) fresh_key = part_of_head(new_key, column, size);
    }
    __syncthreads();
  }
  // The warp of the new position puts it into the cache. Blocks of other heads of the group do the
  // same: they write the same values.
  if (has_new && reads && in_warp == 0) {
    put_part_of_head(to_key, column, size, fresh_key);
    put_part_of_head(to_value, column, size, fresh_value);
  }

  float own[together][pack<T>], fresh[together];
#pragma unroll
  for (int g = 0; g < together; ++g) {
    if (plain) {
      unpack<T>(own_packs[g], own[g]);
    } else {
#pragma unroll
      for (int i = 0; i < pack<T>; ++i)
        own[g][i] = g < count && column + i < size ? q[g * size + column + i] : 0;
    }
  }
  const float scale = rsqrtf(static_cast<float>(size));
  const auto score_of = [&](const float(&of)[pack<T>], const float(&key)[pack<T>]) {
    float sum = 0;
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) sum = fmaf(of[i], key[i], sum);
    for (int distance = lanes / 2; distance > 0; distance /= 2)
      sum += __shfl_xor_sync(all_lanes, sum, distance);
    return sum * scale;
  };
  float part[pack<T>];
  unpack<T>(fresh_key, part);
#pragma unroll
  for (int g = 0; g < together; ++g) fresh[g] = has_new ? score_of(own[g], part) : -INFINITY;
  for (int from = own_key; from - in_warp < end; from += ahead * step) {
    if (from != own_key) fetch(keys, from, 0);
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      unpack<T>(keys[u], part);
#pragma unroll
      for (int g = 0; g < together; ++g) {
        const float score = score_of(own[g], part);
        if (sub == 0 && key < key0 + step_keys) scores[g * step_keys + key - key0] = score;
      }
    }
  }
  __syncwarp();
  // Each lane has one of the 32 keys of its warp.
  static_assert(step_keys == step_warps * 32);
  const int lane_key = lane / at_once * step + warp * at_once + lane % at_once;
  const bool seen = key0 + lane_key >= first && key0 + lane_key < end;
  float sums[together][pack<T>], most[together], all[together];
  unpack<T>(fresh_value, part);
#pragma unroll
  for (int g = 0; g < together; ++g) {
    const float score = seen ? scores[g * step_keys + lane_key] : -INFINITY;
    most[g] = warp_max(fmaxf(score, fresh[g]));
    if (most[g] == -INFINITY) most[g] = 0;  // no key at all
    const float weight = expf(score - most[g]), fresh_weight = expf(fresh[g] - most[g]);
    scores[g * step_keys + lane_key] = weight;
    all[g] = warp_sum(weight) + fresh_weight;
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) sums[g][i] = in_warp == 0 ? fresh_weight * part[i] : 0.0F;
  }
  __syncwarp();
  for (int from = own_key; from - in_warp < end; from += ahead * step) {
    if (from != own_key) fetch(values, from, 1);
#pragma unroll
    for (int u = 0; u < ahead; ++u) {
      const int key = from + u * step;
      if (key >= key0 + step_keys) continue;
      unpack<T>(values[u], part);
#pragma unroll
      for (int g = 0; g < together; ++g) {
        const float weight = scores[g * step_keys + key - key0];
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
    if (lane == 0) {
      largest[warp][g] = most[g];
      total[warp][g] = all[g];
    }
  }
  __syncthreads();
  const std::int64_t row0 = static_cast<std::int64_t>(slot) * heads.q + head0;
  const int most_splits = static_cast<int>(gridDim.x);
  for (int at = static_cast<int>(threadIdx.x); at < count * size; at += step_warps * 32) {
    const int g = at / size, d = at % size;
    float top = -INFINITY, sum = 0, of_all = 0;
#pragma unroll
    for (int w = 0; w < step_warps; ++w)
      top = fmaxf(top, total[w][g] == 0 ? -INFINITY : largest[w][g]);
#pragma unroll
    for (int w = 0; w < step_warps; ++w) {
      const float fade = total[w][g] == 0 ? 0.0F : expf(largest[w][g] - top);
      of_all = fmaf(fade, total[w][g], of_all);
      sum = fmaf(fade, partial[(w * together + g) * size + d], sum);
    }
    if (splits == 1 && add_up)
      out[(row0 + g) * size + d] = from_float<T>(sum / of_all);
    else
      scratch.sums[((row0 + g) * most_splits + split) * size + d] = sum;
    if (d == 0 && !(splits == 1 && add_up))
      scratch.totals[(row0 + g) * most_splits + split] = {top, of_all};
  }
  if (splits == 1 || !add_up) return;
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
       static_cast<std::size_t>(heads.size)) *
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
