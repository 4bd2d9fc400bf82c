#include "commands/drift_record.hpp"

#include <algorithm>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t recorded_features = 10;

}  // namespace

CheckRecord drift_check_record(const drift::DriftResult& result) {
  CheckRecord record{.kind = "drift",
                     .name = result.name,
                     .experiment = drift_experiment,
                     .checked_at = result.checked_at,
                     .verdict = std::string(to_string(result.verdict)),
                     .reason = result.reason};
  record.params = {{"preset", result.preset},
                   {"reference", result.reference_source},
                   {"current", result.current_source},
                   {"reference_rows", std::to_string(result.reference_rows)},
                   {"current_rows", std::to_string(result.current_rows)},
                   {"features", std::to_string(result.features.size())},
                   {"correction", result.correction},
                   {"alpha", number_text(result.alpha)}};
  record.tags = {{"drift.severity", std::string(to_string(result.severity))},
                 {"drift.worst_feature", result.max_psi_feature}};
  const double share = result.tested_features == 0
                           ? 0
                           : static_cast<double>(result.drifted_features) /
                                 static_cast<double>(result.tested_features);
  record.totals = {{"drift/share", share},
                   {"drift/drifted_features", static_cast<double>(result.drifted_features)},
                   {"drift/max_psi", result.max_psi},
                   {"drift/max_ks", result.max_effect_size},
                   {"drift/current_rows", static_cast<double>(result.current_rows)}};
  for (std::size_t i = 0; i < std::min(recorded_features, result.features.size()); ++i) {
    const auto& feature = result.features[i];
    record.details.emplace_back(metric_key("drift/psi", feature.name), feature.psi);
    record.details.emplace_back(metric_key("drift/effect", feature.name), feature.effect_size);
  }
  return record;
}

}  // namespace mlopsctl::commands
