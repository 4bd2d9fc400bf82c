#include "mlopsctl/drift/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

// The largest p-value that Benjamini and Hochberg's procedure rejects, or a negative number.
double largest_rejected(std::span<const double> p, double alpha) {
  std::vector<double> sorted;
  std::ranges::copy_if(p, std::back_inserter(sorted), [](double one) { return !std::isnan(one); });
  std::ranges::sort(sorted);
  for (std::size_t rank = sorted.size(); rank > 0; --rank) {
    const double level = alpha * static_cast<double>(rank) / static_cast<double>(sorted.size());
    if (sorted[rank - 1] < level) return sorted[rank - 1];
  }
  return -1;
}

}  // namespace

std::vector<bool> rejected(std::span<const double> p, double alpha, Correction correction) {
  std::vector<bool> result(p.size(), false);
  const auto tests = std::ranges::count_if(p, [](double one) { return !std::isnan(one); });
  const double limit = correction == Correction::bonferroni
                           ? alpha / static_cast<double>(std::max<std::ptrdiff_t>(tests, 1))
                           : alpha;
  const double accepted_up_to =
      correction == Correction::benjamini_hochberg ? largest_rejected(p, alpha) : 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    // A comparison with NaN is false.
    result[i] =
        correction == Correction::benjamini_hochberg ? p[i] <= accepted_up_to : p[i] < limit;
  }
  return result;
}

}  // namespace mlopsctl::drift
