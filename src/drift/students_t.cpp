#include "mlopsctl/drift/statistics.hpp"

#include "drift/distributions.hpp"
#include "drift/moments.hpp"
#include "drift/nan.hpp"

#include <cmath>

namespace mlopsctl::drift {

TestValue students_t(std::span<const double> reference, std::span<const double> current,
                     bool equal_variance) {
  if (reference.size() < 2 || current.size() < 2) return {nan, nan};
  const double n1 = static_cast<double>(reference.size());
  const double n2 = static_cast<double>(current.size());
  const Moments moments1 = moments_of(reference);
  const Moments moments2 = moments_of(current);
  double degrees = n1 + n2 - 2;
  double error = std::sqrt((moments1.squares + moments2.squares) / degrees * (1 / n1 + 1 / n2));
  if (!equal_variance) {  // Welch
    const double v1 = moments1.squares / (n1 - 1) / n1;
    const double v2 = moments2.squares / (n2 - 1) / n2;
    degrees = (v1 + v2) * (v1 + v2) / (v1 * v1 / (n1 - 1) + v2 * v2 / (n2 - 1));
    if (std::isnan(degrees)) degrees = 1;
    error = std::sqrt(v1 + v2);
  }
  const double t = (moments1.mean - moments2.mean) / error;  // 0/0 if nothing varies nor differs
  return {t, 2 * students_t_sf(std::abs(t), degrees)};
}

}  // namespace mlopsctl::drift
