// Python's random.Random, to the bit: the harness draws its shots and bootstraps with it, and
// scores are to be the same. MT19937, seeded by init_by_array (CPython Modules/_randommodule.c,
// Lib/random.py, 3.12).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlopsctl::eval {

class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed);

  std::uint32_t next();
  double real();                         // random(): [0, 1) in steps of 2^-53
  std::uint64_t below(std::uint64_t n);  // _randbelow: n ≥ 1, less than 2^32
  // Indices of random.sample(population of n, k); k ≤ n.
  std::vector<std::size_t> sample(std::size_t n, std::size_t k);
  // One index of random.choices(population of n, k=…).
  std::size_t choice(std::size_t n) {
    return static_cast<std::size_t>(real() * static_cast<double>(n));
  }

 private:
  void refill();

  std::array<std::uint32_t, 624> state_{};
  std::size_t at_ = 624;
};

}  // namespace mlopsctl::eval
