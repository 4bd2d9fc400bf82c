// Has the data changed? Two data sets, or a profile and a data set, in; a verdict with everything
// that led to it out. Definitions: drift.md §1 and the specification §16, in test_catalogue.cpp.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/compute/backend.hpp"
#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/drift/result.hpp"
#include "mlopsctl/drift/statistics.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::drift {

class Profile;

// Which tests decide, and how.
//
// spec       KS p < 0.05 or PSI ≥ 0.1 of any feature is drift of the data; severity by the largest
//            PSI. What was specified for embeddings, to the constant. No correction: in data
//            without drift about one feature in twenty is found.
// balanced   a feature drifted if its p-value (KS, for categories chi-square) is below alpha after
//            Benjamini-Hochberg and its effect size is at least 0.1; one such feature is drift.
// evidently  Evidently's tests and thresholds by kind and size; drift if half of the features did.
// nannyml    the Jensen-Shannon distance above mean + 3 standard deviations of the distances
// between
//            the reference and its own chunks.
//
// Empty means spec for matrices and balanced for tables.
struct AnalysisOptions {
  std::string name;
  std::string preset;
  std::vector<std::string> tests;  // instead of the preset's; any may decide
  std::vector<std::pair<std::string, double>> thresholds;  // of single tests
  std::vector<std::string> data_set_tests;  // mmd, mean-distance, share-of-components, …
  std::optional<double> alpha;              // of all p-values without a threshold of their own
  std::optional<Correction> correction;
  std::optional<double> min_effect;
  std::optional<double> share;
  std::optional<bool> findings_are_drift;  // missing values, categories, schema, ranges
  double missing_change = 0.05;            // of the share of missing values, to be a finding
  std::uint64_t min_rows = 30;             // of each side; fewer are "insufficient data"
  std::uint64_t chunks = 10;               // of the reference, for nannyml
  std::size_t ecdf_points = 0;             // points of each picture; 0: none
  std::string time_column;                 // for the picture over time
  std::uint64_t seed = 42;
};

// Names and one-line explanations, for help and completion.
struct NamedText {
  std::string_view name;
  std::string_view text;
};
std::span<const NamedText> presets();
std::span<const NamedText> feature_tests();
std::span<const NamedText> data_set_tests();

// Throws Error{usage} for unknown names, matrices of different widths, a matrix against a table,
// and tests that the data cannot have; anything that is wrong with one column only is that column's
// verdict.
DriftResult analyse(const DataSet& reference, const DataSet& current,
                    const AnalysisOptions& options, ComputeBackend& backend, Progress& progress);

// Against a profile: counts are exact on the profile's buckets, and a KS statistic that the buckets
// leave open is given as a range in the feature's warnings.
DriftResult analyse(const Profile& reference, const Profile& current,
                    const AnalysisOptions& options);

// The rows whose time column lies in [from, to). Throws Error{usage} if there is no such column.
DataSet rows_between(const DataSet& data, const std::string& time_column,
                     std::optional<Timestamp> from, std::optional<Timestamp> to);
// First and last time in the column; nothing if it has none.
std::optional<std::pair<Timestamp, Timestamp>> time_range(const DataSet& data,
                                                          const std::string& time_column);

}  // namespace mlopsctl::drift
