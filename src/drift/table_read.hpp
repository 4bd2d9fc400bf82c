// Tables in text formats, read in parts by several threads.
#pragma once

#include "drift/column_choices.hpp"
#include "drift/inputs.hpp"
#include "drift/table_assembly.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlopsctl::drift {

// One input as a table. Parsing is pure and may happen on several threads at once.
class TextTable {
 public:
  virtual ~TextTable() = default;

  // Columns that are known before the first row; empty for JSON lines.
  virtual const std::vector<std::string>& names() const = 0;
  virtual TablePart parse(const TextChunk& chunk, const ColumnChoices& choices) const = 0;
  virtual ColumnPart parse_as_text(const TextChunk& chunk, const std::string& name) const = 0;
  virtual TextSource::Cut cut() const = 0;
  // What had to be decided; empties the list.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

 protected:
  std::vector<std::string> notes_;
};

// Takes the header from the source. Throws Error{corrupt} naming the input.
std::unique_ptr<TextTable> open_csv(const Input& input, TextSource& source,
                                    const ReadOptions& options);

std::unique_ptr<TextTable> open_json_lines(const Input& input, TextSource& source);
std::unique_ptr<TextTable> open_table(const Input& input, TextSource& source,
                                      const ReadOptions& options);

// Tables with headers that are one data set must have the same columns, in any order. Throws
// Error{usage} naming the differences.
void check_same_columns(const Input& input, const std::vector<std::string>& names,
                        const std::vector<std::string>& known, const ColumnChoices& choices);

// Throws the problem of a part as Error{corrupt} naming input and line.
[[noreturn]] void throw_problem(const Input& input, const TextSource& source,
                                const TextChunk& chunk, const TableProblem& problem);

// Reads an input into the assembly.
void read_text_table(const Input& input, const ReadOptions& options, ColumnChoices& choices,
                     TableAssembly& assembly, Progress& progress, std::vector<std::string>& notes);

// 0 becomes what the machine has.
unsigned thread_count(const ReadOptions& options);

}  // namespace mlopsctl::drift
