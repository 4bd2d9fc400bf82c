// The number of ways to get U = k is the coefficient of x^k in the Gaussian binomial
// Π_{i=1…m} (1 - x^(n+i)) / (1 - x^i), m the smaller size. Integers modulo 2^128 form a ring, so
// the differences on the way may wrap: the coefficients themselves are smaller than that.
#include "drift/rank_sum.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mlopsctl::drift {

namespace {

__extension__ using Count = unsigned __int128;

}  // namespace

bool rank_sum_exact_is_possible(std::uint64_t m, std::uint64_t n) {
  return std::min(m, n) <= 8 && std::max(m, n) <= 200000;  // C(200008, 8) < 2^128
}

double rank_sum_exact(std::uint64_t u, std::uint64_t size1, std::uint64_t size2) {
  const std::size_t m = std::min(size1, size2);
  const std::size_t n = std::max(size1, size2);
  const std::size_t largest = m * n;
  if (u > largest) return 0;
  std::vector<Count> ways(largest + 1, 0);
  ways[0] = 1;
  for (std::size_t i = 1; i <= m; ++i) {
    for (std::size_t k = largest; k >= n + i; --k) ways[k] -= ways[k - n - i];
    for (std::size_t k = i; k <= largest; ++k) ways[k] += ways[k - i];
  }
  Count all = 0;
  Count above = 0;
  for (std::size_t k = 0; k <= largest; ++k) {
    all += ways[k];
    if (k >= u) above += ways[k];
  }
  return static_cast<double>(above) / static_cast<double>(all);
}

}  // namespace mlopsctl::drift
