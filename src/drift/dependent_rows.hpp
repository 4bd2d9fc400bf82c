// Rows that are not independent of each other: p-values of two-sample tests are then too small
// (drift.md §9, case 24).
#pragma once

#include "mlopsctl/drift/dataset.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

// One sentence each, none if there is nothing to say. `whose` begins the sentence: "the
// reference's".
//
// Copies are told where at least a twentieth of the rows are copies, and some feature has many
// values that repeat only where the whole row does: rows of a few categories are equal by chance.
// Rows that follow each other, by the time column or else as they come, are told where the median
// feature has a correlation of at least 0.3 with the row before.
std::vector<std::string> dependent_rows(const DataSet& data, std::string_view whose,
                                        const std::string& time_column);

}  // namespace mlopsctl::drift
