// Both sides of one feature in the forms that tests want: sorted numbers, or counts of labels.
#pragma once

#include "mlopsctl/compute/backend.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl::drift {

// One side of a numeric feature: the finite values, ascending.
struct SortedNumbers {
  std::vector<double> values;
  // Filled beside `values` where the column holds integers: above 2^53 doubles merge neighbours.
  std::vector<std::int64_t> integers;
  ColumnMoments moments;
};

// Finite values of a real, integer or boolean column.
SortedNumbers sorted_numbers(const Column& column);
// Of values that are sorted already.
SortedNumbers from_sorted(std::vector<double> sorted, std::uint64_t nan, std::uint64_t infinite);

// Counts of the same labels on both sides; labels in the order of their first appearance in sorted
// order, those of the reference not before those of the current data.
struct LabelCounts {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> reference, current;
};
LabelCounts count_labels(const Column& reference, const Column& current);

// How many distinct values both sides have together, counted up to `limit` + 1.
std::uint64_t distinct_values(const SortedNumbers& reference, const SortedNumbers& current,
                              std::uint64_t limit);
// One label for each distinct value, ascending.
LabelCounts count_values(const SortedNumbers& reference, const SortedNumbers& current);

// Share of the most frequent value, 0 to 1.
double largest_tie(const std::vector<double>& sorted);

// What tests are run on. Exactly one of numbers and labels is meant, by `categorical`.
struct FeaturePair {
  bool categorical = false;
  SortedNumbers reference, current;
  LabelCounts labels;
  std::uint64_t distinct = 0;  // of both; cut off above `distinct_limit`
};
inline constexpr std::uint64_t distinct_limit = 50;

}  // namespace mlopsctl::drift
