// Products of a matrix with one to eight rows: a warp makes one or two elements of the result for
// all rows, so that the matrix is read once, 16 bytes at a time. Which lane adds what in which order
// depends on the matrix only: the results of a row have the same bits in every batch.
#include "engine/cuda/few_rows.cuh"

#include <algorithm>

namespace mlopsctl::engine::cuda {

namespace {

constexpr int depth = 4;      // packs of a row in flight at once, twice: the next ones are loaded early
constexpr std::size_t most_ahead = std::size_t{16} << 20;  // of a matrix, or the cache is too small
constexpr std::size_t most_shared = 100 * 1024;  // more would leave room for one block only

constexpr int together = 2;  // rows of the matrix that a warp works on: neighbours, or gate and up

// `ahead`: a warp's first rows
// are small enough to be brought to the L2 cache whole while the kernel before this one ends.
template <class T, int batch, bool is_split = false>
__global__ void __launch_bounds__(most_warps * 32, 2) multiply(FewProduct product, bool ahead) {
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

  const auto fetch_biases = [&](float(&to)[together], int of) {
#pragma unroll
    for (int r = 0; r < together; ++r)
      to[r] = product.bias == nullptr
                  ? 0.0F
                  : to_float(static_cast<const T*>(product.bias)[min(row_of(of, r), last_row)]);
  };

  uint4 now[together][depth], next[together][depth];
  float biases[together] = {};
  if (group < groups) {
    fetch(now, group, 0);
    fetch_biases(biases, group);
    if (ahead) {
#pragma unroll
      for (int r = 0; r < together; ++r) {
        const char* row = reinterpret_cast<const char*>(
            static_cast<const T*>(product.weights) +
            static_cast<std::int64_t>(min(row_of(group, r), last_row)) * product.columns);
        for (int at = depth * 32 * 16 + lane * 128; at < packs * 16; at += 32 * 128)
          asm volatile("prefetch.global.L2 [%0];" ::"l"(row + at));
      }
    }
  }
  // What lane b adds its results to.
  const auto fetch_there = [&](float(&to)[together], int of) {
    if (product.finish != Finish::add || lane >= product.batch) return;
    const T* out =
        static_cast<const T*>(product.out) + static_cast<std::int64_t>(lane) * product.leading;
#pragma unroll
    for (int r = 0; r < together; ++r) to[r] = to_float(out[min(row_of(of, r), last_row)]);
  };

  const NormPacks norm = fetch_norm<T>(product);
  wait_for_inputs();
  float there[together] = {};
  if (group < groups) fetch_there(there, group);
  bring_rows<T, batch, is_split>(product, norm, rows);

  for (bool again = false; group < groups; group += stride, again = true) {
    float sums[together][batch] = {};
    if (again) {
      fetch_biases(biases, group);
      fetch_there(there, group);
    }
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
        finish<T>(product, b, group, sums[0][b] + biases[0],
                  sums[together - 1][b] + biases[together - 1], 0);
      } else {
#pragma unroll
        for (int r = 0; r < together; ++r) {
          if (row_of(group, r) < product.rows)
            finish<T>(product, b, row_of(group, r), sums[r][b] + biases[r], 0, there[r]);
        }
      }
    }
  }
}

