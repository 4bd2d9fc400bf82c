// Tab-separated lines for `cut`, `awk` and `while read`: no header, nothing cut, no colour.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/report.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

// A tab or newline inside a value would break the row.
std::string tsv(const Cell& cell) { return printable(plain_text(cell.value)); }

struct PipeWriter {
  std::string& out;
  bool named;  // several sections: each line starts with its section's key

  void operator()(const Field& field) const {
    out += fmt::format("{}\t{}\n", field.key, tsv(field.cell));
  }
  void operator()(const Group& group) const {
    for (const auto& entry : group.entries) {
      if (named) out += group.key + '\t';
      out += fmt::format("{}\t{}\n", printable(entry.key), tsv(entry.cell));
    }
  }
  void operator()(const Table& table) const {
    for (const auto& row : table.rows) {
      if (named) out += table.key + '\t';
      bool first = true;
      for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
        if (!table.columns[i].pipe) continue;
        if (!first) out += '\t';
        first = false;
        out += tsv(row[i]);
      }
      out += '\n';
    }
  }
  void operator()(const TextBlock& block) const { out += block.text; }
};

}  // namespace

Rendered render_pipe(const Report& report, const Terminal& terminal, bool quiet) {
  Rendered rendered;
  if (report.pipe_answer()) {
    rendered.out = tsv(*report.pipe_answer()) + '\n';
  } else {
    for (const auto& section : report.sections()) {
      std::visit(PipeWriter{rendered.out, report.sections().size() > 1}, section);
    }
  }
  for (const auto& finding : report.findings()) {
    if (quiet && finding.severity == Severity::note) continue;
    const bool note = finding.severity == Severity::note;
    const Style style = finding.severity == Severity::bad ? Style::red : Style::yellow;
    rendered.err += note ? "" : styled("warning: ", style, terminal.color_err);
    rendered.err += printable(finding.message) + '\n';
  }
  if (!quiet && !report.conclusion().empty()) rendered.err += printable(report.conclusion()) + '\n';
  if (!quiet) {
    for (const auto& section : report.sections()) {
      const auto* table = std::get_if<Table>(&section);
      if (table != nullptr && table->rows.empty() && !table->when_empty.empty()) {
        rendered.err += table->when_empty + '\n';
      }
    }
  }
  return rendered;
}

}  // namespace mlopsctl
