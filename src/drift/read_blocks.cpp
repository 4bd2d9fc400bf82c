// read_blocks: one pass over inputs of any size. Kinds are settled by samples before the first row
// is taken, so that every block has the same columns.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include "drift/column_choices.hpp"
#include "drift/inputs.hpp"
#include "drift/matrix_read.hpp"
#include "drift/ordered_work.hpp"
#include "drift/parquet_blocks.hpp"
#include "drift/table_assembly.hpp"
#include "drift/table_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace mlopsctl::drift {

namespace {

constexpr std::size_t chunk_size = std::size_t{4} << 20U;
constexpr std::uint64_t matrix_block_size = std::uint64_t{32} << 20U;

// An input that is open, its header read.
struct OpenTable {
  const Input* input = nullptr;
  std::unique_ptr<TextSource> source;
  std::shared_ptr<const TextTable> table;
};

struct Block {
  DataSet data;
  std::optional<TableProblem> problem;
};

class TableBlocks {
 public:
  TableBlocks(const std::vector<Input>& inputs, const ReadOptions& options, DataSet frame)
      : options_(options), choices_(options), frame_(std::move(frame)) {
    for (const Input& input : inputs) {
      OpenTable open;
      open.input = &input;
      open.source = std::make_unique<TextSource>(open_text(input));
      std::unique_ptr<TextTable> table = open_table(input, *open.source, options_);
      for (std::string& note : table->take_notes()) frame_.notes.push_back(std::move(note));
      open.table = std::move(table);
      if (!open.table->names().empty()) choices_.check_named(open.table->names(), input.name);
      tables_.push_back(std::move(open));
    }
    settle();
  }

  void run(Progress& progress, const std::function<void(const DataSet&)>& take) {
    for (OpenTable& open : tables_) {
      check_names(open);
      TextSource& source = *open.source;
      progress.start(fmt::format("reading {}", open.input->name), source.size(), "bytes");
      const bool large = source.size() == 0 || source.size() > chunk_size;
      work_in_order(
          large ? thread_count(options_) : 1,
          [&] { return source.next(open.table->cut(), chunk_size); },
          [&](const TextChunk& chunk) { return block(open, chunk); },
          [&](const TextChunk& chunk, Block made) {
            if (made.problem) throw_problem(*open.input, source, chunk, *made.problem);
            if (first_) tell(made.data);
            first_ = false;
            take(made.data);
            source.used(chunk);
            progress.advance(chunk.text.size());
          });
      progress.finish();
    }
    if (!first_) return;
    Block nothing = assembled(TablePart{}, TextChunk{}, {});
    tell(nothing.data);
    take(nothing.data);
  }

 private:
  // What comes with the first block.
  void tell(DataSet& block) const {
    block.notes = frame_.notes;
    block.absent = choices_.absent(names_);
  }

  // What the columns are, from the beginning of every input and from some places in large ones.
  void settle() {
    TableAssembly sample(options_, choices_);
    for (OpenTable& open : tables_) {
      const std::string_view head = open.source->head();
      const TextSource::Cut cut = open.table->cut();
      const bool whole = open.source->size() > 0 && head.size() < (std::size_t{1} << 20U);
      const std::optional<std::size_t> end =
          whole ? head.size() : cut(head, head.size() - head.size() / 4);
      look_at(open, head.substr(0, end.value_or(head.size())), &sample);
      if (!open.source->file()) continue;
      const std::string_view all = open.source->file()->bytes();
      constexpr std::size_t places = 8;
      constexpr std::size_t length = std::size_t{1} << 18U;
      for (std::size_t i = 1; i <= places && all.size() > 2 * chunk_size; ++i) {
        // A place inside of a quoted field gives a ragged sample, which is not used.
        const std::size_t from = (all.size() - length) / places * i;
        std::string_view rest = all.substr(from, i == places ? all.npos : length);
        rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
        const std::size_t last = rest.rfind('\n');
        if (last != rest.npos) look_at(open, rest.substr(0, last + 1), nullptr);
      }
    }
    names_ = sample.names();
    // Categories and texts are told apart here, once and for all.
    std::vector<std::string> notes;
    std::set<std::string> kept;
    for (const Column& column : sample.finish(1, notes)) kept.insert(column.name);
    for (const std::string& name : names_) {
      if (choices_.plan(name).kind != ValueKind::text || choices_.choice(name)) continue;
      choices_.choose(name, kept.count(name) > 0 ? Choice::category : Choice::text);
    }
    choices_.freeze(names_);
    std::move(notes.begin(), notes.end(), std::back_inserter(frame_.notes));
  }

