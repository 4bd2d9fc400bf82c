#include "drift/test_catalogue.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::drift {

namespace {

constexpr std::array<NamedText, 4> preset_list{{
    {"spec", "KS p < 0.05 or PSI >= 0.1 of any feature; the default for matrices"},
    {"balanced",
     "p < 0.05 after Benjamini-Hochberg and an effect size >= 0.1; the default for tables"},
    {"evidently", "Evidently's tests and thresholds; drift if half of the features drifted"},
    {"nannyml", "thresholds from the reference's own chunks: mean + 3 standard deviations"},
}};

constexpr std::array<TestDefinition, 22> definitions{{
    {"ks", "two-sample Kolmogorov-Smirnov", true, false, true, 0, true},
    {"psi", "population stability index, 10 equal-width bins over both; categories", true, true,
     false, 0.1, false},
    {"psi-quantile", "the same on 10 quantile bins of the reference", true, false, false, 0.1,
     false},
    {"jensen-shannon", "Jensen-Shannon distance, natural logarithm", true, true, false, 0.1, true},
    {"jensen-shannon-2", "Jensen-Shannon distance, base 2: 0 to 1", true, true, false, 0.1, true},
    {"kullback-leibler", "divergence of the current data from the reference", true, true, false,
     0.1, false},
    {"hellinger", "Hellinger distance", true, true, false, 0.1, true},
    {"total-variation", "share of the data that would have to move between bins", true, true, false,
     0.1, true},
    {"l-infinity", "largest difference of the share of one bin", true, true, false, 0.1, true},
    {"wasserstein", "earth mover's distance in the feature's unit; needs --threshold", true, false,
     false, std::numeric_limits<double>::quiet_NaN(), false},
    {"wasserstein-normed", "the same in standard deviations of the reference", true, false, false,
     0.1, false},
    {"energy", "energy distance in the square root of the feature's unit", true, false, false, 0.1,
     false},
    {"cramer-von-mises", "Cramér-von Mises", true, false, true, 0, false},
    {"anderson-darling", "k-sample Anderson-Darling, p between 0.001 and 0.25", true, false, true,
     0, false},
    {"mann-whitney", "Mann-Whitney U, two-sided", true, false, true, 0, false},
    {"t-test", "Student's t of the means, Welch's variance", true, false, true, 0, false},
    {"epps-singleton", "Epps-Singleton on characteristic functions", true, false, true, 0, false},
    {"chi-square", "chi-square of homogeneity; numbers with at most 50 distinct values", true, true,
     true, 0, false},
    {"g-test", "log-likelihood ratio of homogeneity; as chi-square", true, true, true, 0, false},
    {"z", "difference of two shares; two distinct values", true, true, true, 0, false},
    {"fisher", "Fisher's exact test; two distinct values", true, true, true, 0, false},
    {"goodness-of-fit", "chi-square against the reference's shares; as chi-square", true, true,
     true, 0, false},
}};

constexpr auto test_texts = [] {
  std::array<NamedText, definitions.size()> texts{};
  for (std::size_t i = 0; i < texts.size(); ++i)
    texts[i] = {definitions[i].name, definitions[i].text};
  return texts;
}();

constexpr std::array<NamedText, 4> data_set_list{{
    {"mmd", "maximum mean discrepancy, Gaussian kernel, permutation p"},
    {"mean-distance", "Euclidean distance between the mean vectors, permutation p"},
    {"share-of-components",
     "more than 0.2 of the components with a normed Wasserstein distance >= 0.1"},
    {"domain-classifier", "a linear classifier tells the two apart, ROC AUC > 0.55"},
}};

[[noreturn]] void unknown(std::string_view what, std::string_view name,
                          std::span<const NamedText> known) {
  std::vector<std::string> names;
  for (const auto& one : known) names.emplace_back(one.name);
  const auto near = closest(name, names);
  throw Error(ErrorKind::usage, fmt::format("there is no {} {}", what, quote(name)),
              near ? fmt::format("did you mean '{}'?", *near)
                   : fmt::format("there are: {}", join(names, ", ")));
}

const TestDefinition* find_definition(std::string_view name) {
  const auto* found = std::ranges::find(definitions, name, &TestDefinition::name);
  return found == definitions.end() ? nullptr : found;
}

void check_share(std::string_view option, std::optional<double> value) {
  if (value && !(*value >= 0 && *value <= 1)) {
    throw Error(ErrorKind::usage, fmt::format("--{} needs a number from 0 to 1", option));
  }
}

Settings preset_settings(const std::string& preset) {
  if (preset == "spec") return {.preset = preset, .severity_of_all = true};
  if (preset == "balanced") {
    return {.preset = preset,
            .correction = Correction::benjamini_hochberg,
            .min_effect = 0.1,
            .findings_are_drift = true};
  }
  if (preset == "evidently") return {.preset = preset, .dialect = Dialect::evidently, .share = 0.5};
  if (preset == "nannyml") return {.preset = preset, .dialect = Dialect::nannyml};
  unknown("preset", preset, presets());
}

Rule rule_of(const TestDefinition& definition, Dialect dialect) {
  if (!definition.p_value || dialect == Dialect::nannyml) {
    return dialect == Dialect::evidently && definition.name == "energy" ? Rule::above
                                                                        : Rule::at_least;
  }
  const bool at_most = dialect == Dialect::evidently &&
                       (definition.name == "ks" || definition.name == "cramer-von-mises");
  return at_most ? Rule::p_at_most : Rule::p_below;
}

double default_threshold(const TestDefinition& definition, const Settings& settings) {
  if (settings.dialect == Dialect::nannyml) return std::nan("");  // from the chunks
  if (!definition.p_value) return definition.threshold;
  // drift.md §1.6: these three are looser in Evidently.
  const bool loose = settings.dialect == Dialect::evidently &&
                     (definition.name == "cramer-von-mises" ||
                      definition.name == "anderson-darling" || definition.name == "fisher");
  return loose ? 0.1 : settings.alpha;
}

// drift.md §1.6, the table of default tests.
std::string_view evidently_default(const FeatureFacts& facts) {
  const bool large = facts.reference_rows > 1000;
  if (!facts.categorical && facts.distinct > 5) return large ? "wasserstein-normed" : "ks";
  if (large) return "jensen-shannon";
  return facts.distinct <= 2 ? "z" : "goodness-of-fit";
}

}  // namespace

