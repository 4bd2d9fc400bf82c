// The two shapes of data that analysis.cpp tells apart.
#pragma once

#include "drift/examine.hpp"

namespace mlopsctl::drift {

// Columns of both, matched by name, in the reference's order.
std::vector<FeatureResult> compare_tables(const DataSet& reference, const DataSet& current,
                                          const AnalysisOptions& options, const Settings& settings,
                                          Progress& progress);

// Components of both, matched by position. Where KS and PSI are all that is asked for, one read of
// each side does; else the components are sorted, a panel of them at a time.
std::vector<FeatureResult> compare_matrices(const Matrix& reference, const Matrix& current,
                                            const AnalysisOptions& options,
                                            const Settings& settings, ComputeBackend& backend,
                                            Progress& progress);

// The tests of whole matrices that were asked for; `features` are the compared components.
std::vector<DataSetTest> test_whole(const Matrix& reference, const Matrix& current,
                                    const std::vector<FeatureResult>& features,
                                    const AnalysisOptions& options, const Settings& settings,
                                    ComputeBackend& backend, Progress& progress);

// The means of a column over slices of time, of both sides.
std::vector<TimeSlice> slices_over_time(const Column& reference, const Column* reference_time,
                                        const Column& current, const Column* current_time);

}  // namespace mlopsctl::drift
