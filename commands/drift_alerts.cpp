// Alerts and messages of a drift check.
#include "mlopsctl/base/text.hpp"

#include "commands/drift_documents.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using drift::DriftResult;
using drift::Verdict;

constexpr std::size_t named_features = 5;

std::vector<const drift::FeatureResult*> worst_of(const DriftResult& result) {
  std::vector<const drift::FeatureResult*> worst;
  for (const auto& feature : result.features) {
    if (worst.size() < named_features && feature.verdict == Verdict::drift) {
      worst.push_back(&feature);
    }
  }
  return worst;
}

std::string short_name(const std::string& name) { return shortened(printable(name), 60); }

nlohmann::ordered_json json_number(double value) {
  return std::isnan(value) ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
}

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

}  // namespace

std::vector<Alert> drift_alerts(const DriftResult& result, const AlertOptions& options,
                                Timestamp now) {
  std::vector<Alert> alerts;
  if (!has_answer(result.verdict)) return alerts;
  const bool drifted = result.verdict == Verdict::drift;
  const std::string firing = result.severity == drift::Severity::high ? "critical" : "warning";
  for (const std::string severity : {"critical", "warning"}) {
    Alert alert{.generator_url = options.report_url};
    for (const auto& label : options.labels) alert.labels[label.name] = label.value;
    alert.labels["alertname"] = "DataDrift";
    alert.labels["check"] = valid_utf8(result.name);
    alert.labels["severity"] = severity;
    alert.ends = now;
    if (drifted && severity == firing) {
      alert.starts = now;
      alert.ends = now + options.lasts;
    }
    std::string worst;
    for (const auto* feature : worst_of(result)) {
      worst += (worst.empty() ? "" : ", ") + short_name(feature->name);
    }
    alert.annotations = {
        {"summary", fmt::format("{} in {}", drift_headline(result), short_name(result.name))},
        {"description", result.reason},
        {"psi", number_text(result.max_psi)},
        {"drifted_features",
         fmt::format("{} of {}", result.drifted_features, result.tested_features)},
        {"worst_features", worst},
        {"severity", std::string(to_string(result.severity))},
        {"run", result.run_id},
        {"report", options.report_url}};
    alerts.push_back(std::move(alert));
  }
  return alerts;
}

Message drift_message(const DriftResult& result, const std::string& report_url) {
  Message message{.title = fmt::format("{} in {}", drift_headline(result), short_name(result.name)),
                  .text = result.reason,
                  .link = report_url};
  message.title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(message.title[0])));
  message.fields = {
      {"Drifted features",
       fmt::format("{} of {}", result.drifted_features, result.tested_features)},
      {"Largest PSI",
       result.max_psi_feature.empty()
           ? std::string("–")
           : fmt::format("{:.3g} ({})", result.max_psi, short_name(result.max_psi_feature))},
      {"Reference", fmt::format("{} ({} rows)", result.reference_source, result.reference_rows)},
      {"Current", fmt::format("{} ({} rows)", result.current_source, result.current_rows)}};
  for (const auto* feature : worst_of(result)) {
    message.lines.push_back(fmt::format("{}: {}", short_name(feature->name), drift_why(*feature)));
  }
  for (const auto& finding : result.findings) {
    if (!finding.drift || message.lines.size() >= 2 * named_features) continue;
    message.lines.push_back(finding.feature.empty()
                                ? finding.message
                                : short_name(finding.feature) + ": " + finding.message);
  }
  return message;
}

std::string drift_webhook_json(const DriftResult& result, const std::string& report_url) {
  nlohmann::ordered_json features = nlohmann::ordered_json::array();
  for (const auto* feature : worst_of(result)) {
    features.push_back({{"name", feature->name},
                        {"psi", json_number(feature->psi)},
                        {"moved", json_number(feature->effect_size)},
                        {"why", drift_why(*feature)}});
  }
  const nlohmann::ordered_json json{{"schema", "mlopsctl.drift.message/1"},
                                    {"check", result.name},
                                    {"verdict", to_string(result.verdict)},
                                    {"severity", to_string(result.severity)},
                                    {"reason", result.reason},
                                    {"checked_at", to_rfc3339(result.checked_at)},
                                    {"drifted_features", result.drifted_features},
                                    {"tested_features", result.tested_features},
                                    {"max_psi", json_number(result.max_psi)},
                                    {"max_psi_feature", result.max_psi_feature},
                                    {"reference", result.reference_source},
                                    {"current", result.current_source},
                                    {"features", std::move(features)},
                                    {"run_id", text_or_null(result.run_id)},
                                    {"report", text_or_null(report_url)}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace mlopsctl::commands
