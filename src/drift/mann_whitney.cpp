#include "mlopsctl/drift/statistics.hpp"

#include "drift/distributions.hpp"
#include "drift/joined.hpp"
#include "drift/rank_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl::drift {

TestValue mann_whitney(std::span<const double> reference, std::span<const double> current,
                       Alternative alternative) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (reference.empty() || current.empty()) return {nan, nan};
  const double n1 = static_cast<double>(reference.size());
  const double n2 = static_cast<double>(current.size());
  const double n = n1 + n2;
  // U = pairs in which the reference is larger, ties counted half: exact in a double.
  double u1 = 0;
  double ties = 0;
  for_each_joined(reference, current, [&](const JoinedValue& run) {
    const double count = static_cast<double>(run.count());
    u1 += static_cast<double>(run.count1) *
          (static_cast<double>(run.before2) + static_cast<double>(run.count2) / 2);
    ties += count * count * count - count;
  });
  const double u2 = n1 * n2 - u1;
  const double u = alternative == Alternative::greater ? u1
                   : alternative == Alternative::less  ? u2
                                                       : std::max(u1, u2);
  double p = 0;
  if (ties == 0 && rank_sum_exact_is_possible(reference.size(), current.size())) {
    p = rank_sum_exact(static_cast<std::uint64_t>(u), reference.size(), current.size());
  } else {
    const double deviation = std::sqrt(n1 * n2 / 12 * ((n + 1) - ties / (n * (n - 1))));
    p = normal_sf((u - n1 * n2 / 2 - 0.5) / deviation);  // all tied: minus infinity, p is 1
  }
  if (alternative == Alternative::two_sided) p *= 2;
  return {u1, std::clamp(p, 0.0, 1.0)};
}

}  // namespace mlopsctl::drift
