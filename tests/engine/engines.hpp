// Every Engine that this machine has, for tests that hold for all of them.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/engine/engine.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace mlopsctl::testing {

// In float32, so that tolerances are of one size. MLOPSCTL_CPU tells the CPU's vectors.
inline std::vector<std::unique_ptr<Engine>> engines(
    const std::shared_ptr<const Checkpoint>& checkpoint, EngineOptions options = {}) {
  if (!options.type) options.type = NumberType::f32;
  std::vector<std::unique_ptr<Engine>> all;
  all.push_back(make_cpu_engine(checkpoint, options));
  try {
    all.push_back(make_cuda_engine(checkpoint, options));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    static bool told = false;
    if (!told) MESSAGE("the CUDA engine is skipped: ", std::string(error.what()));
    told = true;
  }
  return all;
}

}  // namespace mlopsctl::testing
