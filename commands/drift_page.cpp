// The HTML page of a drift check.
#include "mlopsctl/base/text.hpp"

#include "commands/drift_documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using drift::DriftResult;
using drift::FeatureResult;
using drift::Verdict;

Tone tone_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return Tone::good;
    case Verdict::drift:
      return Tone::bad;
    case Verdict::failed:
      return Tone::warning;
    case Verdict::insufficient:
    case Verdict::no_data:
    case Verdict::not_tested:
      break;
  }
  return Tone::unknown;
}

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string minute_text(Timestamp time) {
  std::string text = to_rfc3339(time).substr(0, 16);
  std::ranges::replace(text, 'T', ' ');
  return text + " UTC";
}

ComparedSide side_of(std::uint64_t rows, std::uint64_t missing, const ColumnMoments& moments,
                     bool numbers) {
  ComparedSide side{.rows = rows, .missing = missing};
  if (!numbers || moments.finite == 0) return side;
  side.mean = moments.mean;
  side.deviation = std::sqrt(moments.variance);
  side.min = moments.min;
  side.max = moments.max;
  return side;
}

ComparedFeature feature_of(const FeatureResult& from) {
  const bool numbers = from.kind != drift::ColumnKind::category;
  ComparedFeature feature{.name = from.name,
                          .kind = std::string(to_string(from.kind)),
                          .verdict = std::string(to_string(from.verdict)),
                          .tone = tone_of(from.verdict),
                          .effect = from.effect,
                          .psi = from.psi,
                          .direction = from.direction};
  feature.reference = side_of(from.reference_rows, from.reference_missing, from.reference, numbers);
  feature.current = side_of(from.current_rows, from.current_missing, from.current, numbers);
  for (const auto& test : from.tests) {
    feature.tests.push_back({test.test, test.statistic, test.p, test.threshold, test.below,
                             test.drifted, test.decides});
  }
  feature.edges = from.distribution.edges;
  feature.labels = from.distribution.labels;
  feature.reference_counts = from.distribution.reference;
  feature.current_counts = from.distribution.current;
  for (const auto& point : from.ecdf) {
    feature.steps.push_back({point.x, point.reference, point.current});
  }
  if (numbers && !std::isnan(from.effect_size)) {
    feature.distance = from.effect_size;
    feature.distance_at = from.location;
  }
  for (const auto& slice : from.over_time) {
    feature.over_time.push_back({slice.reference, slice.from, slice.rows, slice.mean});
  }
  feature.warnings = from.warnings;
  return feature;
}

std::vector<PageFact> tiles_of(const DriftResult& result) {
  std::vector<PageFact> tiles{
      {"Drifted features",
       fmt::format("{} of {}", grouped(result.drifted_features), grouped(result.tested_features))},
      {"Severity", std::string(to_string(result.severity))}};
  if (!result.max_psi_feature.empty()) {
    tiles.push_back({"Largest PSI", fmt::format("{:.3g}", result.max_psi)});
  }
  if (!result.max_effect_feature.empty()) {
    tiles.push_back({"Moved most", fmt::format("{:.3g} %", 100 * result.max_effect_size)});
  }
  tiles.push_back({"Rows", fmt::format("{} \xe2\x86\x92 {}", grouped(result.reference_rows),
                                       grouped(result.current_rows))});
  return tiles;
}

std::vector<PageFact> facts_of(const DriftResult& result) {
  std::vector<PageFact> facts{
      {"Reference", result.reference_source},      {"Current", result.current_source},
      {"Checked", minute_text(result.checked_at)}, {"Preset", result.preset},
      {"Correction", result.correction},           {"Alpha", number_text(result.alpha)}};
  if (result.min_effect) facts.push_back({"Least effect", number_text(*result.min_effect)});
  if (result.share_threshold > 0) {
    facts.push_back({"Drift of the data", fmt::format("if {:.3g} % of the features drifted",
                                                      100 * result.share_threshold)});
  }
  if (result.window_from && result.window_to) {
    facts.push_back({"Window", fmt::format("{} to {}", minute_text(*result.window_from),
                                           minute_text(*result.window_to))});
  }
  if (!result.max_psi_feature.empty()) facts.push_back({"Largest PSI in", result.max_psi_feature});
  if (!result.backend.empty()) facts.push_back({"Computed on", result.backend});
  if (!result.run_id.empty()) facts.push_back({"Recorded as run", result.run_id});
  return facts;
}

}  // namespace

ComparisonPage drift_page(const DriftResult& result) {
  ComparisonPage page{.title = result.name,
                      .verdict = std::string(to_string(result.verdict)),
                      .tone = tone_of(result.verdict),
                      .reason = result.reason};
  page.tiles = tiles_of(result);
  page.facts = facts_of(result);
  page.bad_features = result.drifted_features;
  page.tested_features = result.tested_features;
  page.bad_share_limit = result.share_threshold;
  for (const auto& finding : result.findings) {
    const Severity severity = finding.drift                                    ? Severity::bad
                              : finding.kind == drift::FindingKind::misleading ? Severity::warning
                                                                               : Severity::note;
    page.remarks.push_back(
        {severity, std::string(to_string(finding.kind)), finding.feature, finding.message});
  }
  std::ranges::stable_sort(page.remarks, std::ranges::greater{}, &PageRemark::severity);
  for (const auto& tally : result.tallies) {
    page.tallies.push_back({tally.test, tally.tested, tally.drifted, tally.drifted_corrected,
                            tally.expected_by_chance});
  }
  for (const auto& test : result.data_set_tests) {
    page.whole_tests.push_back({test.test, test.statistic, test.p, test.threshold,
                                test.p.has_value(), test.drifted, true});
  }
  for (const auto& feature : result.features) page.features.push_back(feature_of(feature));
  return page;
}

}  // namespace mlopsctl::commands
