// A model's weights on the GPU, in one piece of memory.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include "engine/cuda/kernels.hpp"
#include "gpu/memory.hpp"

#include <vector>

namespace mlopsctl::engine::cuda {

struct WeightMatrix {  // [rows, columns]
  const void* values = nullptr;
  const void* bias = nullptr;
  int rows = 0, columns = 0;
};

struct LayerWeights {
  Norm attention_norm, mlp_norm;
  WeightMatrix qkv;  // one above the other
  WeightMatrix o;
  WeightMatrix up;  // gate above up; GPT-2: up
  WeightMatrix down;
  const void* q_norm = nullptr;  // Qwen3
  const void* k_norm = nullptr;
};

struct Weights {
  NumberType type = NumberType::f32;
  const void* embedding = nullptr;
  const void* positions = nullptr;  // GPT-2
  std::vector<LayerWeights> layers;
  Norm final_norm;
  WeightMatrix head;  // with rows of zeros up to a multiple of 64
  bool gated = false;
  const float* frequencies = nullptr;  // of rotation; null: none

  gpu::DeviceArray<std::byte> memory;
  gpu::DeviceArray<float> rotation;
};

// Brings the weights to the GPU through pinned buffers, several threads at once, and turns matrices
// that are stored as (in, out) there.
Weights load_weights(const Checkpoint& checkpoint, NumberType type);

}  // namespace mlopsctl::engine::cuda
