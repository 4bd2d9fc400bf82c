#pragma once

#include <cmath>

namespace mlopsctl::drift {

// What Stirling's formula leaves out: log Γ(a+1) - (a+½) log a + a - ½ log 2π, of any real a > 0,
// to an absolute 1e-16. (std::lgamma writes the global signgam, which threads must not share.)
inline double stirling_remainder(double a) {
  double below = 0;
  for (; a < 16; ++a) below += (a + 0.5) * std::log1p(1 / a) - 1;
  const double b = 1 / (a * a);
  const double series =
      1.0 / 12 -
      b * (1.0 / 360 - b * (1.0 / 1260 - b * (1.0 / 1680 - b * (1.0 / 1188 - b * 691 / 360360))));
  return below + series / a;
}

}  // namespace mlopsctl::drift
