// The GPU that this process works on.
#pragma once

#include <cstddef>
#include <string>

namespace mlopsctl::gpu {

struct Device {
  std::string name;    // "NVIDIA H100 80GB HBM3"
  int generation = 0;  // compute capability, major: 8 Ampere and Ada, 9 Hopper
  int multiprocessors = 0;
  std::size_t shared_bytes = 0;  // of one block, at most
};

// Throws Error{unavailable} if there is no driver, none that is new enough, or no GPU.
Device require_device();

}  // namespace mlopsctl::gpu
