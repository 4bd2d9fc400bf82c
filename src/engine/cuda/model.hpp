// The layers of a model, run on packed tokens or on one new token of each of several sequences.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include "engine/cuda/kernels.hpp"
#include "engine/cuda/products.hpp"
#include "engine/cuda/weights.hpp"
#include "gpu/device.hpp"

#include <memory>

namespace mlopsctl::engine::cuda {

// Tokens of several sequences one after another; all arrays are on the GPU.
struct PackedTokens {
  int count = 0;
  const std::int32_t* tokens = nullptr;
  const std::int32_t* positions = nullptr;
  const std::int32_t* slots = nullptr;  // of the cache; null: keys and values are not kept
  const AttendTile* tiles = nullptr;
  int tile_count = 0;
};

// Keys and values of all layers: `pages` pages a layer.
struct LayerCaches {
  std::byte* memory = nullptr;
  std::size_t layer_bytes = 0;
  const std::int32_t* table = nullptr;
  int table_width = 0;
  Cache layer(std::size_t index) const {
    return {.pages = memory + index * layer_bytes, .table = table, .table_width = table_width};
  }
};

// One step of generation: slot s of `batch` has token tokens[s] at positions[s], or nothing where
// that is negative.
struct StepState {
  int batch = 0;
  int splits = 1;
  std::int32_t* tokens = nullptr;
  std::int32_t* positions = nullptr;
  const std::int32_t* choosable = nullptr;
  void* attend_scratch = nullptr;
  void* choose_scratch = nullptr;
  float* logits = nullptr;   // [batch, logits_leading()]
  Scored* chosen = nullptr;  // of the host: [2][batch], by the lowest bit of the new position
};

class Model {
 public:
  Model(std::shared_ptr<const Checkpoint> checkpoint, NumberType type, bool deterministic);

  const ModelConfig& config() const { return checkpoint_->config(); }
  const gpu::Device& device() const { return device_; }
  NumberType type() const { return type_; }
  const Heads& heads() const { return heads_; }
  cudaStream_t stream() const { return stream_; }
  Launch launch() const { return {.stream = stream_}; }
  std::size_t page_bytes() const;  // of one layer

  std::size_t token_bytes() const;  // of activations

  // Room for that many tokens at once. Whatever holds addresses of activations, a captured graph,
  // is out of date when memory_version() has changed.
  void reserve(int count);
  int memory_version() const { return memory_version_; }

  // The hidden states after the last layer, before the final norm: [count, width], until the next
  // call.
  const void* forward(const PackedTokens& packed, const LayerCaches* caches);
  // The final norm of rows[0 … count) of what forward gave; rows null: of all.
  const void* final_rows(const std::int32_t* rows, int count);
  // Logits of rows that the final norm went over: [count, logits_leading()].
  void logits(const void* normed, int count, float* out);
  int logits_leading() const { return weights_.head.rows; }

  void step(const StepState& state, const LayerCaches& caches);

 private:
  void attention_block(const LayerWeights& layer, const PackedTokens& packed, const Cache* cache);
  void mlp_block(const LayerWeights& layer, int count);
  void multiply(const WeightMatrix& matrix, int count, const void* in, void* out, bool gelu,
                bool add);
  void few(const WeightMatrix& matrix, const Norm& norm, int batch, const void* in, Finish finish,
           void* out, int leading, const SplitRows& split = {});
  void many(const WeightMatrix& matrix, const FewProduct& product);

  std::shared_ptr<const Checkpoint> checkpoint_;
  gpu::Device device_;
  NumberType type_;
  bool deterministic_;
  gpu::Stream stream_;
  Weights weights_;
  std::unique_ptr<Products> products_;
  Heads heads_;

  int reserved_ = 0;  // tokens
  int memory_version_ = 0;
  gpu::DeviceArray<std::byte> memory_;
  std::byte *hidden_ = nullptr, *normed_ = nullptr, *qkv_ = nullptr, *attended_ = nullptr,
            *inner_ = nullptr, *gated_ = nullptr;
};

}  // namespace mlopsctl::engine::cuda
