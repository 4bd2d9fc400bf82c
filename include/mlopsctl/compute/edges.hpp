// Edges of histograms, as numpy.linspace builds them.
#pragma once

#include <cstddef>
#include <vector>

namespace mlopsctl {

// bins + 1 edges of equal width, finite and ascending for any two finite numbers: low == high is
// widened by ½ on both sides as numpy does, and a range that overflows or underflows is divided
// with the rounding that is left (drift.md §1.5, §9 case 13).
std::vector<double> equal_width_edges(double low, double high, std::size_t bins);

}  // namespace mlopsctl
