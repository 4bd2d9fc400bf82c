// Sorting of plain numbers by their digits.
#pragma once

#include "compute/values.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace mlopsctl::compute {

// Sorts ascending. Digits of eleven bits from the lowest; digits that all values share are left
// out. `scratch` is room that callers keep between calls. No NaN and no -0 among the values.
template <class T>
void radix_sort(std::vector<T>& values, std::vector<T>& scratch) {
  if (values.size() < 1024) return std::sort(values.begin(), values.end());
  constexpr unsigned bits = 11;
  constexpr std::size_t digits = (8 * sizeof(T) + bits - 1) / bits, radix = std::size_t{1} << bits;
  std::vector<std::array<std::uint32_t, radix>> counts(digits);
  const auto digit = [](T value, std::size_t place) {
    return static_cast<std::size_t>(key_of(value) >> (place * bits)) & (radix - 1);
  };
  for (const T value : values) {
    for (std::size_t place = 0; place < digits; ++place) ++counts[place][digit(value, place)];
  }
  scratch.resize(values.size());
  for (std::size_t place = 0; place < digits; ++place) {
    auto& count = counts[place];
    if (count[digit(values[0], place)] == values.size()) continue;
    std::uint32_t before = 0;
    for (auto& one : count) before += std::exchange(one, before);
    for (const T value : values) scratch[count[digit(value, place)]++] = value;
    values.swap(scratch);
  }
}

}  // namespace mlopsctl::compute
