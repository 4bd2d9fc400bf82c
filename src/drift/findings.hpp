// What is found beside the tests: schema changes, missing values, categories, ranges, and what
// makes numbers mislead.
#pragma once

#include "drift/test_catalogue.hpp"

namespace mlopsctl::drift {

// Columns that one side lacks, or has as another kind.
void find_schema_changes(DriftResult& result, const DataSet& reference, const DataSet& current,
                         const Settings& settings);
// Of every feature of the result: share of missing values, new and lost categories, values beyond
// the reference's range.
void find_changes(DriftResult& result, const AnalysisOptions& options, const Settings& settings);
// Tests of the whole that gave no number.
void find_unanswered(DriftResult& result);
// The same data twice, mixed number types, rows that depend on each other.
void find_traps(DriftResult& result, const DataSet& reference, const DataSet& current,
                const std::string& time_column);

// Numbers that can be compared with each other; any other two kinds cannot.
bool comparable(ColumnKind a, ColumnKind b);

}  // namespace mlopsctl::drift
