#include "mlopsctl/drift/statistics.hpp"

#include "drift/ks_exact.hpp"
#include "drift/nan.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

// An extreme of F1 - F2 at a value of one sample; the smallest value that attains it.
struct Extreme {
  double difference;
  double location;
};

// scipy looks for the extremes in "sorted reference, then sorted current", so a value of the
// reference wins among equals. Differences are compared as the rounded doubles that scipy has.
struct Extremes {
  Extreme largest_reference{-2, nan}, largest_current{-2, nan};
  Extreme smallest_reference{2, nan}, smallest_current{2, nan};

  void see(double difference, double location, bool in_reference) {
    Extreme& largest = in_reference ? largest_reference : largest_current;
    Extreme& smallest = in_reference ? smallest_reference : smallest_current;
    if (difference > largest.difference) largest = {difference, location};
    if (difference < smallest.difference) smallest = {difference, location};
  }
  const Extreme& largest() const {
    return largest_current.difference > largest_reference.difference ? largest_current
                                                                     : largest_reference;
  }
  const Extreme& smallest() const {
    return smallest_current.difference < smallest_reference.difference ? smallest_current
                                                                       : smallest_reference;
  }
};

template <typename Value>
Extremes extremes_of(std::span<const Value> reference, std::span<const Value> current) {
  const double n1 = static_cast<double>(reference.size());
  const double n2 = static_cast<double>(current.size());
  Extremes extremes;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < reference.size() || j < current.size()) {
    const bool in_reference =
        j == current.size() || (i < reference.size() && reference[i] <= current[j]);
    const Value value = in_reference ? reference[i] : current[j];
    while (i < reference.size() && reference[i] == value) ++i;
    while (j < current.size() && current[j] == value) ++j;
    extremes.see(static_cast<double>(i) / n1 - static_cast<double>(j) / n2,
                 static_cast<double>(value), in_reference);
  }
  return extremes;
}

void one_sided_p(KsValue& value, const KsLattice& lattice, KsMethod method) {
  if (ks_tries_exact(lattice, method)) {
    const std::int64_t h = lattice.h(value.statistic);
    value.statistic = static_cast<double>(h) / lattice.lcm;
    if (const auto p = ks_exact_one_sided(lattice, h)) {
      value.p = std::clamp(*p, 0.0, 1.0);
      value.exact = true;
      return;
    }
  }
  value.p = std::clamp(ks_one_sided_limit(lattice, value.statistic), 0.0, 1.0);
}

template <typename Value>
KsValue test(std::span<const Value> reference, std::span<const Value> current, KsMethod method,
             Alternative alternative) {
  if (reference.empty() || current.empty()) return {.statistic = nan, .p = nan, .location = nan};
  const Extremes extremes = extremes_of(reference, current);
  const double above = extremes.largest().difference;
  const double below = std::clamp(-extremes.smallest().difference, 0.0, 1.0);
  const bool take_below =
      alternative == Alternative::less || (alternative == Alternative::two_sided && below > above);
  KsValue value{.statistic = take_below ? below : above,
                .sign = take_below ? -1 : 1,
                .location = (take_below ? extremes.smallest() : extremes.largest()).location};
  if (alternative != Alternative::two_sided) {
    one_sided_p(value, KsLattice(reference.size(), current.size()), method);
    return value;
  }
  const auto p = KsPValues(reference.size(), current.size(), method)(value.statistic);
  value.statistic = p.statistic;
  value.p = p.p;
  value.exact = p.exact;
  return value;
}

}  // namespace

KsValue ks_two_sample(std::span<const double> reference, std::span<const double> current,
                      KsMethod method, Alternative alternative) {
  return test(reference, current, method, alternative);
}

KsValue ks_two_sample(std::span<const std::int64_t> reference,
                      std::span<const std::int64_t> current, KsMethod method,
                      Alternative alternative) {
  return test(reference, current, method, alternative);
}

}  // namespace mlopsctl::drift
