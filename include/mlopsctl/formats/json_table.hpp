// JSON lines as a table: one object a line. Objects inside become columns with dots in their names
// ("user.age"), null and what is not there is missing, lists are left out. Strings are texts or
// times, never numbers. NaN and Infinity are accepted bare, as Python writes them.
#pragma once

#include "mlopsctl/formats/table_part.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl {

// How a column is to be read; asked once for each name of a part.
using JsonTablePlan = std::function<ColumnPlan(const std::string& name)>;

struct JsonTablePart {
  std::uint64_t rows = 0;
  std::vector<std::pair<std::string, ColumnPart>> columns;  // in order of appearance, not skipped
  std::vector<std::string> lists;                           // names that held a list somewhere
  std::optional<TableProblem> problem;
};

// Whole lines; empty ones are skipped. The part does not refer to `text` afterwards.
JsonTablePart parse_json_table(std::string_view text, const JsonTablePlan& plan);

}  // namespace mlopsctl
