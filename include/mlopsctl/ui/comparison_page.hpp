// A self-contained HTML page that lays two samples of many features side by side: a verdict, a
// table with the worst first, and for each feature both distributions, both distribution functions
// and the value over time. Rendering only: whoever compares fills the structs.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/ui/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl {

// How a verdict is coloured: green, amber, red, grey.
enum class Tone { good, warning, bad, unknown };

struct PageFact {
  std::string label;
  std::string text;
};

// Something worth knowing beside the numbers. `feature` is a name in the table or empty.
struct PageRemark {
  Severity severity = Severity::note;
  std::string kind;
  std::string feature;
  std::string message;
};

// One test: `value` is what the threshold is compared with, a p-value or a distance.
struct ComparedTest {
  std::string name;
  double statistic = 0;
  std::optional<double> p;
  double threshold = 0;
  bool below = false;  // bad if below the threshold, else if at least it
  bool bad = false;
  bool decides = false;  // else it is shown only
};

// One sample of a feature; everything behind `missing` is of numbers only.
struct ComparedSide {
  std::uint64_t rows = 0;
  std::uint64_t missing = 0;
  std::optional<double> mean, deviation, min, max;
};

// Both distribution functions at x: shares of values <= x.
struct ComparedStep {
  double x = 0;
  double reference = 0;
  double current = 0;
};

struct ComparedSlice {
  bool reference = false;  // of the reference, else of the current sample
  Timestamp from{};
  std::uint64_t rows = 0;
  double mean = 0;
};

struct ComparedFeature {
  std::string name;
  std::string kind;     // "real", "category", …
  std::string verdict;  // "drift", "ok", …
  Tone tone = Tone::good;
  double effect = 0;  // worst first; 1 is where a feature becomes bad
  double psi = 0;     // NaN: none
  int direction = 0;  // +1: the current sample is larger, -1: smaller, 0: neither or no order
  ComparedSide reference, current;
  std::vector<ComparedTest> tests;  // the deciding one first

  // A histogram on the same bins: `labels` of categories, else `edges` (bins + 1), then the counts.
  std::vector<double> edges;
  std::vector<std::string> labels;
  std::vector<std::uint64_t> reference_counts, current_counts;

  std::vector<ComparedStep> steps;  // ascending x; may be empty
  std::optional<double> distance;   // the largest gap of the two functions, and where it is
  double distance_at = 0;
  std::vector<ComparedSlice> over_time;  // ascending for each sample; may be empty
  std::vector<std::string> warnings;
};

// How many features a test finds.
struct ComparedTally {
  std::string test;
  std::uint64_t tested = 0, bad = 0, bad_corrected = 0;
  std::optional<double> expected_by_chance;  // in data without a difference
};

struct ComparisonPage {
  std::string title;
  std::string verdict;  // one word or two
  Tone tone = Tone::good;
  std::string reason;           // a sentence
  std::vector<PageFact> tiles;  // the few numbers that are shown large
  std::vector<PageFact> facts;  // the rest: sources, sizes, settings
  std::uint64_t bad_features = 0, tested_features = 0;
  double bad_share_limit = 0;  // the line in the picture of the share; 0: none
  std::vector<PageRemark> remarks;
  std::vector<ComparedTally> tallies;
  std::vector<ComparedTest> whole_tests;  // of all features together
  std::vector<ComparedFeature> features;  // worst first
};

// The page as bytes. Names may hold anything: what is not UTF-8 becomes U+FFFD, markup is inert.
// Pictures are thinned as far as the budget asks for; where even that does not suffice, only the
// first features keep theirs and the page says so.
struct ComparisonPageOptions {
  std::size_t budget = 950'000;  // bytes
};
std::string html_comparison(const ComparisonPage& page, const ComparisonPageOptions& options = {});

}  // namespace mlopsctl
