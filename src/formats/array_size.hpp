// How many bytes an array needs, from a header that may lie.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/formats/array.hpp"

namespace mlopsctl {

// Product of the shape times the size of a value. Throws Error{corrupt} if it passes 2^62.
inline std::uint64_t array_size(const ArrayLayout& layout) {
  constexpr std::uint64_t most = std::uint64_t{1} << 62U;
  std::uint64_t product = size_of(layout.type);
  for (const std::uint64_t length : layout.shape) {
    if (length == 0) return 0;
  }
  for (const std::uint64_t length : layout.shape) {
    if (length > most / product) throw Error(ErrorKind::corrupt, "the shape is impossibly large");
    product *= length;
  }
  return product;
}

}  // namespace mlopsctl
