#include "eval/task_data.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlopsctl::eval {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

[[noreturn]] void corrupt(const std::string& source, std::size_t line, const std::string& what) {
  throw Error(ErrorKind::corrupt, fmt::format("line {} of {}: {}", line, source, what));
}

void check_object(const YamlValue& row, const std::string& source, std::size_t line) {
  if (!row.is_map()) corrupt(source, line, "is no JSON object");
}

YamlValue json_in(std::string_view text, const std::string& source, std::size_t line) {
  if (!is_valid_utf8(text)) corrupt(source, line, "is not UTF-8");
  try {
    return parse_json(text);
  } catch (const Error& error) {
    corrupt(source, line, error.what());
  }
}

enum class CsvKind { integer, real, boolean, text };

CsvKind kind_of(const std::string& value) {
  if (parse_integer(value)) return CsvKind::integer;
  if (parse_number(value)) return CsvKind::real;
  const bool truth = value == "true" || value == "false" || value == "True" || value == "False";
  return truth ? CsvKind::boolean : CsvKind::text;
}

CsvKind column_kind(const std::vector<std::vector<std::string>>& records, std::size_t column) {
  std::optional<CsvKind> kind;
  for (const auto& record : records) {
    if (record[column].empty()) continue;
    const CsvKind found = kind_of(record[column]);
    if (!kind) kind = found;
    if (*kind == found) continue;
    const bool numbers = *kind != CsvKind::text && found != CsvKind::text &&
                         *kind != CsvKind::boolean && found != CsvKind::boolean;
    if (!numbers) return CsvKind::text;
    kind = CsvKind::real;
  }
  return kind.value_or(CsvKind::text);
}

YamlValue csv_value(const std::string& value, CsvKind kind) {
  if (value.empty()) return {};
  switch (kind) {
    case CsvKind::integer:
      return YamlValue::of_integer(parse_integer(value).value_or(0));
    case CsvKind::real:
      return YamlValue::of_real(parse_number(value).value_or(0));
    case CsvKind::boolean:
      return YamlValue::of_bool(to_lower(value) == "true");
    case CsvKind::text:
      break;
  }
  return YamlValue::of_text(value);
}

}  // namespace

std::vector<YamlValue> json_rows(std::string_view text, const std::string& source) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<YamlValue> rows;
  if (trim(text).starts_with('[')) {
    YamlValue list = json_in(text, source, 1);
    for (YamlValue& row : list.items) {
      check_object(row, source, row.span.line);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (trim(one).empty()) continue;
    rows.push_back(json_in(one, source, line));
    check_object(rows.back(), source, line);
  }
  return rows;
}

std::vector<YamlValue> csv_rows(std::string_view text, const std::string& source) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const auto header = first_csv_record(text, ',');
  if (!header) return {};
  std::vector<std::vector<std::string>> records;
  std::size_t line = 1;
  for (std::size_t at = header->end; at < text.size();) {
    const auto record = first_csv_record(text.substr(at), ',');
    if (!record) break;
    line += static_cast<std::size_t>(std::ranges::count(text.substr(at, record->end), '\n'));
    at += record->end;
    for (const std::string& field : record->fields) {
      if (!is_valid_utf8(field)) corrupt(source, line, "is not UTF-8");
    }
    if (record->fields.size() != header->fields.size()) {
      corrupt(source, line,
              fmt::format("has {} fields, the header has {}", record->fields.size(),
                          header->fields.size()));
    }
    records.push_back(record->fields);
  }
  std::vector<CsvKind> kinds;
  for (std::size_t i = 0; i < header->fields.size(); ++i) kinds.push_back(column_kind(records, i));
  std::vector<YamlValue> rows;
  for (const auto& record : records) {
    YamlValue& row = rows.emplace_back(YamlValue::empty_map());
    for (std::size_t i = 0; i < record.size(); ++i) {
      row.set(header->fields[i], csv_value(record[i], kinds[i]));
    }
  }
  return rows;
}

void complete_columns(std::vector<YamlValue>& rows) {
  std::vector<std::string> names;
  std::set<std::string, std::less<>> known;
  for (const YamlValue& row : rows) {
    for (const YamlEntry& entry : row.entries) {
      if (known.insert(entry.key).second) names.push_back(entry.key);
    }
  }
  for (YamlValue& row : rows) {
    if (row.entries.size() == names.size()) continue;
    for (const std::string& name : names) {
      if (row.find(name) == nullptr) row.set(name, {});
    }
  }
}

}  // namespace mlopsctl::eval
