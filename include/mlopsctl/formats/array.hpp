// Where an array lies in the bytes of a file: what the headers of .npy, .npz and safetensors say.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl {

struct ArrayLayout {
  std::string name;  // inside its container; empty for .npy
  NumberType type = NumberType::f64;
  bool swapped = false;        // the other byte order than this machine's
  bool fortran_order = false;  // the first index changes fastest
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  // of the first value, from the start of the bytes
  std::uint64_t size = 0;    // bytes; product of the shape times the size of a value
};

}  // namespace mlopsctl
