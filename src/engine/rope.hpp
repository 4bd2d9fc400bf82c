// Rotary position embedding: the angles that all engines rotate by (eval.md §2.3).
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include <vector>

namespace mlopsctl::engine {

// By what the pair (i, i + head_size / 2) of a query or key is rotated for each position; scaling
// applied. head_size / 2 values.
std::vector<float> rotation_frequencies(const ModelConfig& config);

}  // namespace mlopsctl::engine
