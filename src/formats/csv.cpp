#include "mlopsctl/formats/csv.hpp"

#include "mlopsctl/base/text.hpp"

#include "formats/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlopsctl {

namespace {

struct Problem {
  std::string message;
  std::string hint;
};

// One pass over a part. Numbers in columns of numbers take the short way: scanned and converted in
// place. Everything else is cut out as a text first.
class Parser {
 public:
  Parser(std::string_view text, const CsvPlan& plan, const MissingMarkers& missing, CsvPart& part)
      : text_(text),
        p_(text.data()),
        end_(p_ + text.size()),
        plan_(plan),
        missing_(missing),
        delimiter_(plan.delimiter),
        part_(part),
        columns_(plan.columns.size()) {
    part_.columns.resize(plan.columns.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      columns_[i] = {&part_.columns[i], plan.columns[i].skip, plan.columns[i].fixed, false};
      if (!plan.columns[i].skip) part_.columns[i].become(plan.columns[i].kind);
    }
  }

  // Columns whose earlier values have to be read again, as text.
  std::vector<std::size_t> run() {
    try {
      while (skip_empty_lines()) {
        record_ = p_;
        record();
        if (++part_.rows == 64) reserve();
      }
    } catch (Problem& problem) {
      part_.problem = TableProblem{static_cast<std::size_t>(record_ - text_.data()),
                                   std::move(problem.message), std::move(problem.hint)};
    }
    std::vector<std::size_t> stale;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].stale) stale.push_back(i);
    }
    return stale;
  }

 private:
  struct Target {
    ColumnPart* part = nullptr;
    bool skip = false;
    bool fixed = false;
    bool stale = false;
  };

  bool skip_empty_lines() {
    while (p_ != end_) {
      if (*p_ == '\n') {
        ++p_;
      } else if (*p_ == '\r' && (p_ + 1 == end_ || p_[1] == '\n')) {
        p_ += p_ + 1 == end_ ? 1 : 2;
      } else {
        return true;
      }
    }
    return false;
  }

  void record() {
    const std::size_t count = columns_.size();
    for (std::size_t column = 0;;) {
      field(column);
      if (at_record_end()) {
        if (column + 1 != count) ragged(column + 1);
        if (p_ != end_) p_ += *p_ == '\r' && p_ + 1 != end_ ? 2 : 1;
        return;
      }
      ++p_;
      if (++column == count) ragged(count_rest(column));
    }
  }

  // Behind a field: either a delimiter, or a line end, or the end. A CR before an LF belongs to it.
  bool at_field_end() const {
    return p_ == end_ || *p_ == delimiter_ || *p_ == '\n' ||
           (*p_ == '\r' && p_ + 1 != end_ && p_[1] == '\n');
  }
  bool at_record_end() const { return p_ == end_ || *p_ != delimiter_; }

  void field(std::size_t column) {
    Target& target = columns_[column];
    if (target.skip) {
      take_text();
      return;
    }
    ColumnPart& part = *target.part;
    if (part.kind == ValueKind::real || part.kind == ValueKind::integer ||
        part.kind == ValueKind::none) {
      const char* const begin = p_;
      const Number number = scan_number(p_, end_);
      if (number.what != Scanned::none && at_field_end() && add_number(target, number)) return;
      p_ = begin;
    }
    bool copied = false;
    const std::string_view value = take_text(&copied);
    add_value(target, column, value, copied);
  }

  // False if the column cannot take it as a number.
  static bool add_number(Target& target, const Number& number) {
    ColumnPart& part = *target.part;
    if (part.kind == ValueKind::real) {
      part.add_real(number.real);
      return true;
    }
    if (number.what == Scanned::integer) {
      part.become(ValueKind::integer);
      part.add_integer(number.integer);
      return true;
    }
    if (target.fixed && part.kind == ValueKind::integer) return false;
    part.become(ValueKind::real);
    part.add_real(number.real);
    return true;
  }

  // Any field that is no plain number of a column of numbers.
  void add_value(Target& target, std::size_t column, std::string_view value, bool copied) {
    ColumnPart& part = *target.part;
    const std::string_view trimmed = trim(value);
    if (missing_.contains(trimmed)) {
      part.add_missing();
      return;
    }
    switch (part.kind) {
      case ValueKind::none:
        if (target.fixed) break;  // only missing values are allowed, which does not happen
        if (add_as_number(target, trimmed) || add_as_boolean(part, trimmed, false) ||
            add_as_time(part, trimmed, false)) {
          return;
        }
        part.become(ValueKind::text);
        part.add_text(value, copied);
        return;
      case ValueKind::integer:
      case ValueKind::real:
        if (add_as_number(target, trimmed)) return;
        break;
      case ValueKind::boolean:
        if (add_as_boolean(part, trimmed, target.fixed)) return;
        break;
      case ValueKind::time:
        if (add_as_time(part, trimmed, target.fixed)) return;
        break;
      case ValueKind::text:
        part.add_text(value, copied);
        return;
    }
    if (target.fixed) {
      throw Problem{fmt::format("column {} is {}, and {} is not", quote(plan_.names[column]),
                                to_string(part.kind), quote(trimmed)),
                    ""};
    }
    target.stale = true;
    target.skip = true;
  }

  static bool add_as_number(Target& target, std::string_view text) {
    const Number number = parse_decimal(text);
    return number.what != Scanned::none && add_number(target, number);
  }
  static bool add_as_boolean(ColumnPart& part, std::string_view text, bool lenient) {
    const std::optional<bool> value = parse_boolean(text, lenient);
    if (!value) return false;
    part.become(ValueKind::boolean);
    part.add_integer(*value ? 1 : 0);
    return true;
  }
  static bool add_as_time(ColumnPart& part, std::string_view text, bool numbers_too) {
    std::optional<std::int64_t> time = parse_iso_time(text);
    if (!time && numbers_too) {
      const Number number = parse_decimal(text);
      if (number.what != Scanned::none) time = epoch_time(number.real);
    }
    if (!time) return false;
    part.become(ValueKind::time);
    part.add_integer(*time);
    return true;
  }

  // The field at p_ without its quotes; p_ is moved to its end. Fields that are not one piece of
  // the text are put together in unquoted_, `copied` says so.
  std::string_view take_text(bool* copied = nullptr) {
    if (p_ != end_ && *p_ == '"') return take_quoted(copied);
    const char* const begin = p_;
    while (p_ != end_ && *p_ != delimiter_ && *p_ != '\n') ++p_;
    if (p_ != begin && p_[-1] == '\r' && (p_ == end_ || *p_ == '\n')) --p_;
    return {begin, static_cast<std::size_t>(p_ - begin)};
  }

  std::string_view take_quoted(bool* copied) {
    const char* const begin = ++p_;
    for (;;) {
      const void* found = std::memchr(p_, '"', static_cast<std::size_t>(end_ - p_));
      if (found == nullptr) {
        throw Problem{"a field in quotes is not closed",
                      "a quote inside of a field in quotes is written twice"};
      }
      p_ = static_cast<const char*>(found);
      if (p_ + 1 == end_ || p_[1] != '"') break;
      return take_escaped(begin, copied);
    }
    const std::string_view plain(begin, static_cast<std::size_t>(p_ - begin));
    ++p_;
    if (at_field_end()) return plain;
    p_ = begin;
    return take_escaped(begin, copied);
  }

  // The slow way: doubled quotes, or characters behind the closing quote, which belong to the
  // field.
  std::string_view take_escaped(const char* begin, bool* copied) {
    unquoted_.clear();
    for (p_ = begin; p_ != end_; ++p_) {
      if (*p_ == '"') {
        if (p_ + 1 == end_ || p_[1] != '"') break;
        ++p_;
      }
      unquoted_ += *p_;
    }
    if (p_ == end_) {
      throw Problem{"a field in quotes is not closed",
                    "a quote inside of a field in quotes is written twice"};
    }
    for (++p_; !at_field_end(); ++p_) unquoted_ += *p_;
    if (copied != nullptr) *copied = true;
    return unquoted_;
  }

  // How many fields the record has, from `column` on.
  std::size_t count_rest(std::size_t column) {
    for (;;) {
      take_text();
      ++column;
      if (at_record_end()) return column;
      ++p_;
    }
  }

  [[noreturn]] void ragged(std::size_t found) const {
    throw Problem{fmt::format("{} field{}, where the header has {}", found, found == 1 ? "" : "s",
                              columns_.size()),
                  "a field that holds the delimiter or a line end is put in quotes"};
  }

  // After some rows it can be told how many the part has.
  void reserve() {
    const auto used = static_cast<std::size_t>(p_ - text_.data());
    const std::size_t rows = text_.size() / (used / 64 + 1) * 17 / 16 + 64;
    for (const Target& target : columns_) {
      switch (target.part->kind) {
        case ValueKind::none:
          break;
        case ValueKind::real:
          target.part->reals.reserve(rows);
          break;
        case ValueKind::text:
          target.part->codes.reserve(rows);
          break;
        default:
          target.part->integers.reserve(rows);
      }
    }
  }

  std::string_view text_;
  const char* p_;
  const char* end_;
  const char* record_ = nullptr;
  const CsvPlan& plan_;
  const MissingMarkers& missing_;
  char delimiter_;
  CsvPart& part_;
  std::vector<Target> columns_;
  std::string unquoted_;
};

}  // namespace

CsvPart parse_csv(std::string_view text, const CsvPlan& plan, const MissingMarkers& missing) {
  CsvPart part;
  const std::vector<std::size_t> stale = Parser(text, plan, missing, part).run();
  if (stale.empty() || part.problem) return part;
  CsvPlan again = plan;
  for (ColumnPlan& column : again.columns) column.skip = true;
  for (const std::size_t column : stale) again.columns[column] = {ValueKind::text, false, false};
  CsvPart second;
  Parser(text, again, missing, second).run();
  for (const std::size_t column : stale) {
    part.columns[column] = std::move(second.columns[column]);
  }
  return part;
}

}  // namespace mlopsctl
