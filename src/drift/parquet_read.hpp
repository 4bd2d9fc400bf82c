// Parquet files as tables, or as a matrix where a column of lists holds embeddings.
#pragma once

#include "mlopsctl/compute/matrix.hpp"
#include "mlopsctl/platform/parquet.hpp"

#include "drift/column_choices.hpp"
#include "drift/inputs.hpp"
#include "drift/table_assembly.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::drift {

class ParquetInput {
 public:
  // Throws as ParquetFile does.
  ParquetInput(const Input& input, const ReadOptions& options);

  // The column that is a matrix: the one that --array names, or the only one that is wanted, if it
  // holds lists of numbers. Throws Error{usage} if --array names something else.
  bool is_matrix() const { return matrix_.has_value(); }
  // The next rows of it; none at the end. All parts have the same width.
  std::optional<MatrixPart> next_matrix();

  const std::vector<std::string>& names() const { return names_; }  // of the table's columns
  void learn(ColumnChoices& choices) const;                         // kinds from the schema
  std::optional<TablePart> next_table(const ColumnChoices& choices, ReadAgain& again);
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  const Input& input_;
  std::shared_ptr<ParquetFile> file_;
  std::vector<std::string> names_;
  std::vector<std::int64_t> places_;  // of names_ among the schema's children
  std::vector<std::string> left_out_;
  std::optional<std::int64_t> matrix_;
  std::uint64_t width_ = 0;
};

// Columns that a user may name: those of the table and those that are left out.
std::vector<std::string> all_names(const ParquetInput& file);

}  // namespace mlopsctl::drift
