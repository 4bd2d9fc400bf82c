// The two-sample Kolmogorov–Smirnov statistic as scipy's ks_2samp computes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace mlopsctl::compute {

// Collects F_reference − F_current at observed values, which must come in ascending order, and
// tells statistic, sign and location by scipy's rules (drift.md §1.1): of several equally extreme
// places the smallest value of the reference counts, without one the smallest of the current
// sample.
class KsExtremes {
 public:
  void see(double difference, bool in_reference, double value) {
    if (difference >= largest_.difference) largest_.take(difference, in_reference, value);
    if (-difference >= smallest_.difference) smallest_.take(-difference, in_reference, value);
  }

  // Both 0 until something was seen.
  double best() const { return sign() > 0 ? largest_.difference : smallest_.difference; }
  int sign() const { return smallest_.difference > largest_.difference ? -1 : 1; }
  double location() const {
    const Extreme& extreme = sign() > 0 ? largest_ : smallest_;
    return extreme.reference.value_or(extreme.current.value_or(0.0));
  }

 private:
  struct Extreme {
    double difference = 0;  // at the largest value both functions are 1, so it is never less
    std::optional<double> reference, current;

    void take(double other, bool in_reference, double value) {
      if (other > difference) *this = {other, {}, {}};
      auto& place = in_reference ? reference : current;
      if (!place) place = value;
    }
  };
  Extreme largest_, smallest_;
};

// How many values of both samples lie before a stretch.
struct KsStart {
  std::uint64_t reference = 0, current = 0;
};

// Walks over two sorted stretches of samples of n1 and n2 values.
template <class T>
void walk(const T* reference, std::size_t reference_count, const T* current,
          std::size_t current_count, KsStart start, double n1, double n2, KsExtremes& extremes) {
  std::size_t i = 0, j = 0;
  while (i < reference_count || j < current_count) {
    const bool from_reference =
        j == current_count || (i < reference_count && reference[i] <= current[j]);
    const T value = from_reference ? reference[i] : current[j];
    while (i < reference_count && reference[i] == value) ++i;
    while (j < current_count && current[j] == value) ++j;
    const double f1 = static_cast<double>(start.reference + i) / n1;
    const double f2 = static_cast<double>(start.current + j) / n2;
    extremes.see(f1 - f2, from_reference, static_cast<double>(value));
  }
}

}  // namespace mlopsctl::compute
