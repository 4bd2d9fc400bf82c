// Brings tensors of a checkpoint to the GPU.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mlopsctl::engine::cuda {

struct Transfer {
  std::string tensor;
  std::byte* to =
      nullptr;  // on the GPU, (out, in), row-major, of the type that weights are held in
};

// Returns when all of it is there.
void transfer(const Checkpoint& checkpoint, const std::vector<Transfer>& transfers,
              NumberType type);

}  // namespace mlopsctl::engine::cuda
