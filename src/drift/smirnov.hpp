// The one-sided one-sample Kolmogorov–Smirnov statistic.
#pragma once

#include <cstdint>

namespace mlopsctl::drift {

// S(n, x) = P(D_n^+ >= x) with n = count, as scipy.special.smirnov; 0 once 2nx² > 745. At most some
// hundred terms, whatever n is. n >= 1, 0 <= x <= 1.
double smirnov_sf(std::int64_t count, double x);

}  // namespace mlopsctl::drift