// One row of the matrix by a warp, for a batch of one, with nothing in shared memory: a lane needs of
// the input just the packs that it has of the matrix, `each` at most, all of them on their way
// before the input is there.
template <class T, int each, bool is_split>
__global__ void __launch_bounds__(most_warps * 32) multiply_line(FewProduct product) {
  let_next_start();
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int row =
      static_cast<int>(blockIdx.x * (blockDim.x / 32)) + static_cast<int>(threadIdx.x) / 32;
  const int packs = product.columns / pack<T>;
  const bool has_norm = each <= most_warp_packs / 32 && product.norm.weight != nullptr;
  const bool inside = row < product.rows;
  const uint4 zero = {0, 0, 0, 0};
  uint4 weights[each], norm_weights[each], norm_biases[each], in[each];
  const T* matrix_row = static_cast<const T*>(product.weights) +
                        static_cast<std::int64_t>(inside ? row : 0) * product.columns;
#pragma unroll
  for (int u = 0; u < each; ++u) {
    const int at = (lane + 32 * u) * pack<T>;
    const bool there = lane + 32 * u < packs;
    weights[u] = there ? __ldcs(reinterpret_cast<const uint4*>(matrix_row + at)) : zero;
    if (has_norm) {
      norm_weights[u] = there ? load_pack(static_cast<const T*>(product.norm.weight) + at) : zero;
      norm_biases[u] = there && product.norm.bias != nullptr
                           ? load_pack(static_cast<const T*>(product.norm.bias) + at)
                           : zero;
    }
  }
  const float bias = product.bias != nullptr && inside
                         ? to_float(static_cast<const T*>(product.bias)[row])
                         : 0.0F;
  const int parts = is_split ? split_count(product.split, 0) : 0;
  wait_for_inputs();
  float there = 0;
  if (product.finish == Finish::add && inside && lane == 0)
    there = to_float(static_cast<const T*>(product.out)[row]);
  const T* from = static_cast<const T*>(product.in);
#pragma unroll
  for (int u = 0; u < each; ++u) {
    in[u] = zero;
    if (lane + 32 * u >= packs) continue;
    if constexpr (is_split)
      in[u] = joined<T>(product.split, 0, parts, (lane + 32 * u) * pack<T>);
    else
      in[u] = load_pack(from + (lane + 32 * u) * pack<T>);
  }
  if (has_norm) {
    const float origin = product.norm.layer ? to_float(from[0]) : 0.0F;
    float sum = 0, squares = 0;
#pragma unroll
    for (int u = 0; u < each; ++u) {
      if (lane + 32 * u < packs) add_moments<T>(in[u], origin, sum, squares);
    }
    const Moments of = moments(product, origin, warp_sum(sum), warp_sum(squares));
#pragma unroll
    for (int u = 0; u < each; ++u) in[u] = normed<T>(in[u], of, norm_weights[u], norm_biases[u]);
  }
  float sum = 0;
#pragma unroll
  for (int u = 0; u < each; ++u) {
    if (lane + 32 * u >= packs) continue;
    float values[pack<T>], factors[pack<T>];
    unpack<T>(in[u], values);
    unpack<T>(weights[u], factors);
#pragma unroll
    for (int i = 0; i < pack<T>; ++i) sum = fmaf(factors[i], values[i], sum);
  }
  sum = warp_sum(sum);
  if (lane == 0 && inside) finish<T>(product, 0, row, sum + bias, 0, there);
}

constexpr int short_line = 3, long_line = 12;  // packs of a lane

// Whether multiply_line takes it.
template <class T>
bool is_line(const FewProduct& product) {
  const int packs = product.columns / pack<T>;
  const bool plain = product.norm.weight == nullptr;
  return product.batch == 1 && product.rows < 4096 && product.finish != Finish::gate &&
         packs <= 32 * (plain ? long_line : short_line);
}

template <class T>
void start_line(const Launch& how, const FewProduct& product) {
  const bool is_long = product.columns / pack<T> > 32 * short_line;
  const bool split = product.split.sums != nullptr;
  auto* const kernel = split ? (is_long ? multiply_line<T, long_line, true>
                                        : multiply_line<T, short_line, true>)
                             : (is_long ? multiply_line<T, long_line, false>
                                        : multiply_line<T, short_line, false>);
  // Fewer blocks start and end sooner, as long as every multiprocessor has some.
  const unsigned warps = product.rows >= 2048 ? most_warps : most_warps / 2;
  start(how, blocks_for(product.rows, warps), warps * 32, 0, kernel, product);
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
  const int groups = gated ? product.rows : (product.rows + together - 1) / together;
  // As many blocks as run at once: another round would bring the rows again.
  const unsigned grid = std::min(blocks_for(groups, warps),
                                 static_cast<unsigned>(multiprocessors * 2 * most_warps / warps));
  with_type(type, [&]<class T>(T) {
    if (is_line<T>(product)) return start_line<T>(how, product);
    auto* kernel = batch == 1   ? multiply<T, 1>
                   : batch == 2 ? multiply<T, 2>
                   : batch == 4 ? multiply<T, 4>
                                : multiply<T, 8>;
    if (product.split.sums != nullptr)
      kernel = batch == 1 ? multiply<T, 1, true> : multiply<T, 2, true>;
    const bool ahead =
        static_cast<std::size_t>(product.rows) * product.columns * sizeof(T) <= most_ahead;
    start(how, grid, static_cast<unsigned>(warps * 32), shared_for<T>(product, batch), kernel,
          product, ahead);
  });
}

}  // namespace mlopsctl::engine::cuda
