// Runs a test of the catalogue on both sides of a feature.
#pragma once

#include "drift/samples.hpp"
#include "drift/test_catalogue.hpp"

#include <optional>

namespace mlopsctl::drift {

struct TestNumbers {
  double statistic = 0;
  std::optional<double> p;
};

// Nothing where the test cannot be applied to this feature: Fisher's exact test of three
// categories. Both sides have at least one value.
std::optional<TestNumbers> run_test(const TestDefinition& test, Dialect dialect,
                                    const FeaturePair& pair);

// Tests on counts of values; numbers have them while there are few distinct ones.
bool wants_counts(std::string_view test);

// The bins of the specified PSI: ten of equal width over both (drift.md §1.5).
struct Bins {
  std::vector<double> edges;
  std::vector<std::uint64_t> reference, current;
};
Bins equal_width_bins(const FeaturePair& pair, std::size_t count);

// Evidently's scores where they differ from everybody else's (drift.md §1.6).
std::optional<TestNumbers> run_evidently_test(const TestDefinition& test, const FeaturePair& pair);

// NannyML's: bins from the reference alone (numpy's "doane"); what lies outside falls into one more
// bin, as do categories that the reference does not have (drift.md §1.8). Base 2.
std::optional<TestNumbers> run_nannyml_test(const TestDefinition& test, const FeaturePair& pair);

// Mean + 3 standard deviations (ddof 0) of the values on the reference's chunks, at most 1 for a
// statistic that cannot be larger. NaN without values.
double chunk_threshold(const std::vector<double>& values, bool bounded_by_1);

}  // namespace mlopsctl::drift
