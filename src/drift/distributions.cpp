#include "drift/distributions.hpp"

#include "drift/nan.hpp"

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>

namespace mlopsctl::drift {

namespace {

namespace math = boost::math;
using namespace math::policies;

// No exceptions, and no long double: its last digits are not worth ten times the time.
using Quiet =
    policy<domain_error<ignore_error>, pole_error<ignore_error>, overflow_error<ignore_error>,
           underflow_error<ignore_error>, evaluation_error<ignore_error>, promote_double<false>>;

}  // namespace

double chi_square_sf(double x, double degrees) {
  if (std::isnan(x) || !(degrees > 0)) return nan;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return math::gamma_q(degrees / 2, x / 2, Quiet());
}

double normal_sf(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

double normal_quantile(double p) {
  if (!(p > 0) || !(p < 1)) return nan;
  return -std::numbers::sqrt2 * math::erfc_inv(2 * p, Quiet());
}

double students_t_sf(double t, double degrees) {
  if (std::isnan(t) || !(degrees > 0)) return nan;
  const double square = t * t;
  if (std::isinf(square)) return t > 0 ? 0 : 1;
  // Whichever argument is the smaller one keeps its digits.
  const double tail =
      square > degrees ? math::ibeta(degrees / 2, 0.5, degrees / (degrees + square), Quiet()) / 2
                       : math::ibetac(0.5, degrees / 2, square / (degrees + square), Quiet()) / 2;
  return t >= 0 ? tail : 1 - tail;
}

double bessel_k(double order, double x) { return math::cyl_bessel_k(order, x, Quiet()); }

}  // namespace mlopsctl::drift
