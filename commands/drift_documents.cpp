// JUnit and Markdown of a drift check, and the words that its documents share.
#include "commands/drift_documents.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::commands {

namespace {

using drift::DriftResult;
using drift::FeatureResult;
using drift::TestOutcome;
using drift::Verdict;

constexpr std::size_t markdown_features = 20;
constexpr std::size_t markdown_findings = 20;
constexpr std::size_t markdown_name = 120;

std::string p_text(double p) { return p == 0 ? "< 1e-300" : fmt::format("{:.2g}", p); }

std::string number_or_dash(double value) {
  return std::isnan(value) ? std::string("–") : fmt::format("{:.3g}", value);
}

std::string outcome_text(const TestOutcome& test) {
  if (test.below && test.p) {
    return fmt::format("{} {:.3g}, p {} (drift if < {:.3g})", test.test, test.statistic,
                       p_text(*test.p), test.threshold);
  }
  return fmt::format("{} {:.3g} (drift if >= {:.3g})", test.test, test.statistic, test.threshold);
}

JUnitCase case_of(const FeatureResult& feature, bool data_drifted) {
  JUnitCase one{.class_name = "drift.features", .name = feature.name};
  for (const auto& test : feature.tests) one.details += outcome_text(test) + "\n";
  for (const auto& warning : feature.warnings) one.details += warning + "\n";
  switch (feature.verdict) {
    case Verdict::ok:
      break;
    case Verdict::drift:
      if (data_drifted) {
        one.outcome = JUnitOutcome::failed;
        one.message = drift_why(feature);
      } else {
        one.details.insert(0, "drifted, but the data as a whole did not\n");
      }
      break;
    case Verdict::failed:
      one.outcome = JUnitOutcome::error;
      one.message = feature.warnings.empty() ? "failed" : feature.warnings.front();
      break;
    case Verdict::insufficient:
    case Verdict::no_data:
    case Verdict::not_tested:
      one.outcome = JUnitOutcome::skipped;
      one.message = to_string(feature.verdict);
      break;
  }
  return one;
}

JUnitCase verdict_case(const DriftResult& result) {
  JUnitCase one{.class_name = "drift", .name = "verdict", .message = result.reason};
  if (result.verdict == Verdict::drift) {
    one.outcome = JUnitOutcome::failed;
  } else if (result.verdict == Verdict::failed) {
    one.outcome = JUnitOutcome::error;
  } else if (!has_answer(result.verdict)) {
    one.outcome = JUnitOutcome::skipped;
  } else {
    one.details = result.reason;
  }
  return one;
}

std::string_view sign_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "\xe2\x9c\x85";
    case Verdict::drift:
      return "\xf0\x9f\x94\xb4";
    case Verdict::insufficient:
    case Verdict::no_data:
    case Verdict::not_tested:
    case Verdict::failed:
      break;
  }
  return "\xe2\x9a\xaa";
}

std::string feature_rows(const DriftResult& result) {
  const std::vector<MarkdownColumn> columns{{"Feature"},   {"Verdict"}, {"Moved", true},
                                            {"PSI", true}, {"Test"},    {"Statistic", true},
                                            {"p", true}};
  std::vector<std::vector<std::string>> rows;
  for (const auto& feature : result.features) {
    if (rows.size() == markdown_features) break;
    const auto* test = feature.tests.empty() ? nullptr : &feature.tests.front();
    rows.push_back(
        {markdown_code(shortened(valid_utf8(feature.name), markdown_name)),
         feature.verdict == Verdict::drift ? "**drift**" : std::string(to_string(feature.verdict)),
         std::isnan(feature.effect_size) ? "–" : fmt::format("{:.1f} %", 100 * feature.effect_size),
         number_or_dash(feature.psi), test ? markdown_text(test->test) : "–",
         test ? number_or_dash(test->statistic) : "–", test && test->p ? p_text(*test->p) : "–"});
  }
  return markdown_table(columns, rows);
}

}  // namespace

