#include "drift/table_assembly.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/describe_text.hpp"

#include "drift/ordered_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mlopsctl::drift {

TableAssembly::TableAssembly(const ReadOptions& options, const ColumnChoices& choices)
    : options_(options), choices_(choices) {}

void TableAssembly::know(const std::string& name, ValueKind kind) {
  if (index_.try_emplace(name, columns_.size()).second) columns_.push_back({name, kind, {}});
}

void TableAssembly::add(TablePart part, TextChunk chunk, ReadAgain again) {
  for (auto& [name, column] : part.columns) {
    know(name);
    columns_[index_.at(name)].pieces.push_back({rows_, sources_.size(), std::move(column)});
  }
  lists_.insert(part.lists.begin(), part.lists.end());
  rows_ += part.rows;
  sources_.push_back({part.rows, std::move(chunk), std::move(again)});
}

std::vector<std::string> TableAssembly::names() const {
  std::vector<std::string> all;
  for (const Pieces& pieces : columns_) all.push_back(pieces.name);
  return all;
}

std::vector<Column> TableAssembly::finish(unsigned threads, std::vector<std::string>& notes) {
  std::vector<Column> columns;
  std::size_t next = 0;
  work_in_order(
      rows_ > 100'000 ? threads : 1,
      [&] { return next < columns_.size() ? std::optional(&columns_[next++]) : std::nullopt; },
      [&](Pieces* pieces) {
        Finished finished = finish_column(*pieces);
        std::vector<Piece>().swap(pieces->pieces);
        return finished;
      },
      [&](Pieces*, Finished finished) {
        std::move(finished.columns.begin(), finished.columns.end(), std::back_inserter(columns));
        std::move(finished.notes.begin(), finished.notes.end(), std::back_inserter(notes));
      });
  for (const std::string& name : lists_) {
    notes.push_back(fmt::format("column {} holds lists, which are left out", quote(name)));
  }
  columns_.clear();
  sources_.clear();
  return columns;
}

TableAssembly::Finished TableAssembly::finish_column(Pieces& pieces) const {
  ValueKind kind = pieces.kind;
  for (const Piece& piece : pieces.pieces) kind = joined(kind, piece.column.kind);
  const std::optional<Choice> choice = choices_.choice(pieces.name);
  Finished finished;
  Column column;
  column.name = pieces.name;
  switch (kind) {
    case ValueKind::none:
      finished.notes.push_back(fmt::format("column {} has no values", quote(pieces.name)));
      [[fallthrough]];
    case ValueKind::real:
      column.kind = ColumnKind::real;
      fill_reals(pieces, column.values.emplace<std::vector<double>>());
      break;
    case ValueKind::text: {
      column.kind = ColumnKind::category;
      Categories& labels = column.values.emplace<Categories>();
      fill_labels(pieces, labels);
      const bool text = choice == Choice::text || (!choice && looks_like_text(labels));
      if (text && !choice) {
        finished.notes.push_back(fmt::format("column {} holds texts; {}", quote(pieces.name),
                                             options_.describe_text
                                                 ? "it is described by its lengths and characters"
                                                 : "it is left out"));
      } else if (!text && labels.codes.size() >= 100 &&
                 labels.labels.size() * 10 > labels.codes.size() * 9) {
        finished.notes.push_back(
            fmt::format("column {} has a different value in nearly every row: an identifier is no "
                        "feature, leave it out",
                        quote(pieces.name)));
      }
      if (!text) break;
      if (options_.describe_text) finished.columns = describe_text(pieces.name, labels);
      return finished;
    }
    default:
      column.kind = kind == ValueKind::integer   ? ColumnKind::integer
                    : kind == ValueKind::boolean ? ColumnKind::boolean
                                                 : ColumnKind::time;
      fill_integers(pieces, column.values.emplace<Integers>());
  }
  finished.columns.push_back(std::move(column));
  return finished;
}

void TableAssembly::fill_reals(Pieces& pieces, std::vector<double>& values) const {
  if (pieces.pieces.size() == 1 && pieces.pieces[0].column.rows == rows_) {  // nothing to join
    pieces.pieces[0].column.become(ValueKind::real);
    values = std::move(pieces.pieces[0].column.reals);
    return;
  }
  values.reserve(rows_);
  for (Piece& piece : pieces.pieces) {
    values.resize(piece.first_row, std::numeric_limits<double>::quiet_NaN());
    piece.column.become(ValueKind::real);
    values.insert(values.end(), piece.column.reals.begin(), piece.column.reals.end());
    piece.column = {};
  }
  values.resize(rows_, std::numeric_limits<double>::quiet_NaN());
}

void TableAssembly::fill_integers(Pieces& pieces, Integers& values) const {
  const auto miss = [&](std::uint64_t row) {
    if (values.missing.empty()) values.missing.resize(rows_);
    values.missing[row] = true;
  };
  values.values.reserve(rows_);
  const auto pad = [&](std::uint64_t until) {
    for (std::uint64_t row = values.values.size(); row < until; ++row) miss(row);
    values.values.resize(until);
  };
  for (Piece& piece : pieces.pieces) {
    pad(piece.first_row);
    if (piece.column.kind == ValueKind::none) {
      pad(piece.first_row + piece.column.rows);
    } else {
      for (const std::uint32_t row : piece.column.missing) miss(piece.first_row + row);
      values.values.insert(values.values.end(), piece.column.integers.begin(),
                           piece.column.integers.end());
    }
    piece.column = {};
  }
  pad(rows_);
}

void TableAssembly::fill_labels(Pieces& pieces, Categories& values) const {
  Labels all;
  values.codes.reserve(rows_);
  for (Piece& piece : pieces.pieces) {
    values.codes.resize(piece.first_row, -1);
    if (piece.column.kind == ValueKind::none) {
      values.codes.resize(piece.first_row + piece.column.rows, -1);
      continue;
    }
    if (piece.column.kind != ValueKind::text) {
      piece.column = sources_[piece.part].again(pieces.name);
    }
    std::vector<std::int32_t> codes;
    for (const std::string_view text : piece.column.labels.texts()) codes.push_back(all.code(text));
    for (const std::int32_t code : piece.column.codes) {
      values.codes.push_back(code < 0 ? -1 : codes[static_cast<std::size_t>(code)]);
    }
  }
  values.codes.resize(rows_, -1);
  values.labels.reserve(all.texts().size());
  for (const std::string_view text : all.texts()) values.labels.push_back(valid_utf8(text));
}

bool looks_like_text(const Categories& values) {
  const auto given = static_cast<std::size_t>(std::count_if(
      values.codes.begin(), values.codes.end(), [](std::int32_t code) { return code >= 0; }));
  if (given < 20 || values.labels.size() * 2 <= given) return false;
  std::size_t characters = 0;
  std::size_t spaces = 0;
  for (const std::string& label : values.labels) {
    characters += label.size();
    spaces += static_cast<std::size_t>(std::count(label.begin(), label.end(), ' '));
  }
  const std::size_t count = values.labels.size();
  return characters >= 40 * count || spaces >= 2 * count;
}

}  // namespace mlopsctl::drift
