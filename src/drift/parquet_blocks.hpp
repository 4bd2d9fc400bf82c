// Whole Parquet inputs, at once and in blocks.
#pragma once

#include "drift/parquet_read.hpp"

#include <functional>
#include <vector>

namespace mlopsctl::drift {

// Whether the inputs are a matrix. Throws Error{usage} if some are and some are not.
bool parquet_is_matrix(const std::vector<Input>& inputs, const ReadOptions& options);

void read_parquet_matrix(const Input& input, const ReadOptions& options, Matrix& matrix);
void read_parquet_table(const Input& input, const ReadOptions& options, ColumnChoices& choices,
                        TableAssembly& assembly, Progress& progress);
// `frame` has source, files and notes of the blocks.
void parquet_blocks(const std::vector<Input>& inputs, const ReadOptions& options, DataSet frame,
                    Progress& progress, const std::function<void(const DataSet&)>& take);

}  // namespace mlopsctl::drift
