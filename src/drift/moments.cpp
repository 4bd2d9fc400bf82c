#include "drift/moments.hpp"

#include <cmath>

namespace mlopsctl::drift {

void Sum::add(double value) {
  const double next = sum_ + value;
  lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - next) + value : (value - next) + sum_;
  sum_ = next;
}

Moments moments_of(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  Sum total;
  for (const double value : values) total.add(value);
  Moments moments{.mean = total.value() / n};
  Sum squares;
  for (const double value : values) squares.add((value - moments.mean) * (value - moments.mean));
  moments.squares = squares.value();
  moments.deviation = std::sqrt(moments.squares / n);
  return moments;
}

}  // namespace mlopsctl::drift
