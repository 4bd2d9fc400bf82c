// Data sets that drift looks at: a matrix (embeddings) or a table of typed columns, read from
// files, globs or standard input.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/compute/matrix.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mlopsctl::drift {

enum class ColumnKind { real, integer, boolean, category, time };
std::string_view to_string(ColumnKind kind);  // "real", "integer", …

// 64-bit integers stay integers: above 2^53 a double would merge neighbours.
struct Integers {
  std::vector<std::int64_t> values;  // 0 where missing
  std::vector<bool> missing;         // empty: none is missing; else one a row
};
// Interned strings; a code indexes `labels`, -1 is missing.
struct Categories {
  std::vector<std::int32_t> codes;
  std::vector<std::string> labels;
};

// One column of a table. real: NaN is missing, ±inf stays. boolean: Integers of 0 and 1.
// time: Integers, milliseconds since 1970 in UTC.
struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::real;
  std::variant<std::vector<double>, Integers, Categories> values;

  std::uint64_t rows() const;
  std::uint64_t missing() const;
};

// Exactly one of `matrix` (then `columns` is empty, features are addressed by position and named by
// `feature_name`) and `columns` (a table) is filled.
struct DataSet {
  std::string source;              // as it was asked for, credentials masked
  std::optional<Matrix> matrix;    // parts below each other, mapped files where possible
  std::vector<Column> columns;     // same number of rows each
  std::vector<std::string> notes;  // what the reader had to decide or leave out, one sentence each
  std::vector<std::string> files;  // resolved, in reading order
  // Columns to leave out, and a time column, that were named and are not there: whoever reads both
  // sides of a comparison knows whether the other has them. Of tables only; in the first block.
  std::vector<std::string> absent;

  std::uint64_t rows() const;
  std::uint64_t features() const;
  std::string feature_name(
      std::uint64_t index) const;  // a column's name, or "0", "1", … of a matrix
};

// A file here with what a URL names; `name` is the URL in quotes, for messages.
struct LocalCopy {
  std::string name;
  std::string path;
};

// How to read. Kinds that are not given are inferred from all values of a column, not from the
// first rows.
struct ReadOptions {
  std::string format;  // "", csv, tsv, jsonl, npy, npz, safetensors, parquet; "": by extension,
                       // then content
  std::string array;   // which array of an .npz or .safetensors; "" where there is only one
  std::string schema_file;  // YAML: columns: {name: kind | text | ignore}
  std::vector<std::pair<std::string, std::string>> kinds;  // name → kind, before the schema file
  std::vector<std::string> only;                           // columns to read; empty: all
  std::vector<std::string> ignore;                         // columns to leave out
  std::vector<std::string> missing = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"};
  std::string time_column;  // read as time, whatever it looks like
  // Text columns become descriptor columns (describe_text.hpp); without it they are left out.
  bool describe_text = true;
  std::optional<bool> header;  // of CSV: whether the first record is names; none: look at it
  char delimiter = 0;          // of CSV; 0: comma, tab, semicolon or bar, by what is there
  unsigned threads = 0;        // 0: as many as the machine has
  // Brings here what a URL names (s3://, http://, https://): one file, or as many as match where
  // the URL is a pattern. The copies stay as long as they are read. Empty: URLs are refused.
  std::function<std::vector<LocalCopy>(const std::string& url)> fetch;
};

// Whether an input is a URL that needs ReadOptions::fetch; file:// does not.
bool is_remote(std::string_view input);

// Opens all inputs (paths, globs, "-", file://, URLs) as one data set. Throws Error{not_found,
// corrupt, usage} naming file, line or offset, and the column.
DataSet read_data_set(const std::vector<std::string>& inputs, const ReadOptions& options,
                      Progress& progress);

// Throws Error{usage} if a column that was named is on neither side, with what it might have meant.
void check_absent(const DataSet& reference, const DataSet& current);

// The same in blocks of some megabytes with flat memory, for one pass over data of any size. The
// block's columns are the same each time, in order; categories are interned per block; notes come
// with the first. Kinds are settled before by samples (the beginning of each input, and some places
// in files): a later value that does not fit is an Error{corrupt} naming line and column. A table
// without rows is one empty block.
void read_blocks(const std::vector<std::string>& inputs, const ReadOptions& options,
                 Progress& progress, const std::function<void(const DataSet& block)>& take);

}  // namespace mlopsctl::drift
