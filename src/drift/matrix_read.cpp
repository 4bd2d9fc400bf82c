#include "drift/matrix_read.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/formats/npy.hpp"

#include <fmt/format.h>

namespace mlopsctl::drift {

namespace {

// One dimension is n × 1; more than two are the rows times all the rest, as reshape(n, -1).
MatrixPart as_matrix(const ArrayLayout& layout, const std::byte* bytes,
                     std::shared_ptr<const void> owner) {
  MatrixPart part;
  part.data = bytes + layout.offset;
  part.type = layout.type;
  part.swapped = layout.swapped;
  part.owner = std::move(owner);
  if (layout.shape.empty()) {
    throw Error(ErrorKind::corrupt, "it is a single number, not a matrix");
  }
  part.rows = layout.shape[0];
  part.columns = 1;
  if (layout.shape.size() > 2) {
    throw Error(ErrorKind::corrupt,
                fmt::format("it has {} dimensions, not two", layout.shape.size()),
                "reshape it to one row a sample: array.reshape(len(array), -1)");
  }
  if (layout.shape.size() == 2) part.columns = layout.shape[1];
  const auto width = static_cast<std::int64_t>(size_of(layout.type));
  if (layout.fortran_order) {
    part.row_stride = width;
    part.column_stride = width * static_cast<std::int64_t>(part.rows);
  } else {
    part.row_stride = width * static_cast<std::int64_t>(part.columns);
    part.column_stride = width;
  }
  return part;
}

}  // namespace

MatrixPart read_matrix(const Input& input, const ReadOptions& options,
                       std::vector<std::string>& notes) {
  (void)options;
  (void)notes;
  try {
    const std::string_view bytes = input.file->bytes();
    return as_matrix(parse_npy(bytes), reinterpret_cast<const std::byte*>(bytes.data()),
                     input.file);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", input.name, error.what()), error.hint());
  }
}

}  // namespace mlopsctl::drift
