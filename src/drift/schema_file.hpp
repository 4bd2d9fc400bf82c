// The --schema file: YAML that says what the columns of a table are.
//
//   columns:
//     age: integer
//     answer: text
//     id: ignore
#pragma once

#include "drift/column_choices.hpp"

#include <map>
#include <string>
#include <string_view>

namespace mlopsctl::drift {

// Throws Error{config} naming the line; `source` is what messages call the file.
std::map<std::string, Choice> parse_schema(std::string_view text, const std::string& source);
std::map<std::string, Choice> read_schema_file(const std::string& path);

}  // namespace mlopsctl::drift
