// The view for a person: aligned fields, border-free tables, the conclusion last.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/report.hpp"

#include "ui/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

class TerminalWriter {
 public:
  TerminalWriter(const Report& report, const Terminal& terminal, Timestamp now)
      : terminal_(terminal), now_(now) {
    for (const auto& section : report.sections()) {
      if (const auto* field = std::get_if<Field>(&section)) {
        label_width_ = std::max(label_width_, display_width(field->label));
      }
      several_ = several_ || report.sections().size() > 1;
    }
  }

  void operator()(const Field& field) {
    if (last_ == Last::block) out_ += '\n';
    last_ = Last::field;
    const std::string shown = shown_text(field.cell, now_);
    const int padding = label_width_ - display_width(field.label) + 2;
    out_ += styled(field.label, Style::dim, terminal_.color_out);
    out_.append(static_cast<std::size_t>(padding), ' ');
    out_ += styled(shown, field.cell.style, terminal_.color_out) + '\n';
  }

  void operator()(const Group& group) {
    if (group.entries.empty()) return;
    heading(group.heading.empty() ? group.key : group.heading);
    int width = 0;
    for (const auto& entry : group.entries) {
      width = std::max(width, display_width(printable(entry.key)));
    }
    width = std::min(width, 48);
    for (const auto& entry : group.entries) {
      const std::string key = printable(entry.key);
      const int padding = std::max(width - display_width(key), 0) + 2;
      out_ += "  " + key;
      out_.append(static_cast<std::size_t>(padding), ' ');
      const auto room = static_cast<std::size_t>(std::max(terminal_.width - width - 4, 20));
      out_ += styled(shortened(shown_text(entry.cell, now_), room), entry.cell.style,
                     terminal_.color_out) +
              '\n';
    }
  }

  void operator()(const Table& table) {
    if (table.rows.empty()) {
      if (!table.when_empty.empty()) notes_ += table.when_empty + '\n';
      return;
    }
    if (several_ && !table.heading.empty()) {
      heading(table.heading);
    } else {
      separate();
    }
    out_ += render_table(table, terminal_, now_);
  }

  void operator()(const TextBlock& block) {
    separate();
    out_ += block.text;
  }

  std::string out_;
  std::string notes_;  // for stderr

 private:
  enum class Last { nothing, field, block };

  void separate() {
    if (last_ != Last::nothing) out_ += '\n';
    last_ = Last::block;
  }
  void heading(const std::string& text) {
    separate();
    out_ += styled(text, Style::bold, terminal_.color_out) + '\n';
  }

  const Terminal& terminal_;
  Timestamp now_;
  int label_width_ = 0;
  bool several_ = false;
  Last last_ = Last::nothing;
};

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::note:
      return Style::plain;
    case Severity::warning:
      return Style::yellow;
    case Severity::bad:
      return Style::red;
  }
  return Style::plain;
}

}  // namespace

Rendered render_terminal(const Report& report, const Terminal& terminal, Timestamp now,
                         bool quiet) {
  TerminalWriter writer(report, terminal, now);
  for (const auto& section : report.sections()) std::visit(writer, section);
  Rendered rendered{.out = std::move(writer.out_), .err = ""};
  if (!report.findings().empty() && !rendered.out.empty()) rendered.out += '\n';
  for (const auto& finding : report.findings()) {
    rendered.out +=
        styled(printable(finding.message), style_of(finding.severity), terminal.color_out) + '\n';
  }
  if (!report.conclusion().empty()) {
    if (!rendered.out.empty() && report.findings().empty() && report.sections().size() > 0) {
      rendered.out += '\n';
    }
    rendered.out += printable(report.conclusion()) + '\n';
  }
  if (quiet) return rendered;
  rendered.err = std::move(writer.notes_);
  for (std::size_t i = 0; i < report.suggestions().size(); ++i) {
    rendered.err += fmt::format("{} {}\n", i == 0 ? "next:" : "     ",
                                styled(report.suggestions()[i], Style::cyan, terminal.color_err));
  }
  return rendered;
}

}  // namespace mlopsctl
