#include "eval/python_random.hpp"

#include <bit>
#include <cmath>
#include <numeric>
#include <set>

namespace mlopsctl::eval {

namespace {

constexpr std::size_t size = 624, shift = 397;

std::uint32_t twisted(std::uint32_t high, std::uint32_t low, std::uint32_t far) {
  const std::uint32_t y = (high & 0x80000000U) | (low & 0x7FFFFFFFU);
  return far ^ (y >> 1U) ^ ((y & 1U) != 0 ? 0x9908B0DFU : 0U);
}

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) {
  std::vector<std::uint32_t> key{static_cast<std::uint32_t>(seed)};
  if ((seed >> 32U) != 0) key.push_back(static_cast<std::uint32_t>(seed >> 32U));
  state_[0] = 19650218U;
  for (std::uint32_t i = 1; i < size; ++i) {
    state_.at(i) = 1812433253U * (state_.at(i - 1) ^ (state_.at(i - 1) >> 30U)) + i;
  }
  std::size_t i = 1, j = 0;
  const auto mixed = [&](std::uint32_t factor) {
    return state_.at(i) ^ ((state_.at(i - 1) ^ (state_.at(i - 1) >> 30U)) * factor);
  };
  const auto step = [&] {
    if (++i < size) return;
    state_[0] = state_[size - 1];
    i = 1;
  };
  for (std::size_t k = size; k > 0; --k) {
    state_.at(i) = mixed(1664525U) + key[j] + static_cast<std::uint32_t>(j);
    step();
    j = (j + 1) % key.size();
  }
  for (std::size_t k = size - 1; k > 0; --k) {
    state_.at(i) = mixed(1566083941U) - static_cast<std::uint32_t>(i);
    step();
  }
  state_[0] = 0x80000000U;
}

void PythonRandom::refill() {
  for (std::size_t i = 0; i < size - shift; ++i) {
    state_[i] = twisted(state_[i], state_[i + 1], state_[i + shift]);
  }
  for (std::size_t i = size - shift; i < size - 1; ++i) {
    state_[i] = twisted(state_[i], state_[i + 1], state_[i + shift - size]);
  }
  state_[size - 1] = twisted(state_[size - 1], state_[0], state_[shift - 1]);
  at_ = 0;
}

std::uint32_t PythonRandom::next() {
  if (at_ == size) refill();
  std::uint32_t y = state_[at_++];
  y ^= y >> 11U;
  y ^= (y << 7U) & 0x9D2C5680U;
  y ^= (y << 15U) & 0xEFC60000U;
  return y ^ (y >> 18U);
}

double PythonRandom::real() {
  const std::uint32_t a = next() >> 5U, b = next() >> 6U;
  return (static_cast<double>(a) * 67108864.0 + static_cast<double>(b)) / 9007199254740992.0;
}

std::uint64_t PythonRandom::below(std::uint64_t n) {
  const auto bits = static_cast<unsigned>(std::bit_width(n));
  std::uint32_t r = next() >> (32U - bits);
  while (r >= n) r = next() >> (32U - bits);
  return r;
}

std::vector<std::size_t> PythonRandom::sample(std::size_t n, std::size_t k) {
  std::vector<std::size_t> chosen(k);
  double set_size = 21;
  if (k > 5) {
    set_size += std::pow(4, std::ceil(std::log(static_cast<double>(k) * 3) / std::log(4.0)));
  }
  if (static_cast<double>(n) <= set_size) {  // Python keeps a pool, or a set of what was chosen
    std::vector<std::size_t> pool(n);
    std::iota(pool.begin(), pool.end(), 0U);
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t j = below(n - i);
      chosen[i] = pool[j];
      pool[j] = pool[n - i - 1];
    }
    return chosen;
  }
  std::set<std::size_t> seen;
  for (std::size_t i = 0; i < k; ++i) {
    std::size_t j = below(n);
    while (!seen.insert(j).second) j = below(n);
    chosen[i] = j;
  }
  return chosen;
}

}  // namespace mlopsctl::eval
