// How the left sides of filters and sort orders are written in SQL, where the run table is `r`.
#pragma once

#include "mlopsctl/tracking/filter.hpp"

#include <string_view>

namespace mlopsctl {

// The internal number of a key, asked for once in a statement.
inline constexpr std::string_view key_number = "(SELECT id FROM keys WHERE name = ?)";

// SQLite converts the text side of a comparison with an expression of REAL affinity if, and only
// if, all of it is a number; text that is none sorts behind every number.
inline constexpr std::string_view is_number = " <= CAST(9e999 AS REAL)";

std::string_view column_of(Aggregate aggregate);  // of the table series

struct AttributeSql {
  std::string_view expression;
  bool nullable = false;
  double scale = 1;            // what a value is multiplied with before it is compared
  bool artifact_root = false;  // has one placeholder for it
};

AttributeSql attribute_sql(std::string_view key);

}  // namespace mlopsctl
