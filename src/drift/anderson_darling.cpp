// Scholz and Stephens (1987), the statistic for ties (their A²akN) of two samples.
#include "mlopsctl/drift/statistics.hpp"

#include "drift/joined.hpp"
#include "drift/moments.hpp"
#include "drift/nan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::drift {

namespace {

// Their table 2 for two samples: the standardised statistic at the levels 0.25 … 0.001. Between
// them log p is the least-squares parabola through the seven points, as scipy has it; outside p is
// capped.
constexpr double smallest_critical = 0.675 - 0.245 - 0.105;
constexpr double largest_critical = 3.085 + 3.615 - 0.154;
constexpr std::array<double, 3> log_p{-1.0777702798204847, -1.008226564465251,
                                      0.018198094574111433};
constexpr double largest_p = 0.25;
constexpr double smallest_p = 0.001;

// Standard deviation of the statistic under the null hypothesis, for k = 2.
double deviation(double n1, double n2) {
  const double n = n1 + n2;
  const double inverse = 1 / n1 + 1 / n2;
  double sum = 0;  // Σ 1/i, i = n-1 … 2
  double g = 0;
  for (double i = n - 1; i > 1; --i) {
    sum += 1 / i;
    g += sum / (n + 1 - i);
  }
  const double h = sum + 1;
  const double a = (4 * g - 6) + (10 - 6 * g) * inverse;
  const double b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6;
  const double c =
      (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h;
  const double d = (2 * h + 6) * 4 - 8 * h;
  return std::sqrt((((a * n + b) * n + c) * n + d) / ((n - 1) * (n - 2) * (n - 3)));
}

// One side's part of a joined value's term.
double squared_excess(double n, double side, double b, double smaller, double equal) {
  const double excess = n * (smaller + equal / 2) - b * side;
  return excess * excess / side;
}

}  // namespace

TestValue anderson_darling(std::span<const double> reference, std::span<const double> current) {
  if (reference.empty() || current.empty() || reference.size() + current.size() < 4 ||
      std::min(reference.front(), current.front()) == std::max(reference.back(), current.back())) {
    return {nan, nan};
  }
  const double n1 = static_cast<double>(reference.size());
  const double n2 = static_cast<double>(current.size());
  const double n = n1 + n2;
  Sum sum;
  for_each_joined(reference, current, [&](const JoinedValue& run) {
    const double l = static_cast<double>(run.count());
    const double b = static_cast<double>(run.before()) + l / 2;
    const double both =
        squared_excess(n, n1, b, static_cast<double>(run.before1),
                       static_cast<double>(run.count1)) +
        squared_excess(n, n2, b, static_cast<double>(run.before2), static_cast<double>(run.count2));
    sum.add(l / n * both / (b * (n - b) - n * l / 4));
  });
  const double statistic = (sum.value() * (n - 1) / n - 1) / deviation(n1, n2);
  double p = smallest_p;
  if (statistic < smallest_critical) {
    p = largest_p;
  } else if (statistic <= largest_critical) {
    p = std::exp(log_p[0] + statistic * (log_p[1] + statistic * log_p[2]));
  }
  return {statistic, p};
}

}  // namespace mlopsctl::drift
