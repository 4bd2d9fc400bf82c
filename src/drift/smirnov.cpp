// Birnbaum and Tingey: S(n,x) = Σ_v C(n,v) x (x+v/n)^(v-1) (1-x-v/n)^(n-v), v = 0 … n(1-x). A term
// is x/p times a binomial probability with p = x + v/n, which Loader's saddle-point form gives to
// full precision without large powers. It is a smooth function of v that vanishes with all its
// derivatives at both ends, so that a sum over every h-th v, times h, converges exponentially: 256
// terms are as good as a million.
#include "drift/smirnov.hpp"

#include "drift/stirling.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mlopsctl::drift {

namespace {

constexpr std::int64_t sum_all_up_to = 1000;
constexpr std::int64_t scipy_largest_sum = 1000000;
constexpr int strided_terms = 256;
constexpr double underflow = 745.13;  // of 2nx²: e^-that is the smallest denormal number

// a log(a/c) + c - a, without cancellation where a is near c.
double deviance(double a, double c) {
  const double difference = a - c;
  if (std::abs(difference) < 0.1 * (a + c)) {
    const double v = difference / (a + c);
    double sum = difference * v;
    double power = 2 * a * v;
    for (int k = 1; k < 100; ++k) {
      power *= v * v;
      const double next = sum + power / (2 * k + 1);
      if (next == sum) break;
      sum = next;
    }
    return sum;
  }
  return a * std::log(a / c) + c - a;
}

// The summand at a real 0 < v < n(1-x).
double term(double n, double x, double v, double stirling_n) {
  const double rest = n - v;
  const double successes = n * x + v;       // n p
  const double failures = n * (1 - x) - v;  // n (1 - p)
  if (failures <= 0) return 0;
  const double exponent = stirling_n - stirling_remainder(v) - stirling_remainder(rest) -
                          deviance(v, successes) - deviance(rest, failures);
  return n * x / successes * std::exp(exponent) * std::sqrt(n / (2 * std::numbers::pi * v * rest));
}

}  // namespace

double smirnov_sf(std::int64_t count, double x) {
  const double n = static_cast<double>(count);
  const double nx = n * x;
  if (x <= 0) return 1;
  if (x >= 1) return 0;
  if (count == 1) return 1 - x;
  if (2 * nx * x > underflow) return 0;
  if (nx <= 1) return 1 - x * std::exp((n - 1) * std::log1p(x));
  if (nx >= n - 1) return std::exp(n * std::log1p(-x));
  if (count > scipy_largest_sum) {
    const double root = 6 * nx + 1;
    return std::exp(-root * root / (18 * n));
  }
  const double stirling_n = stirling_remainder(n);
  const double end = n * (1 - x);
  double sum = 0;
  if (count <= sum_all_up_to) {
    for (double v = 1; v < end; ++v) sum += term(n, x, v, stirling_n);
    sum += std::exp(n * std::log1p(-x));
  } else {
    const double stride = end / strided_terms;
    for (int k = 1; k < strided_terms; ++k) sum += term(n, x, k * stride, stirling_n);
    sum *= stride;
  }
  return std::min(sum, 1.0);
}

}  // namespace mlopsctl::drift
