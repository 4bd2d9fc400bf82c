// How many columns are worked on at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace mlopsctl::compute {

// The memory of one panel. More columns read more of each row at once; fewer need less memory.
constexpr std::uint64_t panel_bytes = std::uint64_t{512} << 20;

inline std::uint64_t panel_columns(std::uint64_t rows, std::uint64_t columns,
                                   std::size_t value_size) {
  const std::uint64_t fit =
      panel_bytes / std::max<std::uint64_t>(1, rows * static_cast<std::uint64_t>(value_size));
  const std::uint64_t even = fit >= 16 ? fit / 16 * 16 : fit;  // whole cache lines of float rows
  return std::clamp<std::uint64_t>(even, 1, std::max<std::uint64_t>(1, columns));
}

// Distance of columns in a panel, so that each begins on a cache line.
inline std::size_t column_stride(std::uint64_t rows) {
  return static_cast<std::size_t>((rows + 15) / 16 * 16);
}

constexpr std::uint64_t slab_rows = 4096;  // what a thread takes from a matrix at a time

}  // namespace mlopsctl::compute