bool has_answer(Verdict verdict) { return verdict == Verdict::ok || verdict == Verdict::drift; }

std::string drift_headline(const DriftResult& result) {
  std::string verdict(to_string(result.verdict));
  if (result.verdict != Verdict::drift) return verdict;
  return fmt::format("{} ({})", verdict, to_string(result.severity));
}

std::string drift_why(const FeatureResult& feature) {
  std::string text;
  for (const auto& test : feature.tests) {
    if (!test.decides || !test.drifted) continue;
    text += text.empty() ? "" : "; ";
    text += outcome_text(test);
  }
  if (text.empty() && !feature.tests.empty()) text = outcome_text(feature.tests.front());
  return text;
}

JUnitSuite drift_junit(const DriftResult& result) {
  JUnitSuite suite{.name = "drift " + result.name, .started = result.checked_at};
  suite.properties = {{"verdict", std::string(to_string(result.verdict))},
                      {"severity", std::string(to_string(result.severity))},
                      {"preset", result.preset},
                      {"correction", result.correction},
                      {"reference", result.reference_source},
                      {"current", result.current_source}};
  const bool drifted = result.verdict == Verdict::drift;
  suite.cases.push_back(verdict_case(result));
  for (const auto& test : result.data_set_tests) {
    JUnitCase one{.class_name = "drift.data", .name = test.test};
    one.details = fmt::format("{:.6g}{}, threshold {:.3g}", test.statistic,
                              test.p ? ", p " + p_text(*test.p) : "", test.threshold);
    if (test.drifted && drifted) {
      one.outcome = JUnitOutcome::failed;
      one.message = one.details;
    }
    suite.cases.push_back(std::move(one));
  }
  for (const auto& finding : result.findings) {
    JUnitCase one{.class_name = "drift.findings",
                  .name = finding.feature.empty()
                              ? std::string(to_string(finding.kind))
                              : fmt::format("{}: {}", to_string(finding.kind), finding.feature),
                  .details = finding.message};
    if (finding.drift && drifted) {
      one.outcome = JUnitOutcome::failed;
      one.message = finding.message;
    }
    suite.cases.push_back(std::move(one));
  }
  for (const auto& feature : result.features) suite.cases.push_back(case_of(feature, drifted));
  return suite;
}

std::string drift_markdown(const DriftResult& result) {
  std::string text = fmt::format("## {} Drift: {} in {}\n\n{}\n\n", sign_of(result.verdict),
                                 markdown_text(drift_headline(result)),
                                 markdown_code(shortened(valid_utf8(result.name), markdown_name)),
                                 markdown_text(result.reason));
  text +=
      fmt::format("{} of {} features drifted · {} → {} rows · preset {} · {}\n",
                  result.drifted_features, result.tested_features, result.reference_rows,
                  result.current_rows, markdown_text(result.preset), to_rfc3339(result.checked_at));
  if (!result.findings.empty()) text += "\n### Findings\n\n";
  for (std::size_t i = 0; i < std::min(result.findings.size(), markdown_findings); ++i) {
    const auto& finding = result.findings[i];
    const std::string feature =
        finding.feature.empty()
            ? std::string()
            : markdown_code(shortened(valid_utf8(finding.feature), markdown_name)) + ": ";
    text += fmt::format("- **{}** {}{}\n", to_string(finding.kind), feature,
                        markdown_text(finding.message));
  }
  if (result.findings.size() > markdown_findings) {
    text += fmt::format("- … and {} more\n", result.findings.size() - markdown_findings);
  }
  if (result.features.empty()) return text;
  text += fmt::format("\n### Features, worst first\n\n{}", feature_rows(result));
  if (result.features.size() > markdown_features) {
    text += fmt::format("\n… and {} more\n", result.features.size() - markdown_features);
  }
  return text;
}

}  // namespace mlopsctl::commands
