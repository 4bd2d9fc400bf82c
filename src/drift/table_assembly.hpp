// Columns of a whole table from the typed parts that the readers make.
#pragma once

#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/formats/table_part.hpp"

#include "drift/column_choices.hpp"
#include "drift/text_source.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mlopsctl::drift {

// What a reader made of a chunk of text.
struct TablePart {
  std::uint64_t rows = 0;
  std::vector<std::pair<std::string, ColumnPart>> columns;  // those that are read, by name
  std::vector<std::string> lists;  // columns that held lists, which are left out
  std::optional<TableProblem> problem;
};

// One column again, as text: when other parts found that it is no number.
using ReadAgain = std::function<ColumnPart(const std::string& name)>;

class TableAssembly {
 public:
  TableAssembly(const ReadOptions& options, const ColumnChoices& choices);

  // A column that is there even if no row is, and what it is at least.
  void know(const std::string& name, ValueKind kind = ValueKind::none);
  void add(TablePart part, TextChunk chunk, ReadAgain again);
  std::uint64_t rows() const { return rows_; }
  std::vector<std::string> names() const;  // in order of appearance

  // Joins the parts of every column and empties this object. Notes are appended to `notes`.
  std::vector<Column> finish(unsigned threads, std::vector<std::string>& notes);

 private:
  struct Piece {
    std::uint64_t first_row = 0;
    std::size_t part = 0;
    ColumnPart column;
  };
  struct Pieces {
    std::string name;
    ValueKind kind = ValueKind::none;
    std::vector<Piece> pieces;
  };
  struct Source {
    std::uint64_t rows = 0;
    TextChunk chunk;
    ReadAgain again;
  };
  struct Finished {
    std::vector<Column> columns;
    std::vector<std::string> notes;
  };

  Finished finish_column(Pieces& pieces) const;
  void fill_reals(Pieces& pieces, std::vector<double>& values) const;
  void fill_integers(Pieces& pieces, Integers& values) const;
  void fill_labels(Pieces& pieces, Categories& values) const;

  const ReadOptions& options_;
  const ColumnChoices& choices_;
  std::vector<Source> sources_;
  std::vector<Pieces> columns_;
  std::unordered_map<std::string, std::size_t> index_;
  std::set<std::string> lists_;
  std::uint64_t rows_ = 0;
};

// Whether strings are texts to describe (answers, prompts) and no categories: more than half of at
// least 20 values differ, and they have three words or 40 characters on average.
bool looks_like_text(const Categories& values);

}  // namespace mlopsctl::drift
