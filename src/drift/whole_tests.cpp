// Tests of whole matrices.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/matrix_tests.hpp"

#include "drift/analysis_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::drift {

namespace {

double threshold_of(const AnalysisOptions& options, std::string_view test, double usual) {
  for (const auto& [name, value] : options.thresholds) {
    if (name == test) return value;
  }
  return usual;
}

std::vector<double> means_of(const std::vector<FeatureResult>& features, bool reference) {
  std::vector<double> means;
  for (const auto& feature : features) {
    const ColumnMoments& moments = reference ? feature.reference : feature.current;
    means.push_back(moments.finite == 0 ? std::nan("") : moments.mean);
  }
  return means;
}

// By default from where on chance gets in 1 - alpha of the cases; a threshold that was given must
// be passed as well.
DataSetTest mean_test(const Matrix& reference, const Matrix& current,
                      const std::vector<FeatureResult>& features, const Settings& settings,
                      const AnalysisOptions& options) {
  DataSetTest test{.test = "mean-distance"};
  test.statistic =
      mean_distance(means_of(features, true), means_of(features, false), MeanMetric::euclidean);
  const auto null = mean_distance_null(reference, current, {.seed = options.seed});
  if (null.empty()) {
    test.statistic = std::nan("");
    return test;
  }
  const auto larger = null.end() - std::ranges::lower_bound(null, test.statistic);
  const auto count = static_cast<double>(null.size());
  test.p = (1 + static_cast<double>(larger)) / (1 + count);
  const auto place = static_cast<std::size_t>(std::ceil((1 - settings.alpha) * count)) - 1;
  test.threshold = threshold_of(options, test.test, null[std::min(place, null.size() - 1)]);
  test.drifted = test.statistic > test.threshold && *test.p < settings.alpha;
  return test;
}

DataSetTest share_test(const Matrix& reference, const Matrix& current, const Settings& settings,
                       const AnalysisOptions& options, ComputeBackend& backend,
                       Progress& progress) {
  AnalysisOptions only = options;
  only.tests = {"wasserstein-normed"};
  only.thresholds.clear();
  only.ecdf_points = 0;
  Settings own = settings;
  own.dialect = Dialect::own;
  const auto features = compare_matrices(reference, current, only, own, backend, progress);
  std::vector<double> distances;
  for (const auto& feature : features) {
    distances.push_back(feature.tests.empty() ? std::nan("") : feature.tests.front().statistic);
  }
  DataSetTest test{.test = "share-of-components",
                   .statistic = share_of_components(distances, 0.1),
                   .threshold = threshold_of(options, "share-of-components", 0.2)};
  test.drifted = test.statistic > test.threshold;
  return test;
}

}  // namespace

std::vector<DataSetTest> test_whole(const Matrix& reference, const Matrix& current,
                                    const std::vector<FeatureResult>& features,
                                    const AnalysisOptions& options, const Settings& settings,
                                    ComputeBackend& backend, Progress& progress) {
  std::vector<DataSetTest> tests;
  for (const auto& name : options.data_set_tests) {
    DataSetTest test{.test = name};
    if (name == "mmd") {
      const MmdResult mmd = backend.mmd(reference, current, {.seed = options.seed}, progress);
      test.statistic = mmd.statistic;
      test.p = mmd.p;
      test.threshold = threshold_of(options, name, settings.alpha);
      test.drifted = mmd.p < test.threshold;
    } else if (name == "mean-distance") {
      test = mean_test(reference, current, features, settings, options);
    } else if (name == "domain-classifier") {
      const auto found = domain_classifier(reference, current, {.seed = options.seed}, progress);
      test.statistic = found.auc;
      test.p = found.p;
      test.threshold = threshold_of(options, name, 0.55);
      // Of few rows a large area is chance.
      test.drifted = found.auc > test.threshold && found.p < settings.alpha;
    } else {
      test = share_test(reference, current, settings, options, backend, progress);
    }
    tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace mlopsctl::drift
