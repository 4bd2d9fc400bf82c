// A DriftResult as documents for others: a page, JUnit, Markdown, metrics, alerts, messages. Pure.
#pragma once

#include "mlopsctl/drift/result.hpp"
#include "mlopsctl/ui/comparison_page.hpp"

#include "commands/check_outputs.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

ComparisonPage drift_page(const drift::DriftResult& result);

// One suite: the verdict, whole-matrix tests, findings, features. It has failures exactly if the
// verdict is drift: features that drifted where the data did not are passed with a remark.
JUnitSuite drift_junit(const drift::DriftResult& result);

// For a step summary: verdict, findings and the worst features; at most about 100 KiB.
std::string drift_markdown(const drift::DriftResult& result);

// The last success is when a verdict was last reached: now, or where there was none, `before`.
// Series of single features: the worst `features` of them.
std::vector<MetricFamily> drift_metrics(const drift::DriftResult& result, std::size_t features,
                                        std::optional<double> last_success_before);

// Whether the data answered the question: ok or drift.
bool has_answer(drift::Verdict verdict);

// Drift: one firing alert of the right severity, "critical" for a high one, else "warning", and the
// other severity resolved. No drift: both resolved. No answer: none, so that what fires runs out.
std::vector<Alert> drift_alerts(const drift::DriftResult& result, const AlertOptions& options,
                                Timestamp now);

Message drift_message(const drift::DriftResult& result, const std::string& report_url);
// For webhooks without a format of their own: mlopsctl.drift.message/1.
std::string drift_webhook_json(const drift::DriftResult& result, const std::string& report_url);

// "drift (high)", "ok": one or two words.
std::string drift_headline(const drift::DriftResult& result);
// "ks p 1.7e-215 < 0.05; psi 0.26 >= 0.1": the tests that decide.
std::string drift_why(const drift::FeatureResult& feature);

}  // namespace mlopsctl::commands
