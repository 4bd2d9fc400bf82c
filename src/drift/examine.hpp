// One feature: runs the planned tests and notes what misleads. Independent of every other feature,
// so features can be examined in parallel.
#pragma once

#include "drift/feature_tests.hpp"
#include "drift/samples.hpp"
#include "drift/test_catalogue.hpp"

#include <string>
#include <vector>

namespace mlopsctl::drift {

struct FeatureInput {
  std::string name;
  std::uint64_t index = 0;
  ColumnKind kind = ColumnKind::real;
  FeaturePair pair;
  // Of the reference, where thresholds come from its chunks.
  std::vector<SortedNumbers> number_chunks;
  std::vector<std::vector<std::uint64_t>> label_chunks;      // counts of pair.labels
  std::uint64_t reference_missing = 0, current_missing = 0;  // of categories
};

// Verdicts are those before any correction; judge() has the last word.
FeatureResult examine(const FeatureInput& input, const AnalysisOptions& options,
                      const Settings& settings);

// The parts of it that do not need samples, for features that come as counts.
Verdict verdict_by_rows(std::uint64_t reference_rows, std::uint64_t current_rows,
                        const AnalysisOptions& options);
void add_test(FeatureResult& feature, const PlannedTest& planned, const TestNumbers& numbers);
// A feature that no deciding test could judge was not tested.
void check_tested(FeatureResult& feature);
// Few rows, one bin with nearly everything, constants: what can be told from the result alone.
void warn_about_counts(FeatureResult& feature);

// Points of both empirical distribution functions of sorted samples, evenly spaced over the joint
// range without its outermost half per cent.
std::vector<EcdfPoint> ecdf_points(const std::vector<double>& reference,
                                   const std::vector<double>& current, std::size_t points);

}  // namespace mlopsctl::drift
