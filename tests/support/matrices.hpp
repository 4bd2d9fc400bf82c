// Matrices for tests: built from doubles, stored in any number type, order and byte order.
#pragma once

#include "mlopsctl/compute/matrix.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

namespace mlopsctl::testing {

struct Layout {
  bool by_column = false;     // Fortran order
  bool swapped = false;       // the other byte order
  std::uint64_t padding = 0;  // bytes after each row (or column)
};

// rows × columns values of a C++ type, value(row, column) each.
template <class T, class Value>
MatrixPart stored(NumberType type, std::uint64_t rows, std::uint64_t columns, Layout layout,
                  Value&& value) {
  const std::uint64_t line =
      (layout.by_column ? rows : columns) * sizeof(T) + layout.padding * sizeof(T);
  const std::uint64_t lines = layout.by_column ? columns : rows;
  auto bytes = std::make_shared<std::vector<std::byte>>(line * lines + 1);
  MatrixPart part;
  part.data = bytes->data();
  part.type = type;
  part.swapped = layout.swapped;
  part.rows = rows;
  part.columns = columns;
  part.row_stride = static_cast<std::int64_t>(layout.by_column ? sizeof(T) : line);
  part.column_stride = static_cast<std::int64_t>(layout.by_column ? line : sizeof(T));
  for (std::uint64_t r = 0; r < rows; ++r) {
    for (std::uint64_t c = 0; c < columns; ++c) {
      const T one = static_cast<T>(value(r, c));
      auto* at = bytes->data() + static_cast<std::int64_t>(r) * part.row_stride +
                 static_cast<std::int64_t>(c) * part.column_stride;
      std::memcpy(at, &one, sizeof one);
      if (layout.swapped) std::reverse(at, at + sizeof one);
    }
  }
  part.owner = bytes;
  return part;
}

template <class T, class Value>
Matrix matrix_of(NumberType type, std::uint64_t rows, std::uint64_t columns, Value&& value,
                 Layout layout = {}) {
  return {.parts = {stored<T>(type, rows, columns, layout, value)}};
}

}  // namespace mlopsctl::testing
