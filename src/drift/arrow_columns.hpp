// Arrow's arrays as typed columns and matrices.
#pragma once

#include "mlopsctl/base/number_type.hpp"
#include "mlopsctl/formats/table_part.hpp"
#include "mlopsctl/platform/arrow_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

// What a column of this type is; none: it is no column of a table (lists, structures, bytes).
std::optional<ValueKind> kind_of(const ArrowSchema& schema);
// The number type of a list of numbers.
std::optional<NumberType> list_of(const ArrowSchema& schema);

// A column as `plan` asks, of which the kind is that of the schema or one that all values fit in
// (text fits always). Throws Error{corrupt} (without file and column) for values that do not fit.
ColumnPart column_from(const ArrowSchema& schema, const ArrowArray& array, const ColumnPlan& plan);

// Appends the rows of lists to `bytes`. All rows have `width` values; 0 is set by the first row.
// Missing lists and values become NaN. Throws Error{corrupt} if the lengths differ, or something is
// missing among integers.
void append_lists(const ArrowSchema& schema, const ArrowArray& array, std::uint64_t& width,
                  std::vector<std::byte>& bytes);

}  // namespace mlopsctl::drift
