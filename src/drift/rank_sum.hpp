#pragma once

#include <cstdint>

namespace mlopsctl::drift {

// P(U >= u) of the Mann–Whitney statistic of two sizes without ties, exact.
double rank_sum_exact(std::uint64_t u, std::uint64_t size1, std::uint64_t size2);
// Whether counts of that size stay exact (and the work small).
bool rank_sum_exact_is_possible(std::uint64_t m, std::uint64_t n);

}  // namespace mlopsctl::drift
