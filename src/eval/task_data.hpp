// Rows of tasks from JSON lines, JSON and CSV.
#pragma once

#include "mlopsctl/formats/yaml_value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

// "json": one object a line, or one list of objects. Error{corrupt} naming `source` and the line:
// no JSON, no object, no UTF-8.
std::vector<YamlValue> json_rows(std::string_view text, const std::string& source);

// "csv": a header and records. A column whose every value is a whole number, a number, or true and
// false holds such; what is empty is nothing.
std::vector<YamlValue> csv_rows(std::string_view text, const std::string& source);

// Every row gets every column, nothing where it had none, as in a table.
void complete_columns(std::vector<YamlValue>& rows);

}  // namespace mlopsctl::eval
