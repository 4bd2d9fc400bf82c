// Where bins, points of distribution functions and buckets lie; the same for every backend.
#pragma once

#include "mlopsctl/compute/backend.hpp"

#include "compute/kernels.hpp"

#include <cstdint>
#include <vector>

namespace mlopsctl::compute {

// The inner edges as values of T: x lies beyond edge k exactly if x ≥ thresholds[k]. Edges that no
// T reaches are left out at the end.
template <class T>
std::vector<T> thresholds_of(const std::vector<double>& edges);

// The places of a distribution function's picture, ascending, at least one; and, for counting,
// thresholds that the values after each place reach.
std::vector<double> ecdf_places(double low, double high, std::size_t points);
template <class T>
std::vector<T> thresholds_after(const std::vector<double>& places);
// Counts between the thresholds, one more than there are places, to shares.
std::vector<EcdfPoint> ecdf_from(const std::vector<double>& places,
                                 const std::vector<std::uint64_t>& reference,
                                 const std::vector<std::uint64_t>& current);

// Buckets of equal width between two outlying quantiles of a small sample (at least one value, it
// gets sorted): the tails that the outer buckets take are small, and one far outlier cannot spoil
// the rest.
constexpr std::size_t sampled_rows = 512;  // of each side
template <class T>
Buckets<T> choose_buckets(std::vector<T>& sampled, T min, T max);

}  // namespace mlopsctl::compute
