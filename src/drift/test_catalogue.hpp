// The tests by name: what they apply to, what they compare and from where on they mean drift.
#pragma once

#include "mlopsctl/drift/analysis.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

// Whose definition of a test is meant: PSI, Kullback-Leibler, … differ between tools.
enum class Dialect { own, evidently, nannyml };

enum class Rule { p_below, p_at_most, at_least, above };

struct TestDefinition {
  std::string_view name;
  std::string_view text;
  bool numbers = false;
  bool categories = false;
  bool p_value = false;       // the p-value is compared, else the statistic
  double threshold = 0;       // of the statistic; p-values are compared with alpha
  bool bounded_by_1 = false;  // the statistic, for thresholds made from chunks
};

// Throws Error{usage} with a suggestion.
const TestDefinition& test_definition(std::string_view name);

// One test as it is to be applied to one feature.
struct PlannedTest {
  const TestDefinition* definition = nullptr;
  Rule rule = Rule::p_below;
  double threshold = 0;
  bool decides = false;
};

// What a plan depends on.
struct FeatureFacts {
  bool categorical = false;
  std::uint64_t reference_rows = 0;  // not missing
  std::uint64_t distinct = 0;        // over both sides; may be cut off above 50
};

// The preset with everything that was given instead of its defaults.
struct Settings {
  std::string preset;
  Dialect dialect = Dialect::own;
  double alpha = 0.05;
  Correction correction = Correction::none;
  std::optional<double> min_effect;
  double share = 0;
  bool findings_are_drift = false;
  bool severity_of_all = false;  // by the largest PSI of all features, else of those that drifted
};

// Throws Error{usage}: unknown presets, tests and thresholds, numbers out of range.
Settings settings_of(const AnalysisOptions& options, bool matrix);
std::vector<PlannedTest> planned_tests(const AnalysisOptions& options, const Settings& settings,
                                       const FeatureFacts& facts);

bool drifts(const PlannedTest& test, double statistic, std::optional<double> p);
std::string_view to_string(Correction correction);

}  // namespace mlopsctl::drift
