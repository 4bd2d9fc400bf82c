// Three ways to the distribution function of the two-sided one-sample Kolmogorov–Smirnov statistic
// D_n, n = count; kstwo_sf (ks_asymptotic.cpp) chooses between them.
#pragma once

#include <cstdint>

namespace mlopsctl::drift {

// P(D_n <= x) by Durbin's matrix in the form of Marsaglia, Tsang and Wang (2003): exact, and quick
// while nx is small. 0 < x < 1.
double kolmogorov_durbin(std::int64_t n, double x);

// P(D_n <= x) by Pomeranz's recursion (1974), O(n²) or so: exact, for n of some hundred.
double kolmogorov_pomeranz(std::int64_t count, double x);

// P(D_n <= x) by the expansion of Pelz and Good (1976): an error of 3e-6 at n = 141, 1e-10 at 5000
// and nothing from 20000 on.
double kolmogorov_pelz_good(std::int64_t count, double x);

}  // namespace mlopsctl::drift
