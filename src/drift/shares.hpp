// Counts of the same bins on both sides, as shares of their totals.
#pragma once

#include "mlopsctl/base/error.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace mlopsctl::drift {

// Shares are NaN on a side without rows, and so is everything made from them. Sides of different
// length are a bug of the caller.
struct SharePair {
  std::vector<double> reference, current;
  double reference_total = 0, current_total = 0;  // rows

  SharePair(std::span<const std::uint64_t> reference_counts,
            std::span<const std::uint64_t> current_counts) {
    if (reference_counts.size() != current_counts.size()) {
      throw Error(ErrorKind::bug, "the two sides of a comparison have different bins");
    }
    reference_total = total(reference_counts);
    current_total = total(current_counts);
    reference = shares(reference_counts, reference_total);
    current = shares(current_counts, current_total);
  }
  // Shares of 0 become `zero`; nothing is renormalised.
  SharePair(std::span<const std::uint64_t> reference_counts,
            std::span<const std::uint64_t> current_counts, double zero)
      : SharePair(reference_counts, current_counts) {
    std::ranges::replace(reference, 0.0, zero);
    std::ranges::replace(current, 0.0, zero);
  }

  std::size_t size() const { return reference.size(); }
  bool empty() const { return reference_total == 0 || current_total == 0; }

 private:
  static double total(std::span<const std::uint64_t> counts) {
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  }
  static std::vector<double> shares(std::span<const std::uint64_t> counts, double rows) {
    std::vector<double> result;
    result.reserve(counts.size());
    for (const std::uint64_t count : counts) {
      result.push_back(rows > 0 ? static_cast<double>(count) / rows
                                : std::numeric_limits<double>::quiet_NaN());
    }
    return result;
  }
};

}  // namespace mlopsctl::drift
