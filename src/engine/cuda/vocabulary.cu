// Softmax, target and argmax of rows of logits in one pass; the choice of the next token.
#include "engine/cuda/device.cuh"

#include <climits>

namespace mlopsctl::engine::cuda {

namespace {

constexpr unsigned row_block = 512;
constexpr unsigned part_block = 256, parts = 32;  // of one row when a token is chosen

// What has been seen of a row: its largest value, the sum of exp(x - largest), and the lowest id of
// the largest value that may be chosen.
struct Seen {
  float largest = -INFINITY, sum = 0;
  float best = -INFINITY;
  int id = INT_MAX;
  int broken = 0;
};

__device__ Seen merged(const Seen& a, const Seen& b) {
  Seen both;
  both.largest = fmaxf(a.largest, b.largest);
  both.best = fmaxf(a.best, b.best);
  both.id = a.best > b.best ? a.id : b.best > a.best ? b.id : min(a.id, b.id);
  both.broken = a.broken | b.broken;
  both.sum = (a.sum > 0 ? a.sum * __expf(a.largest - both.largest) : 0.0F) +
             (b.sum > 0 ? b.sum * __expf(b.largest - both.largest) : 0.0F);
  return both;
}

__device__ Seen merged_in_warp(Seen seen) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    Seen other;
    other.largest = __shfl_xor_sync(all_lanes, seen.largest, distance);
    other.sum = __shfl_xor_sync(all_lanes, seen.sum, distance);
    other.best = __shfl_xor_sync(all_lanes, seen.best, distance);
    other.id = __shfl_xor_sync(all_lanes, seen.id, distance);
    other.broken = __shfl_xor_sync(all_lanes, seen.broken, distance);
    seen = merged(seen, other);
  }
  return seen;
}

// Ids [begin, end) of a row, begin a multiple of 4, by one block; if `limited`, those below
// `choosable` only may be chosen. The first thread has the result.
template <bool limited>
__device__ Seen look_at(const float* row, int begin, int end, int choosable) {
  __shared__ Seen warps[row_block / 32];
  Seen seen;
  for (int at = begin + static_cast<int>(threadIdx.x) * 4; at < end;
       at += static_cast<int>(blockDim.x) * 4) {
    const float4 four = __ldcs(reinterpret_cast<const float4*>(row + at));
    const float values[4] = {four.x, four.y, four.z, four.w};
    float largest = -INFINITY, best = -INFINITY;
    int id = INT_MAX;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (at + i >= end) continue;
      seen.broken |= not_finite(values[i]) ? 1 : 0;
      if (values[i] > largest) {
        largest = values[i];
        if (!limited) id = at + i;
      }
      if (limited && at + i < choosable && values[i] > best) {
        best = values[i];
        id = at + i;
      }
    }
    if (!limited) best = largest;
    if (best > seen.best) {
      seen.best = best;
      seen.id = id;
    }
    if (largest > seen.largest) {
      seen.sum *= __expf(seen.largest - largest);
      seen.largest = largest;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (at + i < end) seen.sum += __expf(values[i] - seen.largest);
    }
  }
  seen = merged_in_warp(seen);
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  if (lane == 0) warps[warp] = seen;
  __syncthreads();
  if (warp != 0) return seen;
  return merged_in_warp(lane < static_cast<int>(blockDim.x) / 32 ? warps[lane] : Seen{});
}

__global__ void __launch_bounds__(row_block)
    score(const float* logits, std::int64_t leading, int vocabulary, const std::int32_t* targets,
          Scored* out) {
  const float* row = logits + blockIdx.x * leading;
  const Seen seen = look_at<false>(row, 0, vocabulary, vocabulary);
  if (threadIdx.x != 0) return;
  Scored result;
  result.log_probability = row[targets[blockIdx.x]] - seen.largest - logf(seen.sum);
  result.argmax = seen.id == INT_MAX ? 0 : seen.id;  // only where all are NaN
  result.broken = seen.broken;
  out[blockIdx.x] = result;
}

struct ChooseScratch {
  Seen seen[parts];
  unsigned arrived;
};

__global__ void __launch_bounds__(part_block)
    choose_token(const float* logits, std::int64_t leading, int vocabulary,
                 const std::int32_t* choosable, std::int32_t* tokens, std::int32_t* positions,
                 ChooseScratch* scratch, Scored* chosen) {
  let_next_start();
  wait_for_inputs();
  const int slot = static_cast<int>(blockIdx.y);
  if (positions[slot] < 0) return;
  ChooseScratch& mine = scratch[slot];
  const int each = (vocabulary + static_cast<int>(parts) * 4 - 1) / (static_cast<int>(parts) * 4) * 4;
  const int begin = min(static_cast<int>(blockIdx.x) * each, vocabulary);
  const Seen seen =
      look_at<true>(logits + slot * leading, begin, min(begin + each, vocabulary), choosable[slot]);
  __shared__ bool last;
  if (threadIdx.x == 0) {
    mine.seen[blockIdx.x] = seen;
    __threadfence();
    last = atomicAdd(&mine.arrived, 1U) == parts - 1;
  }
  __syncthreads();
  if (!last || threadIdx.x >= parts) return;
  __threadfence();
  const volatile Seen* part = &mine.seen[threadIdx.x];
  Seen own;
  own.largest = part->largest;
  own.sum = part->sum;
  own.best = part->best;
  own.id = part->id;
  own.broken = part->broken;
  const Seen all = merged_in_warp(own);
  if (threadIdx.x != 0) return;
  mine.arrived = 0;
  const int id = all.id == INT_MAX ? 0 : all.id;
  const int position = positions[slot] + 1;
  chosen[position % 2 * static_cast<int>(gridDim.y) + slot] = {
      .log_probability = all.best - all.largest - logf(all.sum), .argmax = id, .broken = all.broken};
  tokens[slot] = id;
  positions[slot] = position;
}

}  // namespace

void score_rows(const Launch& how, const float* logits, std::int64_t leading, int vocabulary,
                const std::int32_t* targets, int rows, Scored* out) {
  start(how, rows, row_block, 0, score, logits, leading, vocabulary, targets, out);
}

std::size_t choose_scratch(int batch) {
  return sizeof(ChooseScratch) * static_cast<std::size_t>(batch);
}

void choose(const Launch& how, const float* logits, std::int64_t leading, int vocabulary,
            const std::int32_t* choosable, int batch, std::int32_t* tokens, std::int32_t* positions,
            void* scratch, Scored* chosen) {
  start(how, dim3(parts, batch), part_block, 0, choose_token, logits, leading, vocabulary,
        choosable, tokens, positions, static_cast<ChooseScratch*>(scratch), chosen);
}

}  // namespace mlopsctl::engine::cuda
