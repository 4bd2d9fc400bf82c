// What a command has to say, independent of how it is shown. Commands fill a Report; the renderers
// turn it into a terminal view, tab-separated lines for a pipe, or JSON.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/terminal.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mlopsctl {

struct Bytes {
  std::uint64_t count = 0;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

// monostate is "absent": null in JSON, empty in a pipe, a dash on a terminal.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Timestamp,
                           Milliseconds, Bytes>;

struct Cell {
  Value value;
  std::string
      shown;  // for the terminal, where it should differ from the plain rendering of `value`
  Style style = Style::plain;

  Cell() = default;
  Cell(Value v) : value(std::move(v)) {}                     // NOLINT: implicit by design
  Cell(const char* text) : value(std::string(text)) {}       // NOLINT
  Cell(std::string text) : value(std::move(text)) {}         // NOLINT
  Cell(std::string_view text) : value(std::string(text)) {}  // NOLINT
  Cell(Value v, std::string s, Style st = Style::plain)
      : value(std::move(v)), shown(std::move(s)), style(st) {}
};

// Of a number of things.
inline Cell count_cell(std::uint64_t value) { return {Value(static_cast<std::int64_t>(value))}; }

struct Column {
  std::string key;       // JSON name, stable
  std::string header;    // terminal heading
  bool right = false;    // numbers
  bool shrink = false;   // may be cut with an ellipsis where the terminal is narrow
  bool wrap = false;     // may take several lines where the terminal is narrow
  bool terminal = true;  // false: not on the terminal
  bool pipe = true;      // false: not in a pipe, whose columns must stay where they are
};

struct Table {
  std::string key;
  std::string heading;  // above the table where a report has several; may be empty
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::string when_empty;  // a note for stderr: "no runs yet: mlopsctl run start"

  void add(std::vector<Cell> row) { rows.push_back(std::move(row)); }
};

struct NamedCell {
  std::string key;
  Cell cell;
};

// An object inside the report: params, tags.
struct Group {
  std::string key;
  std::string heading;
  std::vector<NamedCell> entries;
};

// Preformatted text: a picture on the terminal, a string in JSON.
struct TextBlock {
  std::string key;
  std::string text;
};

struct Field {
  std::string key;
  std::string label;
  Cell cell;
};

enum class Severity { note, warning, bad };
struct Finding {
  Severity severity = Severity::note;
  std::string message;
};

using ByteSink = std::function<void(std::string_view)>;

class Report {
 public:
  using Section = std::variant<Field, Group, Table, TextBlock>;

  // schema such as "run.list/1": JSON output carries "mlopsctl.run.list/1".
  explicit Report(std::string schema) : schema_(std::move(schema)) {}

  Report& field(std::string key, std::string label, Cell cell);
  Report& group(Group group);
  Table& table(Table table);  // valid until the next section is added
  Report& text(std::string key, std::string text);
  Report& finding(Severity severity, std::string message);

  // The one value a script wants: in a pipe nothing else is printed.
  Report& answer(std::string key, std::string label, Cell cell);
  // The conclusion, last line on a terminal; stderr in a pipe.
  Report& summary(std::string text);
  // What one would type next; terminal only.
  Report& next(std::string command);
  // Replaces everything on stdout by a document that the command writes itself (an export, a
  // script).
  Report& document(std::function<void(const ByteSink&)> writer);
  Report& verdict(ExitCode code);

  const std::string& schema() const { return schema_; }
  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Finding>& findings() const { return findings_; }
  const std::optional<Cell>& pipe_answer() const { return pipe_answer_; }
  const std::string& conclusion() const { return summary_; }
  const std::vector<std::string>& suggestions() const { return next_; }
  const std::function<void(const ByteSink&)>& writer() const { return writer_; }
  ExitCode code() const { return code_; }

 private:
  std::string schema_;
  std::vector<Section> sections_;
  std::vector<Finding> findings_;
  std::optional<Cell> pipe_answer_;
  std::string summary_;
  std::vector<std::string> next_;
  std::function<void(const ByteSink&)> writer_;
  ExitCode code_ = ExitCode::done;
};

// Renderings of a value: JSON is the renderer's business.
std::string plain_text(const Value& value);  // pipes: exact, RFC 3339, numbers in full
std::string human_text(const Value& value, Timestamp relative_to);  // terminals

struct Rendered {
  std::string out;
  std::string err;
};
Rendered render_terminal(const Report& report, const Terminal& terminal, Timestamp now, bool quiet);
Rendered render_pipe(const Report& report, const Terminal& terminal, bool quiet);
Rendered render_json(const Report& report);

// One line for stderr: {"schema":"mlopsctl.error/1","error":{…},"exit_code":1}
std::string render_error_json(const Error& error, ExitCode code);

}  // namespace mlopsctl
