// Sums that stay exact to the last digits over millions of values.
#pragma once

#include <span>

namespace mlopsctl::drift {

// Neumaier's compensated sum.
class Sum {
 public:
  void add(double value);
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

struct Moments {
  double mean = 0;
  double squares = 0;    // Σ (x - mean)²
  double deviation = 0;  // √(squares/n), ddof 0
};
// Of at least one value.
Moments moments_of(std::span<const double> values);

}  // namespace mlopsctl::drift
