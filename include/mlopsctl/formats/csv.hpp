// CSV and TSV after RFC 4180: fields in quotes may hold delimiters, line ends and doubled quotes;
// line ends are LF or CRLF; a quote inside an unquoted field is an ordinary character; empty lines
// are skipped. Pure functions over bytes; a caller cuts large inputs into parts.
#pragma once

#include "mlopsctl/formats/table_part.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// The first record of `text` as strings (its fields unquoted) and where the next one begins. None
// if there is no record at all.
struct CsvRecord {
  std::vector<std::string> fields;
  std::size_t end = 0;
};
std::optional<CsvRecord> first_csv_record(std::string_view text, char delimiter);

// The delimiter among comma, tab, semicolon and bar that the first lines agree on; comma if none.
char guess_csv_delimiter(std::string_view text);

// Where the first record ends that ends at or after `target`, for cutting a text into parts. `text`
// begins with a record. None if no record ends in `text` from there on (a quoted field may go on).
std::optional<std::size_t> csv_cut(std::string_view text, std::size_t target, char delimiter);

struct CsvPlan {
  char delimiter = ',';
  std::vector<ColumnPlan> columns;
  std::vector<std::string> names;  // for problems
};

struct CsvPart {
  std::uint64_t rows = 0;
  std::vector<ColumnPart> columns;  // of the plan; empty where skipped
  std::optional<TableProblem> problem;
};

// Whole records. Unquoted texts are views into `text`, which must outlive the part.
CsvPart parse_csv(std::string_view text, const CsvPlan& plan, const MissingMarkers& missing);

}  // namespace mlopsctl
