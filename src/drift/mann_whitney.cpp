#include "mlopsctl/drift/statistics.hpp"

#include "drift/distributions.hpp"
#include "drift/joined.hpp"
#include "drift/nan.hpp"
#include "drift/rank_sum.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

// What the two samples come to, value by value in ascending order.
struct Ranks {
  double u1 = 0;  // pairs in which the reference is larger, ties counted half: exact in a double
  double ties = 0;
  double before2 = 0;

  void add(double count1, double count2) {
    const double count = count1 + count2;
    u1 += count1 * (before2 + count2 / 2);
    ties += count * count * count - count;
    before2 += count2;
  }
};

TestValue judged(const Ranks& ranks, std::uint64_t size1, std::uint64_t size2,
                 Alternative alternative) {
  const double n1 = static_cast<double>(size1);
  const double n2 = static_cast<double>(size2);
  const double n = n1 + n2;
  const double u1 = ranks.u1;
  const double u2 = n1 * n2 - u1;
  const double u = alternative == Alternative::greater ? u1
                   : alternative == Alternative::less  ? u2
                                                       : std::max(u1, u2);
  double p = 0;
  if (ranks.ties == 0 && rank_sum_exact_is_possible(size1, size2)) {
    p = rank_sum_exact(static_cast<std::uint64_t>(u), size1, size2);
  } else {
    const double deviation = std::sqrt(n1 * n2 / 12 * ((n + 1) - ranks.ties / (n * (n - 1))));
    p = normal_sf((u - n1 * n2 / 2 - 0.5) / deviation);  // all tied: minus infinity, p is 1
  }
  if (alternative == Alternative::two_sided) p *= 2;
  return {u1, std::clamp(p, 0.0, 1.0)};
}

}  // namespace

TestValue mann_whitney(std::span<const double> reference, std::span<const double> current,
                       Alternative alternative) {
  if (reference.empty() || current.empty()) return {nan, nan};
  Ranks ranks;
  for_each_joined(reference, current, [&](const JoinedValue& run) {
    ranks.add(static_cast<double>(run.count1), static_cast<double>(run.count2));
  });
  return judged(ranks, reference.size(), current.size(), alternative);
}

TestValue mann_whitney_counts(std::span<const std::uint64_t> reference,
                              std::span<const std::uint64_t> current, Alternative alternative) {
  Ranks ranks;
  std::uint64_t size1 = 0;
  std::uint64_t size2 = 0;
  for (std::size_t i = 0; i < std::min(reference.size(), current.size()); ++i) {
    ranks.add(static_cast<double>(reference[i]), static_cast<double>(current[i]));
    size1 += reference[i];
    size2 += current[i];
  }
  if (size1 == 0 || size2 == 0) return {nan, nan};
  return judged(ranks, size1, size2, alternative);
}

}  // namespace mlopsctl::drift
