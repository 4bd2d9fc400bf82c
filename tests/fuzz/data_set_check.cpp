#include "fuzz/data_set_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/csv.hpp"
#include "mlopsctl/formats/json_table.hpp"
#include "mlopsctl/formats/npy.hpp"
#include "mlopsctl/formats/safetensors.hpp"
#include "mlopsctl/formats/zip.hpp"

#include "drift/schema_file.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::fuzz {

namespace {

// Damage is an Error with a message that can be shown.
void errors_only(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() != ErrorKind::bug, error.what());
    require(is_valid_utf8(error.what()), "a message is not valid UTF-8");
  }
}

void inside(const ArrayLayout& layout, std::string_view bytes) {
  require(layout.offset <= bytes.size() && layout.size <= bytes.size() - layout.offset,
          "an array lies outside of its bytes");
}

void consistent(const ColumnPart& column, std::uint64_t rows) {
  require(column.rows == rows, "a column has not as many rows as its table");
  const std::size_t size = column.kind == ValueKind::real   ? column.reals.size()
                           : column.kind == ValueKind::text ? column.codes.size()
                                                            : column.integers.size();
  require(column.kind == ValueKind::none || size == rows, "a column lost values");
  for (const std::int32_t code : column.codes) {
    require(code >= -1 && code < static_cast<std::int64_t>(column.labels.texts().size()),
            "a code has no label");
  }
}

}  // namespace

void check_npy(std::string_view bytes) {
  errors_only([&] { inside(parse_npy(bytes), bytes); });
}

void check_npz(std::string_view bytes) {
  errors_only([&] {
    for (const ZipMember& member : parse_zip(bytes)) {
      require(member.offset <= bytes.size() && member.packed <= bytes.size() - member.offset,
              "a member lies outside of its archive");
      if (!member.deflated || member.size > (1U << 24U)) continue;
      errors_only([&] {
        std::string unpacked(member.size, '\0');
        unpack_zip_member(bytes, member, unpacked.data());
        check_npy(unpacked);
      });
    }
  });
}

void check_safetensors(std::string_view bytes) {
  errors_only([&] {
    for (const ArrayLayout& layout : parse_safetensors(bytes, bytes.size()).tensors) {
      inside(layout, bytes);
    }
  });
}

void check_csv(std::string_view bytes) {
  const char delimiter = guess_csv_delimiter(bytes);
  const std::optional<CsvRecord> header = first_csv_record(bytes, delimiter);
  if (!header) return;
  require(header->end <= bytes.size() && !header->fields.empty(), "a record without an end");
  const std::string_view rows = bytes.substr(header->end);
  const MissingMarkers missing({"", "NA"});
  CsvPlan plan;
  plan.delimiter = delimiter;
  plan.names = header->fields;
  plan.columns.resize(plan.names.size());
  const CsvPart whole = parse_csv(rows, plan, missing);
  if (whole.problem) {
    require(whole.problem->offset <= rows.size(), "a problem outside of the text");
    return;
  }
  for (const ColumnPart& column : whole.columns) consistent(column, whole.rows);

  std::uint64_t counted = 0;
  std::vector<ValueKind> kinds(plan.names.size(), ValueKind::none);
  for (std::string_view rest = rows; !rest.empty();) {
    const std::size_t end = csv_cut(rest, 16, delimiter).value_or(rest.size());
    require(end > 0 && end <= rest.size(), "a cut that leads nowhere");
    const CsvPart part = parse_csv(rest.substr(0, end), plan, missing);
    require(!part.problem, "a part is damaged, the whole is not");
    counted += part.rows;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      kinds[i] = joined(kinds[i], part.columns[i].kind);
    }
    rest.remove_prefix(end);
  }
  require(counted == whole.rows, "the parts have not as many rows as the whole");
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    require(kinds[i] == whole.columns[i].kind, "the parts have another kind than the whole");
  }
}

void check_json_table(std::string_view bytes) {
  const JsonTablePart part =
      parse_json_table(bytes, [](const std::string&) { return ColumnPlan{}; });
  if (part.problem) {
    require(part.problem->offset <= bytes.size(), "a problem outside of the text");
    return;
  }
  for (const auto& [name, column] : part.columns) consistent(column, part.rows);
}

void check_schema(std::string_view bytes) {
  errors_only([&] { drift::parse_schema(bytes, "the schema"); });
}

void check_data_set(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::string_view rest = bytes.substr(1);
  switch (bytes.front()) {
    case 'n':
      return check_npy(rest);
    case 'z':
      return check_npz(rest);
    case 's':
      return check_safetensors(rest);
    case 'j':
      return check_json_table(rest);
    case 'y':
      return check_schema(rest);
    default:
      return check_csv(rest);
  }
}

}  // namespace mlopsctl::fuzz
