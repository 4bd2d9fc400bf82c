#include "drift/samples.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/compute/sort.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

namespace mlopsctl::drift {

namespace {

void fill_moments(SortedNumbers& side) {
  ColumnMoments& moments = side.moments;
  moments.finite = side.values.size();
  if (side.values.empty()) return;
  moments.min = side.values.front();
  moments.max = side.values.back();
  const auto n = static_cast<double>(side.values.size());
  // Around a first estimate: values near 1e300 and values that differ in the last digits only both
  // survive.
  const double middle = side.values[side.values.size() / 2];
  double sum = 0;
  for (const double value : side.values) sum += (value - middle) / n;
  if (!std::isfinite(sum)) {  // the range is larger than the largest double
    sum = 0;
    for (const double value : side.values) sum += value / n - middle / n;
  }
  moments.mean = middle + sum;
  double squares = 0;
  for (const double value : side.values) {
    const double difference = value - moments.mean;
    squares += difference * difference;
  }
  moments.variance = squares / n;
}

// Integers of a small range are counted instead of sorted.
void sort_integers(std::vector<std::int64_t>& values) {
  if (values.size() < 2) return;
  const auto [low, high] = std::ranges::minmax_element(values);
  const std::int64_t first = *low;
  const auto range = static_cast<std::uint64_t>(*high) - static_cast<std::uint64_t>(first);
  if (range > values.size()) {
    sort_numbers(values);
    return;
  }
  std::vector<std::uint64_t> counts(range + 1);
  for (const auto value : values) {
    ++counts[static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(first)];
  }
  auto out = values.begin();
  for (std::uint64_t i = 0; i < counts.size(); ++i) {
    out = std::fill_n(out, counts[i],
                      static_cast<std::int64_t>(static_cast<std::uint64_t>(first) + i));
  }
}

SortedNumbers sorted_integers(const Integers& column) {
  SortedNumbers side;
  side.integers.reserve(column.values.size());
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (column.missing.empty() || !column.missing[i]) side.integers.push_back(column.values[i]);
  }
  sort_integers(side.integers);
  side.values.assign(side.integers.begin(), side.integers.end());
  fill_moments(side);
  side.moments.nan = column.values.size() - side.integers.size();
  return side;
}

SortedNumbers sorted_reals(const std::vector<double>& column) {
  SortedNumbers side;
  side.values.reserve(column.size());
  std::uint64_t nan = 0, infinite = 0;
  for (const double value : column) {
    if (std::isfinite(value)) {
      side.values.push_back(value + 0.0);  // -0 and 0 are one value
    } else {
      ++(std::isnan(value) ? nan : infinite);
    }
  }
  sort_numbers(side.values);
  fill_moments(side);
  side.moments.nan = nan;
  side.moments.infinite = infinite;
  return side;
}

using Counted = std::map<std::string_view, std::pair<std::uint64_t, std::uint64_t>>;

void count_side(const Column& column, Counted& counted, bool reference,
                std::vector<std::string>& kept) {
  const auto add = [&](std::string_view label, std::uint64_t count) {
    auto& pair = counted[label];
    (reference ? pair.first : pair.second) += count;
  };
  if (const auto* categories = std::get_if<Categories>(&column.values)) {
    std::vector<std::uint64_t> counts(categories->labels.size());
    for (const auto code : categories->codes) {
      if (code >= 0) ++counts[static_cast<std::size_t>(code)];
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) add(categories->labels[i], counts[i]);
    }
    return;
  }
  // Booleans, and integers against categories.
  const auto& integers = std::get<Integers>(column.values);
  std::map<std::int64_t, std::uint64_t> counts;
  for (std::size_t i = 0; i < integers.values.size(); ++i) {
    if (integers.missing.empty() || !integers.missing[i]) ++counts[integers.values[i]];
  }
  kept.reserve(kept.size() + counts.size());
  for (const auto& [value, count] : counts) {
    kept.push_back(column.kind == ColumnKind::boolean ? (value != 0 ? "true" : "false")
                                                      : std::to_string(value));
    add(kept.back(), count);
  }
}

// Calls visit(value, times in the reference, times in the current data), ascending; stops at false.
template <typename T, typename Visit>
void each_value(const std::vector<T>& reference, const std::vector<T>& current, Visit visit) {
  std::size_t i = 0, j = 0;
  while (i < reference.size() || j < current.size()) {
    const T value = j == current.size()                                  ? reference[i]
                    : i == reference.size() || current[j] < reference[i] ? current[j]
                                                                         : reference[i];
    const std::size_t first = i, second = j;
    while (i < reference.size() && reference[i] == value) ++i;
    while (j < current.size() && current[j] == value) ++j;
    if (!visit(value, i - first, j - second)) return;
  }
}

// As integers where both sides are, else as doubles.
template <typename Visit>
void each_value(const SortedNumbers& reference, const SortedNumbers& current, Visit visit) {
  if (!reference.integers.empty() && !current.integers.empty()) {
    each_value(reference.integers, current.integers, visit);
  } else {
    each_value(reference.values, current.values, visit);
  }
}

std::string label_of(double value) { return number_text(value); }
std::string label_of(std::int64_t value) { return std::to_string(value); }

}  // namespace

SortedNumbers sorted_numbers(const Column& column) {
  if (const auto* reals = std::get_if<std::vector<double>>(&column.values)) {
    return sorted_reals(*reals);
  }
  return sorted_integers(std::get<Integers>(column.values));
}

SortedNumbers from_sorted(std::vector<double> sorted, std::uint64_t nan, std::uint64_t infinite) {
  SortedNumbers side;
  side.values = std::move(sorted);
  fill_moments(side);
  side.moments.nan = nan;
  side.moments.infinite = infinite;
  return side;
}

LabelCounts count_labels(const Column& reference, const Column& current) {
  Counted counted;
  std::vector<std::string> kept_reference, kept_current;  // the labels that are views into them
  count_side(reference, counted, true, kept_reference);
  count_side(current, counted, false, kept_current);
  LabelCounts counts;
  for (const auto& [label, pair] : counted) {
    counts.labels.emplace_back(label);
    counts.reference.push_back(pair.first);
    counts.current.push_back(pair.second);
  }
  return counts;
}

std::uint64_t distinct_values(const SortedNumbers& reference, const SortedNumbers& current,
                              std::uint64_t limit) {
  std::uint64_t distinct = 0;
  each_value(reference, current,
             [&](auto, std::size_t, std::size_t) { return ++distinct <= limit; });
  return distinct;
}

LabelCounts count_values(const SortedNumbers& reference, const SortedNumbers& current) {
  LabelCounts counts;
  each_value(reference, current, [&](auto value, std::size_t first, std::size_t second) {
    counts.labels.push_back(label_of(value));
    counts.reference.push_back(first);
    counts.current.push_back(second);
    return true;
  });
  return counts;
}

double largest_tie(const std::vector<double>& sorted) {
  if (sorted.empty()) return 0;
  std::size_t largest = 0, first = 0;
  for (std::size_t i = 1; i <= sorted.size(); ++i) {
    if (i < sorted.size() && sorted[i] == sorted[first]) continue;
    largest = std::max(largest, i - first);
    first = i;
  }
  return static_cast<double>(largest) / static_cast<double>(sorted.size());
}

}  // namespace mlopsctl::drift
