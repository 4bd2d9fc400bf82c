// Metrics of a drift check for Prometheus.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/version.hpp"

#include "commands/check_metrics.hpp"
#include "commands/drift_documents.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace mlopsctl::commands {

namespace {

using drift::DriftResult;
using drift::FeatureResult;
using drift::Verdict;

void add_verdict(CheckMetrics& metrics, const DriftResult& result) {
  metrics.add("llm_data_drift_psi", "Largest population stability index of a feature.",
              result.max_psi);
  metrics.add("mlopsctl_drift_detected", "1 if the last check found drift.",
              result.verdict == Verdict::drift ? 1 : 0);
  for (const auto verdict : {Verdict::ok, Verdict::drift, Verdict::insufficient, Verdict::no_data,
                             Verdict::not_tested, Verdict::failed}) {
    metrics.add("mlopsctl_drift_verdict", "1 for the verdict of the last check.",
                result.verdict == verdict ? 1 : 0, {{"verdict", std::string(to_string(verdict))}});
  }
  metrics.add("mlopsctl_drift_severity", "0 low, 1 medium, 2 high, by the largest PSI.",
              static_cast<double>(result.severity));
  const auto tested = static_cast<double>(result.tested_features);
  const auto drifted = static_cast<double>(result.drifted_features);
  metrics.add("mlopsctl_drift_features", "Features that were tested.", tested);
  metrics.add("mlopsctl_drift_drifted_features", "Features that drifted.", drifted);
  metrics.add("mlopsctl_drift_drifted_features_ratio", "Share of the features that drifted.",
              tested > 0 ? drifted / tested : 0);
  metrics.add("mlopsctl_drift_moved_max_ratio",
              "Share of the data that moved, of the feature where it is largest.",
              result.max_effect_size);
  const char* rows = "Rows that were compared.";
  metrics.add("mlopsctl_drift_rows", rows, static_cast<double>(result.reference_rows),
              {{"side", "reference"}});
  metrics.add("mlopsctl_drift_rows", rows, static_cast<double>(result.current_rows),
              {{"side", "current"}});
  for (int kind = 0; kind <= static_cast<int>(drift::FindingKind::misleading); ++kind) {
    const auto wanted = static_cast<drift::FindingKind>(kind);
    metrics.add("mlopsctl_drift_findings", "Findings beside the tests, by kind.",
                static_cast<double>(
                    std::ranges::count(result.findings, wanted, &drift::DriftFinding::kind)),
                {{"kind", std::string(to_string(wanted))}});
  }
}

void add_features(CheckMetrics& metrics, const DriftResult& result, std::size_t most) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < std::min(most, result.features.size()); ++i) {
    const FeatureResult& feature = result.features[i];
    std::string name = valid_utf8(feature.name);
    // Two columns of the same name would be one series twice.
    if (!names.insert(name).second) {
      name += " #" + std::to_string(feature.index);
      names.insert(name);
    }
    const MetricLabel label{"feature", name};
    metrics.add("mlopsctl_drift_feature_drifted", "1 if the feature drifted.",
                feature.verdict == Verdict::drift ? 1 : 0, {label});
    metrics.add("mlopsctl_drift_feature_psi", "Population stability index of a feature.",
                feature.psi, {label});
    metrics.add("mlopsctl_drift_feature_moved_ratio", "Share of the feature's values that moved.",
                feature.effect_size, {label});
    if (!feature.tests.empty() && feature.tests.front().p) {
      metrics.add("mlopsctl_drift_feature_p_value", "p-value of the test that decides.",
                  *feature.tests.front().p, {label, {"test", feature.tests.front().test}});
    }
  }
}

}  // namespace

std::vector<MetricFamily> drift_metrics(const DriftResult& result, std::size_t features,
                                        std::optional<double> last_success_before) {
  CheckMetrics metrics(result.name);
  add_verdict(metrics, result);
  add_features(metrics, result, features);
  metrics.add("mlopsctl_drift_info", "How the check was made.", 1,
              {{"preset", result.preset},
               {"correction", result.correction},
               {"version", std::string(version_info().version)}});
  metrics.add_times({"mlopsctl_drift_last_run_timestamp_seconds",
                     "mlopsctl_drift_last_success_timestamp_seconds"},
                    result.checked_at, has_answer(result.verdict), last_success_before);
  return metrics.take();
}

}  // namespace mlopsctl::commands
