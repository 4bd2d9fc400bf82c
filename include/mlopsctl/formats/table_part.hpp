// Typed columns of a part of a table, as the readers of text formats make them. Types are inferred
// from every value; parts of one table are joined afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// What the values of a column are. `none`: all are missing so far.
enum class ValueKind : std::uint8_t { none, integer, real, boolean, time, text };
std::string_view to_string(ValueKind kind);
// The kind that holds values of both: integers and reals are reals, any other mix is text.
ValueKind joined(ValueKind a, ValueKind b);

// Strings as numbers, in order of appearance. Strings that do not live as long as the bytes they
// are read from are kept here.
class Labels {
 public:
  Labels() = default;
  Labels(Labels&&) noexcept = default;  // never copied: texts_ points into kept_
  Labels& operator=(Labels&&) noexcept = default;

  std::int32_t code(std::string_view text);         // `text` must outlive this object
  std::int32_t code_copied(std::string_view text);  // keeps a copy
  const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  std::size_t find(std::string_view text, std::uint32_t hash) const;
  void grow();
  std::string_view keep(std::string_view text);

  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> hashes_;
  std::vector<std::int32_t> slots_;  // open addressing, -1 is free; a power of two
  std::vector<std::unique_ptr<char[]>> kept_;
  std::size_t room_ = 0;  // free bytes in the last of them
  char* free_ = nullptr;
};

struct ColumnPart {
  ValueKind kind = ValueKind::none;
  std::uint64_t rows = 0;
  // Of integer, boolean and time (milliseconds since 1970): 0 where missing, and the rows that are.
  std::vector<std::int64_t> integers;
  std::vector<std::uint32_t> missing;
  std::vector<double> reals;        // of real: NaN where missing
  std::vector<std::int32_t> codes;  // of text: -1 where missing
  Labels labels;

  void add_missing();
  void add_integer(std::int64_t value) {  // integer, boolean, time
    integers.push_back(value);
    ++rows;
  }
  void add_real(double value) {
    reals.push_back(value);
    ++rows;
  }
  void add_text(std::string_view text, bool copy);  // `text` must outlive the part unless copied
  // From none to any kind, or from integer to real.
  void become(ValueKind to);
};

// How a column is to be read.
struct ColumnPlan {
  ValueKind kind = ValueKind::none;  // what other parts found: the kind will be joined with it
  bool fixed = false;                // other values are a problem, not another kind
  bool skip = false;
};

// Values that mean "missing", compared after trimming.
class MissingMarkers {
 public:
  explicit MissingMarkers(std::vector<std::string> words);
  bool contains(std::string_view text) const {
    return text.size() < 64 && ((lengths_ >> text.size()) & 1U) != 0 && find(text);
  }

 private:
  bool find(std::string_view text) const;

  std::vector<std::string> words_;
  std::uint64_t lengths_ = 0;  // bit n: there is a word of n bytes
};

// The first thing in a part that cannot be.
struct TableProblem {
  std::size_t offset = 0;  // of the record in the text of the part
  std::string message;     // without file and line
  std::string hint;
};

// Words that are no number: "true", "False", … and, where a column is said to be boolean, also 0,
// 1, yes, no, t, f, y, n.
std::optional<bool> parse_boolean(std::string_view text, bool lenient);

// ISO 8601 as CSV and JSON have it: "2026-11-23", then "T" or a space and "07:33", "07:33:52",
// "07:33:52.123456", then "Z", an offset or nothing (UTC). Milliseconds since 1970.
std::optional<std::int64_t> parse_iso_time(std::string_view text);
// Numbers that stand for times: seconds since 1970 below 1e11, else milliseconds (microseconds and
// nanoseconds from 1e14 and 1e17 on). None for what is not finite.
std::optional<std::int64_t> epoch_time(double value);

}  // namespace mlopsctl
