// Is the canary worse than the stable version was in the same minutes?
#pragma once

#include "mlopsctl/deploy/analysis.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mlopsctl {

// One result a test that was asked for; hold while a side has too few requests.
std::vector<GateResult> compare_with_stable(MetricSource& source, const ComparisonGate& gate,
                                            const AnalysisSubject& subject,
                                            const std::string& window);

// Counts of the classes of a cumulative histogram on both sides, in ascending order of `le`;
// classes that one side lacks are empty there.
struct TwoHistograms {
  std::vector<std::uint64_t> stable, canary;
};
using HistogramSeries = std::vector<std::pair<std::string, double>>;  // as MetricSource::series
TwoHistograms align_histograms(const HistogramSeries& stable, const HistogramSeries& canary);

}  // namespace mlopsctl
