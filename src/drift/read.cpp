// read_data_set: several inputs become one data set.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include "drift/column_choices.hpp"
#include "drift/inputs.hpp"
#include "drift/matrix_read.hpp"
#include "drift/parquet_blocks.hpp"
#include "drift/table_assembly.hpp"
#include "drift/table_read.hpp"

#include <fmt/format.h>

namespace mlopsctl::drift {

namespace {

void read_matrices(const std::vector<Input>& inputs, const ReadOptions& options, DataSet& data) {
  Matrix& matrix = data.matrix.emplace();
  for (const Input& input : inputs) {
    MatrixPart part = read_matrix(input, options);
    check_same_width(input, part, matrix.columns(), inputs.front());
    if (!matrix.parts.empty() && part.type != matrix.parts.front().type) {
      data.notes.push_back(
          fmt::format("{} holds {}, {} holds {}: values that differ only by "
                      "rounding count as different",
                      inputs.front().name, to_string(matrix.parts.front().type), input.name,
                      to_string(part.type)));
    }
    matrix.parts.push_back(std::move(part));
  }
}

void read_tables(const std::vector<Input>& inputs, const ReadOptions& options, Progress& progress,
                 DataSet& data) {
  ColumnChoices choices(options);
  TableAssembly assembly(options, choices);
  for (const Input& input : inputs) {
    if (input.format == Format::parquet) {
      read_parquet_table(input, options, choices, assembly, progress);
      continue;
    }
    read_text_table(input, options, choices, assembly, progress, data.notes);
  }
  choices.check_found(assembly.names(), data.source);
  data.absent = choices.absent(assembly.names());
  data.columns = assembly.finish(thread_count(options), data.notes);
}

}  // namespace

DataSet read_data_set(const std::vector<std::string>& inputs, const ReadOptions& options,
                      Progress& progress) {
  const std::vector<Input> resolved = resolve_inputs(inputs, options);
  DataSet data = named_data_set(inputs, resolved);
  if (is_matrix(resolved.front().format)) {
    read_matrices(resolved, options, data);
  } else if (resolved.front().format == Format::parquet && parquet_is_matrix(resolved, options)) {
    Matrix& matrix = data.matrix.emplace();
    for (const Input& input : resolved) {
      Matrix one;
      read_parquet_matrix(input, options, one);
      for (MatrixPart& part : one.parts) {
        check_same_width(input, part, matrix.columns(), resolved.front());
        matrix.parts.push_back(std::move(part));
      }
    }
  } else {
    read_tables(resolved, options, progress, data);
  }
  return data;
}

}  // namespace mlopsctl::drift
