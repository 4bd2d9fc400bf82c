// What runs on the GPU beside the matrix products, for files that the CUDA compiler does not see.
// All arrays are on the GPU and row-major. `type` is what weights and activations are held in: f32,
// f16 or bf16; sums are in float32. Nothing waits for the GPU.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace mlopsctl::engine::cuda {

struct Launch {
  cudaStream_t stream = nullptr;
  // Let the kernel begin while the one before it ends (Hopper and later). Only for a sequence in
  // which every kernel of ours is started so.
  bool early = false;
};

struct Norm {
  const void* weight = nullptr;  // null: no norm at all
  const void* bias = nullptr;
  float epsilon = 0;
  bool layer = false;  // LayerNorm; otherwise RMSNorm
};

// out[i] = table[tokens[i]] + positional[positions[i]], where that is not null.
void embed(const Launch& how, NumberType type, const void* table, const void* positional,
           const std::int32_t* tokens, const std::int32_t* positions, int count, int width,
           void* out);

// out[i] = norm(in[rows[i]]); rows null: of row i.
void normalize(const Launch& how, NumberType type, const Norm& norm, const void* in,
               const std::int32_t* rows, int count, int width, void* out);

// out = silu(gate) * up of rows that hold gate and up side by side.
void gate(const Launch& how, NumberType type, const void* gate_up, int count, int inner, void* out);

// out[s] = the mean of rows [starts[s], starts[s + 1]), or the last of them, in float32.
void pool(const Launch& how, NumberType type, const void* in, const std::int32_t* starts,
          int sequences, int width, bool last, float* out);

void to_float(const Launch& how, NumberType type, const void* in, std::int64_t count, float* out);

// --- Weights -------------------------------------------------------------------------------

// Converts `rows` x `columns` values of type `from`; `turned`: out is (columns, rows) with rows
// `leading` values apart, otherwise like in, `leading` apart.
void convert(const Launch& how, NumberType from, NumberType type, const void* in, std::int64_t rows,
             std::int64_t columns, bool turned, void* out, std::int64_t leading);

// --- Attention -------------------------------------------------------------------------------

struct Heads {
  int q = 0, kv = 0, size = 0;
  int window = 0;                // keys further back are not seen; 0: all are
  const void* q_norm = nullptr;  // RMSNorm of each head before rotation, or null
  const void* k_norm = nullptr;
  float epsilon = 0;
  const float* frequencies = nullptr;  // of rotation, size / 2; null: no rotation
  __host__ __device__ int row() const {
    return (q + 2 * kv) * size;
  }  // values of q, k and v of a token
};

// Keys and values of one layer: pages of `page_tokens` positions, each [2][kv][page_tokens][size],
// 2 being keys and values. Sequence s has its pages at table[s * table_width + …].
inline constexpr int page_tokens = 64;
struct Cache {
  void* pages = nullptr;
  const std::int32_t* table = nullptr;
  int table_width = 0;
};

// Norm and rotation of q and k in place. With a cache, keys and values of token i are also put into
// it, as position positions[i] of sequence slots[i].
void rotate(const Launch& how, NumberType type, const Heads& heads, void* qkv,
            const std::int32_t* positions, const std::int32_t* slots, int count,
            const Cache* cache);

// A part of the work of attention: queries [first, first + attend_rows) of the sequence that is
// rows [begin, end) of the batch.
struct AttendTile {
  std::int32_t begin, end, first;
};
int attend_rows(NumberType type, int head_size);  // of one tile
// Causal attention over packed sequences; out [tokens, q * size].
void attend(const Launch& how, NumberType type, const Heads& heads, const void* qkv,
            const AttendTile* tiles, int count, void* out);

// One new token of each of `batch` sequences: rotates, puts its key and value into the cache, and
// attends to all before it. positions[s] < 0: nothing to do for s. The keys of a sequence are split
// among blocks in the same way whatever the batch, `step_keys` each; `splits` is enough for the
// longest. Positions and pages may not be changed by a kernel of the same step: they are read
// before it is certain that the kernel before this one has ended. Scratch: step_scratch(…) bytes,
// zero before the first use; what is enough for a batch and splits is enough for fewer.
inline constexpr int step_keys = 256;
inline constexpr int most_batch = 128;
std::size_t step_scratch(const Heads& heads, int batch, int splits);

// Sums over splits that whoever reads them adds up, which saves a step the wait for the last block.
struct SplitRows {
  const float* sums = nullptr;  // [batch][q][splits][size], not yet divided; null: there are none
  const float2* totals = nullptr;  // [batch][q][splits]: largest score, sum of exponentials
  const std::int32_t* positions = nullptr;
  int splits = 1, heads = 0, size = 0, window = 0;
};
// Whether a product of few rows may add them up.
inline constexpr int most_left_split = 4;
bool may_stay_split(const Heads& heads, NumberType type, int splits);

// `rows` null: adds up what it split, into out; otherwise tells where the parts are.
void attend_step(const Launch& how, NumberType type, const Heads& heads, const void* qkv,
                 const std::int32_t* positions, int batch, int splits, const Cache& cache,
                 void* scratch, void* out, SplitRows* rows);

// --- Products of few rows --------------------------------------------------------------------

enum class Finish { store, gelu, add, gate, floats };  // add: to what is there; gate: of row pairs
struct FewProduct {
  int batch = 1;              // 1 to 8
  int rows = 0, columns = 0;  // of the matrix; Finish::gate: rows of the result
  const void* weights = nullptr;
  const void* bias = nullptr;
  const void* in = nullptr;  // [batch, columns]
  SplitRows split;           // instead of `in`
  Norm norm;                 // applied to `in` first
  Finish finish = Finish::store;
  void* out = nullptr;  // [batch, leading]; float32 with Finish::floats
  int leading = 0;
};
// Whether the kernel takes this; if not, cuBLASLt has to. The sum of an element is made in the same
// order for every batch.
bool takes(const FewProduct& product, NumberType type, std::size_t shared_bytes);
void multiply_few(const Launch& how, NumberType type, const FewProduct& product,
                  int multiprocessors);

// --- The vocabulary --------------------------------------------------------------------------

// Of each row of logits, `leading` apart: the logarithm of the softmax at its target, the lowest
// id of the largest, and whether a logit is NaN or infinite.
struct Scored {
  float log_probability;
  std::int32_t argmax;
  std::int32_t broken;  // 1: a logit was NaN or infinite
};
void score_rows(const Launch& how, const float* logits, std::int64_t leading, int vocabulary,
                const std::int32_t* targets, int rows, Scored* out);

// The same of a row a sequence, its own argmax among the ids below choosable[s] being the target,
// spread over many blocks; then takes the step where positions[s] ≥ 0: tokens[s] = argmax,
// positions[s] += 1. The result goes to chosen[positions[s] % 2][s], [2][batch] in memory of the
// host, so that the next step may already run when it is read. Scratch: choose_scratch(batch)
// bytes, zero before the first use.
std::size_t choose_scratch(int batch);
void choose(const Launch& how, const float* logits, std::int64_t leading, int vocabulary,
            const std::int32_t* choosable, int batch, std::int32_t* tokens, std::int32_t* positions,
            void* scratch, Scored* chosen);

}  // namespace mlopsctl::engine::cuda
