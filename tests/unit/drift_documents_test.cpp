#include "commands/drift_documents.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

using namespace mlopsctl;
using drift::DriftResult;
using drift::FeatureResult;
using drift::Verdict;

namespace {

FeatureResult feature_named(const std::string& name, Verdict verdict) {
  FeatureResult feature{.name = name, .verdict = verdict};
  const bool drifted = verdict == Verdict::drift;
  feature.reference_rows = 1000;
  feature.current_rows = 900;
  feature.reference.finite = 1000;
  feature.tests = {{.test = "ks",
                    .statistic = drifted ? 0.25 : 0.01,
                    .p = drifted ? 0.0 : 0.4,
                    .threshold = 0.05,
                    .below = true,
                    .drifted = drifted,
                    .drifted_corrected = drifted,
                    .decides = true}};
  feature.psi = drifted ? 0.31 : 0.01;
  feature.effect_size = drifted ? 0.25 : 0.01;
  return feature;
}

DriftResult result_of(Verdict verdict) {
  DriftResult result{.name = "churn", .preset = "spec"};
  result.reference_source = "train.csv";
  result.current_source = "today.csv";
  result.reference_rows = 1000;
  result.current_rows = 900;
  result.checked_at = {1'700'000'000'000};
  result.correction = "none";
  result.verdict = verdict;
  const bool drifted = verdict == Verdict::drift;
  result.severity = drifted ? drift::Severity::high : drift::Severity::low;
  result.features = {feature_named("a|b <!channel>", drifted ? Verdict::drift : Verdict::ok),
                     feature_named("b", Verdict::ok), feature_named("c", Verdict::insufficient)};
  result.drifted_features = drifted ? 1 : 0;
  result.tested_features = 2;
  result.max_psi = drifted ? 0.31 : 0.01;
  result.max_psi_feature = "a|b <!channel>";
  result.reason = "because <of> it";
  result.findings = {{drift::FindingKind::missing_values, "b", "rose to 14 %", drifted}};
  return result;
}

double value_of(const std::vector<MetricFamily>& families, const std::string& name,
                std::size_t sample = 0) {
  const auto family = std::ranges::find(families, name, &MetricFamily::name);
  return family == families.end() ? std::nan("") : family->samples.at(sample).value;
}

std::ptrdiff_t failures(const DriftResult& result) {
  return std::ranges::count(commands::drift_junit(result).cases, JUnitOutcome::failed,
                            &JUnitCase::outcome);
}

}  // namespace

TEST_CASE("JUnit has failures exactly if the verdict is drift") {
  CHECK(failures(result_of(Verdict::drift)) == 3);  // verdict, finding, feature
  CHECK(failures(result_of(Verdict::ok)) == 0);
  CHECK(failures(result_of(Verdict::insufficient)) == 0);
  // One feature in twenty drifts by chance; what does not count as drift of the data is no failure.
  DriftResult share = result_of(Verdict::drift);
  share.verdict = Verdict::ok;
  CHECK(failures(share) == 0);
  const auto cases = commands::drift_junit(result_of(Verdict::drift)).cases;
  CHECK(cases.back().outcome == JUnitOutcome::skipped);
  CHECK(cases[2].message == "ks 0.25, p < 1e-300 (drift if < 0.05)");
}

