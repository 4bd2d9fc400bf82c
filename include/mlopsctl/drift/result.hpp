// What a drift check found out: everything that reports, alerts and the run store are made from.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/compute/backend.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

// not_tested: none of the tests that were asked for can be applied. failed: another kind of value
// than before.
enum class Verdict { ok, drift, insufficient, no_data, not_tested, failed };
// "ok", "drift", "insufficient data", "no data", "not tested", "failed"
std::string_view to_string(Verdict verdict);
enum class Severity { low, medium, high };  // by the largest PSI: < 0.1, < 0.2, more
std::string_view to_string(Severity severity);

// One test on one feature. `value` is what the threshold is compared with (a p-value or a
// distance).
struct TestOutcome {
  std::string test;  // "ks", "psi", "wasserstein", …
  double statistic = 0;
  std::optional<double> p;
  double threshold = 0;
  bool below = false;  // drift if the value is below the threshold (p-values), else if at least it
  bool drifted = false;  // before any correction
  // After the correction that was asked for; after Benjamini-Hochberg where none was, to be shown
  // beside. Distances have no correction: the same as `drifted`.
  bool drifted_corrected = false;
  bool decides = false;  // takes part in the verdict; else it is shown only
};

// A histogram of both sides on the same bins; for categories `labels`, else `edges` (bins + 1).
struct Distribution {
  std::vector<double> edges;
  std::vector<std::string> labels;
  std::vector<std::uint64_t> reference, current;
};

// The mean of a feature in a slice of time, for the picture over time.
struct TimeSlice {
  bool reference = false;  // of the reference, else of the current data
  Timestamp from{};
  std::uint64_t rows = 0;
  double mean = 0;
};

enum class FindingKind {
  missing_values,
  new_categories,
  lost_categories,
  schema,
  out_of_range,
  misleading
};
std::string_view to_string(FindingKind kind);
struct DriftFinding {
  FindingKind kind = FindingKind::misleading;
  std::string feature;  // empty: the whole data set
  std::string message;  // one sentence
  bool drift = false;   // counts as drift, not only as a remark
};

struct FeatureResult {
  std::string name;
  std::uint64_t index = 0;  // its position in the reference
  ColumnKind kind = ColumnKind::real;
  Verdict verdict = Verdict::ok;
  std::uint64_t reference_rows = 0, current_rows = 0;        // finite, not missing
  std::uint64_t reference_missing = 0, current_missing = 0;  // missing and not finite
  ColumnMoments reference, current;                          // numbers only
  std::uint64_t out_of_range =
      0;  // current values outside the reference's; of matrices at least so many
  std::vector<TestOutcome> tests;  // the deciding one first
  double psi = 0;                  // NaN where there is none
  // Share of the data that moved, 0 to 1: the largest difference of the distribution functions (KS
  // statistic) of numbers, the total variation of categories; NaN where there is none.
  double effect_size = 0;
  double effect = 0;    // what "worst first" sorts by: the deciding effect size over its threshold
  int direction = 0;    // +1: current is larger, -1: smaller, 0: neither or no order
  double location = 0;  // where the two distribution functions differ most
  Distribution distribution;
  std::vector<EcdfPoint> ecdf;
  std::vector<TimeSlice> over_time;
  std::vector<std::string> warnings;  // where a number misleads
};

struct DataSetTest {  // of whole matrices
  std::string test;   // "mmd", "mean-distance", "share-of-components", "domain-classifier"
  double statistic = 0;
  std::optional<double> p;
  double threshold = 0;
  bool drifted = false;
};

// How many features each test finds, side by side.
struct TestTally {
  std::string test;
  std::uint64_t tested = 0;
  std::uint64_t drifted = 0;            // before any correction
  std::uint64_t drifted_corrected = 0;  // see TestOutcome
  // How many of them would be found in data without drift: tested × threshold for p-values.
  std::optional<double> expected_by_chance;
};

struct DriftResult {
  std::string name;    // of the check: --name, else from the file names
  std::string preset;  // "spec", "balanced", "evidently", "nannyml"
  std::string reference_source, current_source;
  std::uint64_t reference_rows = 0, current_rows = 0;
  Timestamp checked_at{};
  std::optional<Timestamp> window_from, window_to;
  std::string correction;  // "none", "bonferroni", "benjamini-hochberg"
  double alpha = 0.05;
  // Drift if at least one feature, and at least this share of those tested, drifted.
  double share_threshold = 0;
  std::optional<double> min_effect;  // effect sizes below it are no drift, whatever p is
  Verdict verdict = Verdict::ok;
  Severity severity = Severity::low;
  std::uint64_t drifted_features = 0, tested_features = 0;
  double max_psi = 0;
  std::string max_psi_feature;
  double max_effect_size = 0;
  std::string max_effect_feature;
  std::vector<TestTally> tallies;
  std::string reason;                   // one sentence: why this verdict
  std::vector<FeatureResult> features;  // worst first
  std::vector<DataSetTest> data_set_tests;
  std::vector<DriftFinding> findings;
  std::string backend;  // which device did the work
  std::string run_id;   // where it was recorded, empty if nowhere
};

}  // namespace mlopsctl::drift
