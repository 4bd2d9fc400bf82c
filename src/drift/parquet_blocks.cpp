#include "drift/parquet_blocks.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/matrix_read.hpp"
#include "drift/table_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace mlopsctl::drift {

namespace {

void note_left_out(const ParquetInput& file, const ColumnChoices& choices,
                   std::vector<std::string>& notes) {
  for (const std::string& name : file.left_out()) {
    if (!choices.wanted(name)) continue;
    notes.push_back(
        fmt::format("column {} holds lists, structures or bytes, which are left out", quote(name)));
  }
}

// Texts and categories are told apart by the first rows.
void settle(const Input& input, const ReadOptions& options, ColumnChoices& choices,
            std::vector<std::string>& names, std::vector<std::string>& notes) {
  ParquetInput file(input, options);
  choices.check_named(all_names(file), input.name);
  file.learn(choices);
  note_left_out(file, choices, notes);
  TableAssembly sample(options, choices);
  for (const std::string& name : file.names()) {
    if (choices.wanted(name)) sample.know(name);
  }
  ReadAgain again;
  if (auto part = file.next_table(choices, again)) sample.add(std::move(*part), {}, again);
  names = sample.names();
  std::set<std::string> kept;
  for (const Column& column : sample.finish(1, notes)) kept.insert(column.name);
  for (const std::string& name : names) {
    if (choices.plan(name).kind != ValueKind::text || choices.choice(name)) continue;
    choices.choose(name, kept.count(name) > 0 ? Choice::category : Choice::text);
  }
}

}  // namespace

bool parquet_is_matrix(const std::vector<Input>& inputs, const ReadOptions& options) {
  bool first = false;
  for (const Input& input : inputs) {
    if (input.format != Format::parquet) continue;
    const bool matrix = ParquetInput(input, options).is_matrix();
    if (&input == &inputs.front()) first = matrix;
    if (matrix != first) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} and {} are no one data set: one is a matrix, one a table",
                              inputs.front().name, input.name));
    }
  }
  return first;
}

void read_parquet_matrix(const Input& input, const ReadOptions& options, Matrix& matrix) {
  ParquetInput file(input, options);
  while (auto part = file.next_matrix()) {
    if (part->rows > 0) matrix.parts.push_back(std::move(*part));
  }
}

void read_parquet_table(const Input& input, const ReadOptions& options, ColumnChoices& choices,
                        TableAssembly& assembly, Progress& progress) {
  ParquetInput file(input, options);
  choices.check_named(all_names(file), input.name);
  check_same_columns(input, file.names(), assembly.names(), choices);
  for (const std::string& name : file.names()) {
    if (choices.wanted(name)) assembly.know(name);
  }
  file.learn(choices);
  progress.start(fmt::format("reading {}", input.name), 0, "rows");
  for (;;) {
    ReadAgain again;
    auto part = file.next_table(choices, again);
    if (!part) break;
    progress.advance(part->rows);
    assembly.add(std::move(*part), {}, std::move(again));
  }
  progress.finish();
}

void parquet_blocks(const std::vector<Input>& inputs, const ReadOptions& options, DataSet frame,
                    Progress& progress, const std::function<void(const DataSet&)>& take) {
  const bool matrix = parquet_is_matrix(inputs, options);
  ColumnChoices choices(options);
  std::vector<std::string> names;
  if (!matrix) {
    settle(inputs.front(), options, choices, names, frame.notes);
    for (const Input& input : inputs) ParquetInput(input, options).learn(choices);
    choices.freeze(names);
    frame.absent = choices.absent(names);
  }
  std::uint64_t columns = 0;
  const auto give = [&](std::uint64_t rows) {
    take(frame);
    frame.notes.clear();
    progress.advance(rows);
  };
  for (const Input& input : inputs) {
    ParquetInput file(input, options);
    progress.start(fmt::format("reading {}", input.name), 0, "rows");
    if (matrix) {
      while (auto part = file.next_matrix()) {
        check_same_width(input, *part, columns, inputs.front());
        columns = part->columns;
        const std::uint64_t rows = part->rows;
        frame.matrix.emplace().parts.push_back(std::move(*part));
        give(rows);
      }
    } else {
      check_same_columns(input, file.names(), names, choices);
      ReadAgain again;
      while (auto part = file.next_table(choices, again)) {
        TableAssembly block(options, choices);
        for (const std::string& name : names) block.know(name, choices.plan(name).kind);
        const std::uint64_t rows = part->rows;
        block.add(std::move(*part), {}, again);
        std::vector<std::string> ignored;
        frame.columns = block.finish(1, ignored);
        give(rows);
      }
    }
    progress.finish();
  }
}

}  // namespace mlopsctl::drift