  void look_at(const OpenTable& open, std::string_view text, TableAssembly* sample) {
    const TextChunk chunk{text, open.source->file(), 0};
    TablePart part = open.table->parse(chunk, choices_);
    if (part.problem && sample == nullptr) return;
    for (const auto& [name, column] : part.columns) choices_.learn(name, column.kind);
    if (sample == nullptr) return;
    for (const std::string& name : open.table->names()) {
      if (choices_.wanted(name)) sample->know(name);
    }
    sample->add(std::move(part), chunk, [table = open.table, chunk](const std::string& name) {
      return table->parse_as_text(chunk, name);
    });
  }

  void check_names(const OpenTable& open) const {
    if (!open.table->names().empty()) {
      check_same_columns(*open.input, open.table->names(), names_, choices_);
    }
  }

  Block block(const OpenTable& open, const TextChunk& chunk) const {
    TablePart part = open.table->parse(chunk, choices_);
    if (part.problem) return {{}, std::move(part.problem)};
    // JSON lines may bring new names late; every block has the same columns.
    std::erase_if(part.columns, [&](const auto& column) {
      return std::find(names_.begin(), names_.end(), column.first) == names_.end();
    });
    return assembled(std::move(part), chunk, [&](const std::string& name) {
      return open.table->parse_as_text(chunk, name);
    });
  }

  Block assembled(TablePart part, const TextChunk& chunk, ReadAgain again) const {
    TableAssembly assembly(options_, choices_);
    for (const std::string& name : names_) assembly.know(name, choices_.plan(name).kind);
    assembly.add(std::move(part), chunk, std::move(again));
    Block made;
    made.data.source = frame_.source;
    made.data.files = frame_.files;
    std::vector<std::string> ignored;
    made.data.columns = assembly.finish(1, ignored);
    return made;
  }

  const ReadOptions& options_;
  ColumnChoices choices_;
  DataSet frame_;  // source, files and notes of every block
  std::vector<OpenTable> tables_;
  std::vector<std::string> names_;
  bool first_ = true;
};

// Rows of a matrix in slices; what was read before is let go.
void matrix_blocks(const std::vector<Input>& inputs, const ReadOptions& options, DataSet frame,
                   Progress& progress, const std::function<void(const DataSet&)>& take) {
  std::uint64_t columns = 0;
  for (const Input& input : inputs) {
    const MatrixPart whole = read_matrix(input, options);
    check_same_width(input, whole, columns, inputs.front());
    columns = whole.columns;
    progress.start(fmt::format("reading {}", input.name), whole.rows, "rows");
    const bool rows_apart = whole.column_stride <= whole.row_stride && whole.row_stride > 0;
    const std::uint64_t row = std::max<std::uint64_t>(1, whole.columns * size_of(whole.type));
    const std::uint64_t step =
        rows_apart ? std::max<std::uint64_t>(1, matrix_block_size / row) : whole.rows;
    std::uint64_t begin = 0;
    do {
      MatrixPart part = whole;
      part.rows = std::min(step, whole.rows - begin);
      part.data = whole.data + static_cast<std::int64_t>(begin) * whole.row_stride;
      frame.matrix.emplace().parts.push_back(part);
      take(frame);
      frame.notes.clear();
      const auto* file = reinterpret_cast<const std::byte*>(input.file->bytes().data());
      if (rows_apart && whole.owner == input.file) {
        const auto offset = static_cast<std::size_t>(part.data - file);
        input.file->used(offset, offset + part.rows * row);
      }
      begin += part.rows;
      progress.advance(part.rows);
    } while (begin < whole.rows);
    progress.finish();
  }
}

}  // namespace

void read_blocks(const std::vector<std::string>& inputs, const ReadOptions& options,
                 Progress& progress, const std::function<void(const DataSet& block)>& take) {
  const std::vector<Input> resolved = resolve_inputs(inputs, options);
  DataSet frame = named_data_set(inputs, resolved);
  if (is_matrix(resolved.front().format)) {
    matrix_blocks(resolved, options, std::move(frame), progress, take);
  } else if (resolved.front().format == Format::parquet) {
    parquet_blocks(resolved, options, std::move(frame), progress, take);
  } else {
    TableBlocks(resolved, options, std::move(frame)).run(progress, take);
  }
}

}  // namespace mlopsctl::drift