TEST_CASE("a step summary shows the worst features and lets no name break its table") {
  const std::string text = commands::drift_markdown(result_of(Verdict::drift));
  CHECK(text.find("drift &#40;high&#41;") != std::string::npos);
  CHECK(text.find("| a&#124;b &#60;&#33;channel&#62; | **drift** |") != std::string::npos);
  CHECK(text.find("because &#60;of&#62; it") != std::string::npos);
  DriftResult wide = result_of(Verdict::drift);
  wide.features.assign(5000, feature_named(std::string(10'000, '|'), Verdict::drift));
  CHECK(commands::drift_markdown(wide).size() < 100'000);
}

TEST_CASE("metrics say verdict, largest PSI and when a verdict was last reached") {
  const auto drifted = commands::drift_metrics(result_of(Verdict::drift), 10, std::nullopt);
  CHECK(value_of(drifted, "llm_data_drift_psi") == 0.31);
  CHECK(value_of(drifted, "mlopsctl_drift_detected") == 1);
  CHECK(value_of(drifted, "mlopsctl_drift_drifted_features_ratio") == 0.5);
  CHECK(value_of(drifted, "mlopsctl_drift_last_success_timestamp_seconds") == 1'700'000'000);
  const auto unsure = commands::drift_metrics(result_of(Verdict::insufficient), 10, 17.0);
  CHECK(value_of(unsure, "mlopsctl_drift_last_run_timestamp_seconds") == 1'700'000'000);
  CHECK(value_of(unsure, "mlopsctl_drift_last_success_timestamp_seconds") == 17);
  const auto first = commands::drift_metrics(result_of(Verdict::insufficient), 10, std::nullopt);
  CHECK(std::isnan(value_of(first, "mlopsctl_drift_last_success_timestamp_seconds")));
}

TEST_CASE("as many features get series of their own as asked for, also with equal names") {
  DriftResult result = result_of(Verdict::drift);
  CHECK(std::isnan(
      value_of(commands::drift_metrics(result, 0, std::nullopt), "mlopsctl_drift_feature_psi")));
  result.features.assign(3, feature_named("same\xff", Verdict::drift));
  for (std::uint64_t i = 0; i < 3; ++i) result.features[i].index = i;
  const std::string text = prometheus_text(commands::drift_metrics(result, 2, std::nullopt));
  CHECK(text.find("feature=\"same\xef\xbf\xbd\"") != std::string::npos);
  CHECK(text.find("feature=\"same\xef\xbf\xbd #1\"") != std::string::npos);
  CHECK(text.find("#2\"") == std::string::npos);
}

TEST_CASE("drift fires one alert, the other severity and no drift resolve") {
  const Timestamp now{1'700'000'100'000};
  const commands::AlertOptions options{.lasts = Milliseconds{60'000}, .labels = {{"team", "x"}}};
  const auto firing = commands::drift_alerts(result_of(Verdict::drift), options, now);
  REQUIRE(firing.size() == 2);
  CHECK(firing[0].labels.at("severity") == "critical");
  CHECK(firing[0].ends == now + Milliseconds{60'000});
  CHECK(firing[0].labels.at("team") == "x");
  CHECK(firing[1].ends == now);
  const auto fine = commands::drift_alerts(result_of(Verdict::ok), options, now);
  // The identity is the label set: what fires now must be what is resolved later.
  CHECK(fine[0].labels == firing[0].labels);
  CHECK(fine[0].ends == now);
  CHECK(fine[1].ends == now);
  CHECK(commands::drift_alerts(result_of(Verdict::insufficient), options, now).empty());
}

TEST_CASE("a message names check, verdict and the worst features") {
  const auto message = commands::drift_message(result_of(Verdict::drift), "https://ci/r.html");
  CHECK(message.title == "Drift (high) in churn");
  REQUIRE(message.lines.size() == 2);
  CHECK(message.lines[0].starts_with("a|b <!channel>: ks 0.25"));
  CHECK(slack_json(message).find("<!channel>") == std::string::npos);
  const auto json =
      nlohmann::json::parse(commands::drift_webhook_json(result_of(Verdict::drift), ""));
  CHECK(json["schema"] == "mlopsctl.drift.message/1");
  CHECK(json["verdict"] == "drift");
  CHECK(json["features"][0]["name"] == "a|b <!channel>");
  CHECK(json["report"].is_null());
}

TEST_CASE("the page has verdict, findings with the worst first, and every feature") {
  DriftResult result = result_of(Verdict::drift);
  result.findings.insert(result.findings.begin(),
                         {drift::FindingKind::schema, "", "column d is new", false});
  const ComparisonPage page = commands::drift_page(result);
  CHECK(page.verdict == "drift");
  CHECK(page.tone == Tone::bad);
  CHECK(page.features.size() == 3);
  CHECK(page.features[0].distance == 0.25);
  CHECK(page.features[0].reference.rows == 1000);
  CHECK(page.features[2].tone == Tone::unknown);
  CHECK(page.remarks[0].feature == "b");
}
