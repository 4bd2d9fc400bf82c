// Tails of the distributions that the tests need. The only place that knows Boost.Math is the
// source; arguments outside the domain give NaN, nothing throws.
#pragma once

namespace mlopsctl::drift {

double chi_square_sf(double x, double degrees);
double normal_sf(double z);
double students_t_sf(double t, double degrees);
// The q with P(Z <= q) = p.
double normal_quantile(double p);
// Modified Bessel function of the second kind.
double bessel_k(double order, double x);

}  // namespace mlopsctl::drift
