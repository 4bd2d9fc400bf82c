// Where a history of numbers changed for good: a report about checks that were recorded, never a
// gate, for a change is certain only some checks later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mlopsctl::gate {

struct ChangePoint {
  std::size_t at = 0;            // values[at] is the first after the change
  double before = 0, after = 0;  // means up to the neighbouring changes
  double p = 1;                  // of no change in this stretch, by permutations
};

struct ChangeOptions {
  double alpha = 0.01;
  std::size_t least = 3;  // values on either side of a change
  std::uint32_t permutations = 999;
  std::uint64_t seed = 1234;
};

// E-divisive (Matteson and James 2014), as MongoDB and Apache Otava use it: the energy statistic,
// with exponent 1, divides a stretch where it is largest; the stretch is divided on while a
// permutation test finds that. Values are finite and in the order of time; the changes, too.
std::vector<ChangePoint> change_points(std::span<const double> values,
                                       const ChangeOptions& options = {});

}  // namespace mlopsctl::gate
