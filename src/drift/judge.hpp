// From the tests of all features to the verdict on the data.
#pragma once

#include "drift/test_catalogue.hpp"

namespace mlopsctl::drift {

// Fills in what depends on all features: corrections, verdicts of the features and of the data,
// severity, tallies, the reason; sorts features worst first.
void judge(DriftResult& result, const AnalysisOptions& options, const Settings& settings);

Severity severity_of(double psi);

}  // namespace mlopsctl::drift
