#include "drift/parquet_read.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/arrow_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlopsctl::drift {

namespace {

ColumnPart converted(const Input& input, const std::string& name, const ArrowSchema& schema,
                     const ArrowArray& array, const ColumnPlan& plan) {
  try {
    return column_from(schema, array, plan);
  } catch (const Error& error) {
    throw Error(error.kind(),
                fmt::format("column {} of {}: {}", quote(name), input.name, error.what()),
                error.hint());
  }
}

}  // namespace

ParquetInput::ParquetInput(const Input& input, const ReadOptions& options)
    : input_(input),
      file_(std::make_shared<ParquetFile>(input.path == "-" ? "/dev/stdin" : input.path)) {
  const ColumnChoices choices(options);
  const ArrowSchema& schema = file_->schema();
  std::vector<std::int64_t> lists;
  bool found = false;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema& child = *schema.children[i];
    const std::string name = valid_utf8(child.name);
    const bool named = !options.array.empty() && name == options.array;
    found = found || named;
    if (named || (list_of(child) && choices.wanted(name))) lists.push_back(i);
    if (named) {
      if (!list_of(child)) {
        throw Error(ErrorKind::usage, fmt::format("column {} of {} holds no lists of numbers",
                                                  quote(name), input.name));
      }
      matrix_ = i;
    }
    if (kind_of(child) && std::find(names_.begin(), names_.end(), name) == names_.end()) {
      names_.push_back(name);
      places_.push_back(i);
    } else {
      left_out_.push_back(name);
    }
  }
  if (!options.array.empty() && !found) {
    throw Error(ErrorKind::usage,
                fmt::format("there is no column {} in {}", quote(options.array), input.name));
  }
  const bool table = std::any_of(names_.begin(), names_.end(),
                                 [&](const std::string& name) { return choices.wanted(name); });
  if (!matrix_ && !table && lists.size() == 1) matrix_ = lists.front();
}

std::optional<MatrixPart> ParquetInput::next_matrix() {
  const std::shared_ptr<const ArrowBatch> batch = file_->next();
  if (!batch) return std::nullopt;
  const ArrowSchema& schema = *file_->schema().children[*matrix_];
  const ArrowArray& array = *batch->array.children[*matrix_];
  const auto bytes = std::make_shared<std::vector<std::byte>>();
  try {
    append_lists(schema, array, width_, *bytes);
  } catch (const Error& error) {
    throw Error(error.kind(),
                fmt::format("column {} of {}: {}", quote(schema.name), input_.name, error.what()),
                error.hint());
  }
  MatrixPart part;
  part.data = bytes->data();
  part.type = *list_of(schema);
  part.rows = static_cast<std::uint64_t>(array.length);
  part.columns = width_;
  part.column_stride = static_cast<std::int64_t>(size_of(part.type));
  part.row_stride = part.column_stride * static_cast<std::int64_t>(width_);
  part.owner = bytes;
  return part;
}

void ParquetInput::learn(ColumnChoices& choices) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    choices.learn(names_[i], *kind_of(*file_->schema().children[places_[i]]));
  }
}

std::optional<TablePart> ParquetInput::next_table(const ColumnChoices& choices, ReadAgain& again) {
  const std::shared_ptr<const ArrowBatch> batch = file_->next();
  if (!batch) return std::nullopt;
  TablePart part;
  part.rows = static_cast<std::uint64_t>(batch->array.length);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const ColumnPlan plan = choices.plan(names_[i]);
    if (plan.skip) continue;
    const std::int64_t place = places_[i];
    part.columns.emplace_back(names_[i],
                              converted(input_, names_[i], *file_->schema().children[place],
                                        *batch->array.children[place], plan));
  }
  again = [this_file = file_, batch, names = names_, places = places_,
           input = input_](const std::string& name) {
    const auto place = places[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) -
                                                       names.begin())];
    return converted(input, name, *this_file->schema().children[place],
                     *batch->array.children[place], {ValueKind::text, true, false});
  };
  return part;
}

std::vector<std::string> all_names(const ParquetInput& file) {
  std::vector<std::string> names = file.names();
  names.insert(names.end(), file.left_out().begin(), file.left_out().end());
  return names;
}

}  // namespace mlopsctl::drift
