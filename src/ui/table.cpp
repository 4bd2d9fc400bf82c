#include "ui/table.hpp"

#include "mlopsctl/base/text.hpp"

#include <libsmartcols/libsmartcols.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <memory>
#include <new>

namespace mlopsctl {

namespace {

const char* color_name(Style style) {
  switch (style) {
    case Style::plain:
      return nullptr;
    case Style::bold:
      return "\033[1m";
    case Style::dim:
      return "\033[2m";
    case Style::red:
      return "\033[31m";
    case Style::green:
      return "\033[32m";
    case Style::yellow:
      return "\033[33m";
    case Style::blue:
      return "\033[34m";
    case Style::magenta:
      return "\033[35m";
    case Style::cyan:
      return "\033[36m";
  }
  return nullptr;
}

void checked(int status) {
  if (status != 0) throw std::bad_alloc();  // the only way these calls fail
}

constexpr int column_gap = 2;
constexpr int narrowest_wrap = 16;

// Breaks at spaces, and inside words that are too long, so that no line is wider than `width`.
std::string broken_at_words(const std::string& text, int width) {
  std::string result;
  int used = 0;
  for (const auto& word : split(text, ' ')) {
    const int size = display_width(word);
    if (used > 0 && used + 1 + size <= width) {
      result += ' ';
      ++used;
    } else if (used > 0) {
      result += '\n';
      used = 0;
    }
    for (std::size_t i = 0; i < word.size();) {
      std::size_t next = i + 1;  // the end of the code point
      while (next < word.size() && (static_cast<unsigned char>(word[next]) & 0xC0U) == 0x80U)
        ++next;
      const std::string_view point(word.data() + i, next - i);
      if (used + display_width(point) > width) {
        result += '\n';
        used = 0;
      }
      result += point;
      used += display_width(point);
      i = next;
    }
  }
  return result;
}

// How wide each column that may wrap gets to be: what the others leave, by need.
std::vector<int> wrap_widths(const Table& table, const Terminal& terminal, Timestamp now) {
  std::vector<int> natural(table.columns.size(), 0);
  int fixed = 0, wanted = 0;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!column.terminal) continue;
    natural[i] = display_width(column.header);
    for (const auto& row : table.rows) {
      if (i < row.size()) natural[i] = std::max(natural[i], display_width(shown_text(row[i], now)));
    }
    (column.wrap ? wanted : fixed) += natural[i] + column_gap;
  }
  const int room = terminal.width - fixed;
  for (std::size_t i = 0; i < natural.size(); ++i) {
    // None that is shown may wrap: nothing is wanted.
    if (table.columns[i].wrap && wanted > 0 && wanted > room) {
      natural[i] = std::max(narrowest_wrap, natural[i] * room / wanted - column_gap);
    }
  }
  return natural;
}

// Spaces at the end of lines are noise in logs and golden files.
std::string without_trailing_spaces(std::string_view text) {
  std::string result;
  for (const auto& line : split(text, '\n')) {
    const auto end = line.find_last_not_of(' ');
    if (end != std::string::npos) result.append(line, 0, end + 1);
    result += '\n';
  }
  while (result.ends_with("\n\n")) result.pop_back();
  return result;
}

}  // namespace

std::string shown_text(const Cell& cell, Timestamp now) {
  return cell.shown.empty() ? human_text(cell.value, now) : cell.shown;
}

std::string render_table(const Table& table, const Terminal& terminal, Timestamp now) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // libsmartcols measures with wcwidth
  const std::unique_ptr<libscols_table, decltype(&scols_unref_table)> scols(scols_new_table(),
                                                                            scols_unref_table);
  if (!scols) throw std::bad_alloc();
  scols_table_set_termforce(scols.get(), SCOLS_TERMFORCE_ALWAYS);
  scols_table_set_termwidth(scols.get(), static_cast<std::size_t>(terminal.width));
  scols_table_enable_colors(scols.get(), terminal.color_out ? 1 : 0);
  checked(scols_table_set_column_separator(scols.get(), "  "));

  std::vector<std::size_t> shown;  // indices of the columns that the terminal gets
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!column.terminal) continue;
    shown.push_back(i);
    int flags = column.right ? SCOLS_FL_RIGHT : 0;
    if (column.shrink) flags |= SCOLS_FL_TRUNC;
    if (column.wrap) flags |= SCOLS_FL_WRAP;
    auto* made = scols_table_new_column(scols.get(), printable(column.header).c_str(),
                                        column.shrink || column.wrap ? 0.1 : 0, flags);
    if (made == nullptr) throw std::bad_alloc();
    if (column.wrap) {
      checked(scols_column_set_safechars(made, "\n"));
      checked(
          scols_column_set_wrapfunc(made, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, nullptr));
    }
    if (terminal.color_out) checked(scols_cell_set_color(scols_column_get_header(made), "\033[1m"));
  }
  const std::vector<int> widths = wrap_widths(table, terminal, now);
  for (const auto& row : table.rows) {
    auto* line = scols_table_new_line(scols.get(), nullptr);
    if (line == nullptr) throw std::bad_alloc();
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (shown[i] >= row.size()) continue;
      const Cell& cell = row[shown[i]];
      std::string text = printable(shown_text(cell, now));
      if (table.columns[shown[i]].wrap) text = broken_at_words(text, widths[shown[i]]);
      checked(scols_line_set_data(line, i, text.c_str()));
      const char* color = color_name(cell.style);
      if (terminal.color_out && color != nullptr) {
        checked(scols_cell_set_color(scols_line_get_cell(line, i), color));
      }
    }
  }
  char* text = nullptr;
  checked(scols_print_table_to_string(scols.get(), &text));
  const std::unique_ptr<char, decltype(&std::free)> owner(text, std::free);
  return without_trailing_spaces(text);
}

}  // namespace mlopsctl