std::span<const NamedText> presets() { return preset_list; }
std::span<const NamedText> feature_tests() { return test_texts; }
std::span<const NamedText> data_set_tests() { return data_set_list; }

const TestDefinition& test_definition(std::string_view name) {
  if (const auto* found = find_definition(name)) return *found;
  unknown("test", name, feature_tests());
}

std::string_view to_string(Correction correction) {
  switch (correction) {
    case Correction::none:
      return "none";
    case Correction::bonferroni:
      return "bonferroni";
    case Correction::benjamini_hochberg:
      return "benjamini-hochberg";
  }
  return "none";
}

Settings settings_of(const AnalysisOptions& options, bool matrix) {
  const std::string preset =
      options.preset.empty() ? (matrix ? "spec" : "balanced") : options.preset;
  Settings settings = preset_settings(preset);
  if (options.alpha && !(*options.alpha > 0 && *options.alpha < 1)) {
    throw Error(ErrorKind::usage, "--alpha needs a number between 0 and 1");
  }
  check_share("min-effect", options.min_effect);
  check_share("share", options.share);
  check_share("missing-change", options.missing_change);
  if (options.alpha) settings.alpha = *options.alpha;
  if (options.correction) settings.correction = *options.correction;
  if (options.min_effect) settings.min_effect = options.min_effect;
  if (options.share) settings.share = *options.share;
  if (options.findings_are_drift) settings.findings_are_drift = *options.findings_are_drift;
  for (const auto& test : options.tests) {
    const auto& definition = test_definition(test);
    const bool given = std::ranges::any_of(options.thresholds,
                                           [&](const auto& pair) { return pair.first == test; });
    if (std::isnan(definition.threshold) && !given && settings.dialect == Dialect::own) {
      throw Error(
          ErrorKind::usage,
          fmt::format("the test {} has no usual threshold: it is in the feature's unit", test),
          fmt::format("give one with --threshold {}=VALUE, or take wasserstein-normed", test));
    }
  }
  for (const auto& [test, value] : options.thresholds) {
    const auto whole = std::ranges::find(data_set_list, test, &NamedText::name);
    if (whole == data_set_list.end()) test_definition(test);
    if (!std::isfinite(value) || value < 0) {
      throw Error(ErrorKind::usage, fmt::format("the threshold of {} needs a number from 0", test));
    }
  }
  for (const auto& test : options.data_set_tests) {
    if (std::ranges::find(data_set_list, test, &NamedText::name) == data_set_list.end()) {
      unknown("test of whole data sets", test, data_set_tests());
    }
  }
  return settings;
}

std::vector<PlannedTest> planned_tests(const AnalysisOptions& options, const Settings& settings,
                                       const FeatureFacts& facts) {
  std::vector<std::pair<std::string_view, bool>> names;  // and whether it decides
  for (const auto& test : options.tests) names.emplace_back(test, true);
  if (names.empty()) {
    if (settings.dialect == Dialect::evidently) {
      names.emplace_back(evidently_default(facts), true);
    } else if (settings.dialect == Dialect::nannyml) {
      names.emplace_back("jensen-shannon-2", true);
    } else {
      names.emplace_back(facts.categorical ? "chi-square" : "ks", true);
      names.emplace_back("psi", settings.preset == "spec");
    }
  }
  std::vector<PlannedTest> tests;
  for (const auto& [name, decides] : names) {
    const TestDefinition& definition = test_definition(name);
    if (facts.categorical ? !definition.categories : !definition.numbers) continue;
    PlannedTest test{.definition = &definition,
                     .rule = rule_of(definition, settings.dialect),
                     .threshold = default_threshold(definition, settings),
                     .decides = decides};
    for (const auto& [other, value] : options.thresholds) {
      if (other == name) test.threshold = value;
    }
    tests.push_back(test);
  }
  return tests;
}

bool drifts(const PlannedTest& test, double statistic, std::optional<double> p) {
  switch (test.rule) {
    case Rule::p_below:
      return p && *p < test.threshold;
    case Rule::p_at_most:
      return p && *p <= test.threshold;
    case Rule::at_least:
      return statistic >= test.threshold;
    case Rule::above:
      return statistic > test.threshold;
  }
  return false;
}

}  // namespace mlopsctl::drift
