// Which tensors a model has, what they are called in its files, and under which one set of names
// engines ask for them.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::engine {

struct TensorPlace {
  std::string name;                     // as Checkpoint has it: layer.0.q
  std::string stored;                   // in the file: model.layers.0.self_attn.q_proj.weight
  std::uint64_t rows = 0, columns = 1;  // (out, in); of a vector (count, 1)
  bool matrix = false;
  bool embedding = false;   // looked up by row: LoRA's factors lie the other way round
  bool transposed = false;  // stored as (in, out)
  // Part of a stored tensor with `stored_rows` outputs, from `first` on.
  std::uint64_t first = 0, stored_rows = 0;
};

// All tensors of a model, the head too if it is not the embedding.
std::vector<TensorPlace> tensor_places(const ModelConfig& config);

// Files of a bare model lack this beginning.
std::string_view stored_prefix(const ModelConfig& config);

}  // namespace mlopsctl::engine
