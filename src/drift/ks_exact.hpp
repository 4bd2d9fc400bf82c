// The exact null distribution of the two-sample Kolmogorov–Smirnov statistic D. D is a multiple of
// 1/lcm(n1,n2): with h = D·lcm, everything here is a function of the integers (n1, n2, h).
#pragma once

#include "mlopsctl/drift/statistics.hpp"

#include <cstdint>
#include <optional>

namespace mlopsctl::drift {

struct KsLattice {
  std::uint64_t n1 = 0, n2 = 0;  // both > 0
  std::uint64_t gcd = 1;
  double lcm = 0;

  KsLattice(std::uint64_t size1, std::uint64_t size2);
  // round-half-even(d · lcm)
  std::int64_t h(double d) const;
  // scipy's limit, above which its exact method declares itself impossible.
  bool exact_is_possible() const;
  // How many cells two_sided(h) visits; 0 where a closed form is at hand.
  double work(std::int64_t h) const;
};

// Whether `method` means the exact distribution for these sizes.
bool ks_tries_exact(const KsLattice& lattice, KsMethod method);

// P(D >= h/lcm). The probability of the outside is summed, so the relative error of a tiny p stays
// near 1e-13; of equal sizes a p near 1 may end a rounding above it.
double ks_exact_two_sided(const KsLattice& lattice, std::int64_t h);
// P(D+ >= h/lcm). Absent where scipy's count of paths overflows (more than some 1030 rows in all
// and unequal sizes).
std::optional<double> ks_exact_one_sided(const KsLattice& lattice, std::int64_t h);

// P(D+ >= d) in the limit of large sizes, with Hodges' correction.
double ks_one_sided_limit(const KsLattice& lattice, double d);

}  // namespace mlopsctl::drift
