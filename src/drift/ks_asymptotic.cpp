// The choice between methods that Simard and L'Ecuyer (2011) make, in scipy's variant.
#include "mlopsctl/drift/statistics.hpp"

#include "drift/kolmogorov.hpp"
#include "drift/smirnov.hpp"
#include "drift/stirling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace mlopsctl::drift {

namespace {

constexpr std::int64_t small_n = 140;
// scipy goes on to 100000; from here on Pelz and Good's error is below 1e-13 and costs nothing.
constexpr std::int64_t largest_durbin_n = 20000;

// n!/n^n (2t-1)^n, for ½ < t <= 1.
double ruben_gambino(std::int64_t count, double t) {
  const double n = static_cast<double>(count);
  if (count <= small_n) {
    double product = 1;
    for (std::int64_t i = 1; i <= count; ++i) product *= static_cast<double>(i) / n * (2 * t - 1);
    return product;
  }
  return std::exp(stirling_remainder(n) + std::log(2 * std::numbers::pi * n) / 2 - n +
                  n * std::log(2 * t - 1));
}

double survival(double x, std::int64_t count) {
  const double n = static_cast<double>(count);
  const double t = n * x;
  if (t <= 1) return 1 - ruben_gambino(count, t);
  if (t >= n - 1) return 2 * std::pow(1 - x, n);
  if (x >= 0.5) return 2 * smirnov_sf(count, x);
  const double nx2 = t * x;
  if (count <= small_n) {
    if (nx2 <= 0.754693) return 1 - kolmogorov_durbin(count, x);
    if (nx2 <= 4) return 1 - kolmogorov_pomeranz(count, x);
    return 2 * smirnov_sf(count, x);
  }
  if (nx2 >= 370) return 0;
  if (nx2 >= 2.2) return 2 * smirnov_sf(count, x);
  if (count <= largest_durbin_n && n * std::pow(x, 1.5) <= 1.4)
    return 1 - kolmogorov_durbin(count, x);
  return 1 - kolmogorov_pelz_good(count, x);
}

}  // namespace

double kstwo_sf(double x, std::int64_t n) {
  if (n < 1 || std::isnan(x)) return std::numeric_limits<double>::quiet_NaN();
  if (x <= 0.5 / static_cast<double>(n)) return 1;
  if (x >= 1) return 0;
  return std::clamp(survival(x, n), 0.0, 1.0);
}

}  // namespace mlopsctl::drift
