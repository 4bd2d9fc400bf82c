#include "mlopsctl/drift/statistics.hpp"

#include "drift/shares.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double psi(std::span<const std::uint64_t> reference, std::span<const std::uint64_t> current,
           double zero) {
  const SharePair shares(reference, current, zero);
  if (shares.empty()) return nan;
  double sum = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    const double p = shares.reference[k];
    const double c = shares.current[k];
    sum += (c - p) * std::log(c / p);
  }
  return sum;
}

}  // namespace mlopsctl::drift
