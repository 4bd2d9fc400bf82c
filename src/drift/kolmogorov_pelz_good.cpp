#include "drift/kolmogorov.hpp"

#include <cmath>
#include <numbers>

namespace mlopsctl::drift {

double kolmogorov_pelz_good(std::int64_t count, double x) {
  const double pi2 = std::numbers::pi * std::numbers::pi;
  const double root_2pi = std::sqrt(2 * std::numbers::pi);
  const double n = static_cast<double>(count);
  const double z = std::sqrt(n) * x;
  const double z2 = z * z;
  const double z4 = z2 * z2;
  const double z6 = z4 * z2;
  if (pi2 / 8 / z2 > 708) return 0;

  double k0 = 0;
  double k1 = 0;
  double k2 = 0;
  double k3 = 0;
  const int terms = static_cast<int>(std::ceil(16 * z / std::numbers::pi));
  for (int k = terms; k > 0; --k) {
    const double m2 = (2.0 * k - 1) * (2.0 * k - 1);
    const double w = pi2 * m2 / 4;  // (πm/2)²
    const double e = std::exp(-w / (2 * z2));
    k0 += e;
    k1 += (w - z2) * e;
    k2 += (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * w + (1 - 2 * z2) * w * w) * e;
    k3 += ((5 - 30 * z2) * w * w * w + (212 * z4 - 60 * z2) * w * w + (135 * z4 - 96 * z6) * w -
           30 * z6 - 90 * z4 * z4) *
          e;
  }
  double even2 = 0;
  double even3 = 0;
  for (int k = terms; k > 0; --k) {
    const double k_squared = static_cast<double>(k) * k;
    const double g = k_squared * std::exp(-k_squared * pi2 / (2 * z2));
    even2 += g;
    even3 += (3 * z2 - pi2 * k_squared) * g;
  }
  k0 *= root_2pi / z;
  k1 *= root_2pi / (6 * z4);
  k2 = root_2pi * (k2 / (72 * z6 * z) - pi2 * even2 / (36 * z2 * z));
  k3 = root_2pi * (k3 / (6480 * z6 * z4) + pi2 * even3 / (216 * z6));
  return k0 + k1 / std::sqrt(n) + k2 / n + k3 / (n * std::sqrt(n));
}

}  // namespace mlopsctl::drift
