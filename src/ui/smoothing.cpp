#include "mlopsctl/ui/plot.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl {

std::vector<double> smoothed(std::span<const double> y, double weight) {
  std::vector<double> result(y.begin(), y.end());
  // As in TensorBoard, a constant series stays exactly what it is.
  bool constant = std::all_of(y.begin(), y.end(), [&](double value) { return value == y.front(); });
  if (constant || !(weight > 0)) return result;
  weight = std::min(weight, 1 - 1e-9);

  double mean = 0;
  double missing = 1;  // weight^n: the share of the start value 0 that is still in the mean
  for (double& value : result) {
    if (!std::isfinite(value)) continue;
    mean = mean * weight + (1 - weight) * value;
    missing *= weight;
    value = mean / (1 - missing);
  }
  return result;
}

}  // namespace mlopsctl
