#include "drift/judge.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl::drift {

namespace {

bool was_tested(const FeatureResult& feature) {
  return feature.verdict == Verdict::ok || feature.verdict == Verdict::drift;
}

// All outcomes of one test over the features that have enough rows.
using Outcomes = std::map<std::string, std::vector<TestOutcome*>>;

Outcomes outcomes_of(DriftResult& result) {
  Outcomes outcomes;
  for (auto& feature : result.features) {
    if (!was_tested(feature)) continue;
    for (auto& test : feature.tests) outcomes[test.test].push_back(&test);
  }
  return outcomes;
}

// p-values are corrected over all features that one test was run on.
void correct(Outcomes& outcomes, Correction asked) {
  const Correction correction = asked == Correction::none ? Correction::benjamini_hochberg : asked;
  for (auto& [name, tests] : outcomes) {
    if (!tests.front()->below) continue;
    std::vector<double> p;
    for (const auto* test : tests) p.push_back(test->p.value_or(std::nan("")));
    const auto found = rejected(p, tests.front()->threshold, correction);
    for (std::size_t i = 0; i < tests.size(); ++i) tests[i]->drifted_corrected = found[i];
  }
}

std::vector<TestTally> tallies_of(const Outcomes& outcomes) {
  std::vector<TestTally> tallies;
  for (const auto& [name, tests] : outcomes) {
    TestTally tally{.test = name, .tested = tests.size()};
    for (const auto* test : tests) {
      tally.drifted += test->drifted ? 1U : 0U;
      tally.drifted_corrected += test->drifted_corrected ? 1U : 0U;
    }
    if (tests.front()->below) {
      tally.expected_by_chance = static_cast<double>(tests.size()) * tests.front()->threshold;
    }
    tallies.push_back(std::move(tally));
  }
  // The deciding tests first.
  std::stable_partition(tallies.begin(), tallies.end(), [&](const TestTally& tally) {
    return outcomes.at(tally.test).front()->decides;
  });
  return tallies;
}

void judge_feature(FeatureResult& feature, const Settings& settings) {
  bool drifted = false;
  for (const auto& test : feature.tests) {
    const bool by_test =
        settings.correction == Correction::none ? test.drifted : test.drifted_corrected;
    drifted = drifted || (test.decides && by_test);
    const double size = test.below ? feature.effect_size / settings.min_effect.value_or(0.1)
                                   : test.statistic / test.threshold;
    if (test.decides && std::isfinite(size)) feature.effect = std::max(feature.effect, size);
  }
  if (settings.min_effect && !(feature.effect_size >= *settings.min_effect)) drifted = false;
  if (was_tested(feature)) feature.verdict = drifted ? Verdict::drift : Verdict::ok;
}

int rank(Verdict verdict) {
  switch (verdict) {
    case Verdict::drift:
      return 0;
    case Verdict::failed:
      return 1;
    case Verdict::not_tested:
      return 2;
    case Verdict::ok:
      return 3;
    case Verdict::insufficient:
      return 4;
    case Verdict::no_data:
      return 5;
  }
  return 5;
}

void sum_up(DriftResult& result, const Settings& settings) {
  double severe = std::nan("");
  for (const auto& feature : result.features) {
    if (was_tested(feature)) ++result.tested_features;
    if (feature.verdict == Verdict::drift) ++result.drifted_features;
    if (!std::isnan(feature.psi) &&
        (result.max_psi_feature.empty() || feature.psi > result.max_psi)) {
      result.max_psi = feature.psi;
      result.max_psi_feature = feature.name;
    }
    if (!std::isnan(feature.effect_size) &&
        (result.max_effect_feature.empty() || feature.effect_size > result.max_effect_size)) {
      result.max_effect_size = feature.effect_size;
      result.max_effect_feature = feature.name;
    }
    const bool counts =
        settings.severity_of_all ? was_tested(feature) : feature.verdict == Verdict::drift;
    if (counts && !std::isnan(feature.psi)) severe = std::fmax(severe, feature.psi);
  }
  result.severity = std::isnan(severe) ? Severity::low : severity_of(severe);
}

// "38 of 768 features drifted (ks 38, about 38 by chance; 0 after benjamini-hochberg)"
std::string reason_of_features(const DriftResult& result, const Settings& settings) {
  std::string text =
      fmt::format("{} of {} features drifted", result.drifted_features, result.tested_features);
  std::vector<std::string> parts;
  for (const auto& tally : result.tallies) {
    if (!tally.expected_by_chance || settings.correction != Correction::none) continue;
    parts.push_back(
        fmt::format("{} by {}, where about {} are found by chance and {} are left after "
                    "Benjamini-Hochberg",
                    tally.drifted, tally.test, human_number(*tally.expected_by_chance),
                    tally.drifted_corrected));
  }
  // With a single feature there is nothing to correct.
  if (result.tested_features > 1 && !parts.empty()) text += ": " + join(parts, "; ");
  return text;
}

// No feature could be tested.
void explain_no_test(DriftResult& result) {
  const auto any = [&](Verdict verdict) {
    return std::ranges::any_of(
        result.features, [&](const FeatureResult& feature) { return feature.verdict == verdict; });
  };
  if (result.features.empty()) {
    result.verdict = Verdict::no_data;
    result.reason = "there is no feature to compare";
  } else if (any(Verdict::not_tested)) {
    result.verdict = Verdict::not_tested;
    result.reason = "the tests that were asked for can be applied to no feature";
  } else if (any(Verdict::insufficient)) {
    result.verdict = Verdict::insufficient;
    result.reason = "no feature has enough rows on both sides";
  } else if (any(Verdict::failed)) {
    result.verdict = Verdict::failed;
    result.reason = "no feature has values of the same kind on both sides";
  } else {
    result.verdict = Verdict::no_data;
    result.reason = "no feature has values on both sides";
  }
}

void judge_data(DriftResult& result, const Settings& settings) {
  const bool by_share =
      result.drifted_features > 0 &&
      static_cast<double>(result.drifted_features) >=
          settings.share * static_cast<double>(std::max<std::uint64_t>(result.tested_features, 1));
  std::vector<std::string> reasons;
  if (by_share) reasons.push_back(reason_of_features(result, settings));
  for (const auto& test : result.data_set_tests) {
    if (test.drifted) {
      reasons.push_back(fmt::format("{} is {}", test.test, human_number(test.statistic)));
    }
  }
  for (const auto& finding : result.findings) {
    if (!finding.drift) continue;
    const std::string& name = finding.feature;
    reasons.push_back(name.empty() ? finding.message
                                   : fmt::format("{}: {}", name, finding.message));
  }
  if (!reasons.empty()) {
    result.verdict = Verdict::drift;
    constexpr std::size_t most = 3;
    const std::size_t more = reasons.size() > most ? reasons.size() - most : 0;
    if (more > 0) reasons.resize(most);
    result.reason = join(reasons, "; ");
    if (more > 0) result.reason += fmt::format("; and {} more", more);
    return;
  }
  if (result.tested_features == 0) {
    explain_no_test(result);
    return;
  }
  result.verdict = Verdict::ok;
  result.reason = reason_of_features(result, settings);
  if (result.drifted_features > 0) {
    result.reason += fmt::format(", less than the share of {}", human_number(settings.share));
  }
}

}  // namespace

Severity severity_of(double psi) {
  return psi >= 0.2 ? Severity::high : psi >= 0.1 ? Severity::medium : Severity::low;
}

void judge(DriftResult& result, const AnalysisOptions& options, const Settings& settings) {
  result.name = options.name;
  result.preset = settings.preset;
  result.correction = to_string(settings.correction);
  result.alpha = settings.alpha;
  result.share_threshold = settings.share;
  result.min_effect = settings.min_effect;
  Outcomes outcomes = outcomes_of(result);
  correct(outcomes, settings.correction);
  result.tallies = tallies_of(outcomes);
  for (auto& feature : result.features) judge_feature(feature, settings);
  sum_up(result, settings);
  judge_data(result, settings);
  std::ranges::stable_sort(result.features, [](const FeatureResult& a, const FeatureResult& b) {
    if (rank(a.verdict) != rank(b.verdict)) return rank(a.verdict) < rank(b.verdict);
    return a.effect > b.effect;
  });
}

}  // namespace mlopsctl::drift
