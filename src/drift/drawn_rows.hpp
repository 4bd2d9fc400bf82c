// Rows drawn at random, the same for the same seed on every machine.
#pragma once

#include "mlopsctl/compute/matrix.hpp"

#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace mlopsctl::drift {

// In [0, 1), the same everywhere; std::uniform_real_distribution is not.
inline double unit(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

inline std::size_t below(std::mt19937_64& random, std::size_t limit) {
  return static_cast<std::size_t>(unit(random) * static_cast<double>(limit));
}

template <typename T>
void shuffle(std::vector<T>& values, std::mt19937_64& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[below(random, i)]);
}

struct Rows {
  std::size_t columns = 0;
  std::vector<float> values;  // row-major

  std::size_t size() const { return columns == 0 ? 0 : values.size() / columns; }
  std::span<const float> operator[](std::size_t row) const {
    return std::span(values).subspan(row * columns, columns);
  }
};

// Up to `limit` rows of the matrix, ascending (Knuth's algorithm S), less those with a value that
// is not finite as a float.
Rows drawn(const Matrix& matrix, std::uint64_t limit, std::mt19937_64& random);

}  // namespace mlopsctl::drift
