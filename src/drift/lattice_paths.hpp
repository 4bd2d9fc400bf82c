// How likely a uniformly random monotone lattice path from (0,0) to (m,n) leaves a band around the
// diagonal. m and n are the two sizes; a step right is a value of one sample, a step up of the
// other.
#pragma once

#include "drift/ks_exact.hpp"

#include <cstdint>

namespace mlopsctl::drift {

// P(|n i - m j| / gcd >= h at some point (i,j) of the path), h > 0.
double lattice_two_sided(const KsLattice& lattice, std::int64_t h);
// P((n i - m j) / gcd >= h at some point), h > 0.
double lattice_one_sided(const KsLattice& lattice, std::int64_t h);

}  // namespace mlopsctl::drift
