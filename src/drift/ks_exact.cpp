#include "drift/ks_exact.hpp"

#include "drift/lattice_paths.hpp"
#include "drift/stirling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace mlopsctl::drift {

namespace {

// The reflection principle for n1 = n2 = n (Hodges 1958), in scipy's order of operations.
double equal_sizes(std::int64_t n, std::int64_t h) {
  double p = 0;
  for (std::int64_t k = n / h; k >= 0; --k) {
    double product = 1;
    for (std::int64_t j = 0; j < h; ++j) {
      product =
          static_cast<double>(n - k * h - j) * product / static_cast<double>(n + k * h + j + 1);
    }
    p = product * (1 - p);
  }
  return 2 * p;
}

double log_factorial(double n) {
  if (n < 1) return 0;
  return stirling_remainder(n) + (n + 0.5) * std::log(n) - n + std::log(2 * std::numbers::pi) / 2;
}

}  // namespace

KsLattice::KsLattice(std::uint64_t size1, std::uint64_t size2)
    : n1(size1),
      n2(size2),
      gcd(std::gcd(size1, size2)),
      lcm(static_cast<double>(size1) / static_cast<double>(gcd) * static_cast<double>(size2)) {}

std::int64_t KsLattice::h(double d) const { return std::llrint(d * lcm); }

bool KsLattice::exact_is_possible() const {
  constexpr double limit = std::numeric_limits<std::int32_t>::max();
  const std::uint64_t steps1 = n1 / gcd;
  const std::uint64_t steps2 = n2 / gcd;
  return static_cast<double>(steps1) < limit / static_cast<double>(steps2);
}

double KsLattice::work(std::int64_t h) const {
  if (n1 == n2) return 0;
  const std::uint64_t steps = (n1 + n2) / gcd;
  const double band = 2 * static_cast<double>(h) / static_cast<double>(steps);
  const double widest = static_cast<double>(std::min(n1, n2));
  return static_cast<double>(n1 + n2) / 2 * std::min(band, widest);
}

double ks_exact_two_sided(const KsLattice& lattice, std::int64_t h) {
  if (h <= 0) return 1;
  if (lattice.n1 == lattice.n2) return equal_sizes(static_cast<std::int64_t>(lattice.n1), h);
  return std::min(lattice_two_sided(lattice, h), 1.0);
}

std::optional<double> ks_exact_one_sided(const KsLattice& lattice, std::int64_t h) {
  if (h <= 0) return 1.0;
  if (lattice.n1 == lattice.n2) {
    const double n = static_cast<double>(lattice.n1);
    double product = 1;
    for (std::int64_t j = 0; j < h; ++j) {
      product *= (n - static_cast<double>(j)) / (n + static_cast<double>(j) + 1);
    }
    return product;
  }
  const double n1 = static_cast<double>(lattice.n1);
  const double n2 = static_cast<double>(lattice.n2);
  const double log_paths = log_factorial(n1 + n2) - log_factorial(n1) - log_factorial(n2);
  if (log_paths > std::log(std::numeric_limits<double>::max())) return std::nullopt;
  return lattice_one_sided(lattice, h);
}

double ks_one_sided_limit(const KsLattice& lattice, double d) {
  const double m = static_cast<double>(std::max(lattice.n1, lattice.n2));
  const double n = static_cast<double>(std::min(lattice.n1, lattice.n2));
  const double z = std::sqrt(m * n / (m + n)) * d;
  return std::exp(-2 * z * z - 2 * z * (m + 2 * n) / std::sqrt(m * n * (m + n)) / 3);
}

}  // namespace mlopsctl::drift
