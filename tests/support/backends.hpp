// Every ComputeBackend that this machine has, for tests that hold for all of them.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/compute/backend.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace mlopsctl::testing {

inline std::vector<std::unique_ptr<ComputeBackend>> backends() {
  std::vector<std::unique_ptr<ComputeBackend>> all;
  all.push_back(make_cpu_backend(2));
  try {
    all.push_back(make_cuda_backend());
  } catch (const Error& error) {
    MESSAGE("the CUDA backend is skipped: ", std::string(error.what()));
  }
  return all;
}

}  // namespace mlopsctl::testing
