// What a Profile holds.
#pragma once

#include "mlopsctl/drift/profile.hpp"

#include "drift/bucket_histogram.hpp"
#include "drift/label_sketch.hpp"

#include <string>
#include <vector>

namespace mlopsctl::drift {

struct ProfiledColumn {
  std::string name;
  ColumnKind kind = ColumnKind::real;
  std::uint64_t rows = 0;     // all of them
  std::uint64_t missing = 0;  // NaN among the numbers
  std::uint64_t infinite = 0;
  // Of the finite numbers.
  std::uint64_t finite = 0;
  double min = 0, max = 0, mean = 0, squares = 0;  // squares: sum of squared differences from mean
  BucketHistogram buckets;
  LabelSketch labels;

  bool is_categorical() const {
    return kind == ColumnKind::category || kind == ColumnKind::boolean;
  }
  // Moments of other values, by Chan, Golub and LeVeque's formula.
  void merge_moments(std::uint64_t count, double low, double high, double middle, double squared);
};

class ProfileState {
 public:
  ProfileOptions options;
  bool matrix = false;
  std::uint64_t rows = 0;
  std::string source;
  std::vector<ProfiledColumn> columns;
};

}  // namespace mlopsctl::drift
