#include "mlopsctl/drift/statistics.hpp"

#include "drift/joined.hpp"
#include "drift/moments.hpp"

#include <cmath>
#include <limits>

namespace mlopsctl::drift {

namespace {

// ∫ power(F1 - F2) dx
template <typename Power>
double integral(std::span<const double> reference, std::span<const double> current, Power power) {
  if (reference.empty() || current.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double n1 = static_cast<double>(reference.size());
  const double n2 = static_cast<double>(current.size());
  Sum sum;
  double left = 0;
  double difference = 0;  // F1 - F2 from `left` on
  for_each_joined(reference, current, [&](const JoinedValue& run) {
    if (difference != 0) sum.add(power(difference) * (run.value - left));
    left = run.value;
    difference = static_cast<double>(run.before1 + run.count1) / n1 -
                 static_cast<double>(run.before2 + run.count2) / n2;
  });
  return sum.value();
}

}  // namespace

double wasserstein(std::span<const double> reference, std::span<const double> current) {
  return integral(reference, current, [](double difference) { return std::abs(difference); });
}

double energy_distance(std::span<const double> reference, std::span<const double> current) {
  return std::sqrt(
      2 * integral(reference, current, [](double difference) { return difference * difference; }));
}

}  // namespace mlopsctl::drift
