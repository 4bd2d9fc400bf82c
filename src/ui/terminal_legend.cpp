#include "ui/terminal_legend.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr int max_label_width = 40;
constexpr int column_gap = 3;

}  // namespace

std::string fitted(const std::string& text, int width, bool unicode) {
  std::string whole = printable(text);
  if (display_width(whole) <= width) return whole;
  for (int length = width; length > 0; --length) {
    std::string cut = shortened(whole, static_cast<std::size_t>(length));
    constexpr std::string_view ellipsis = "…";
    if (!unicode && cut.ends_with(ellipsis)) cut.replace(cut.size() - ellipsis.size(), 3, "~");
    if (display_width(cut) <= width) return cut;
  }
  return {};
}

std::vector<std::string> legend_lines(const std::vector<LegendEntry>& entries, int width,
                                      int max_lines, bool unicode, bool color) {
  if (max_lines <= 0 || entries.empty()) return {};
  const int marker_width = display_width(entries.front().marker) + 1;
  int label_width = 0;
  for (const LegendEntry& entry : entries) {
    label_width = std::max(label_width, display_width(printable(entry.label)));
  }
  label_width = std::min({label_width, max_label_width, width - marker_width - 1});
  const int entry_width = marker_width + label_width + column_gap;
  const int per_line = std::max(1, (width - 1 + column_gap) / entry_width);
  const int room = per_line * max_lines;
  const int count = static_cast<int>(entries.size());
  const int shown = count <= room ? count : room - 1;

  std::vector<std::string> lines;
  std::string line;
  auto end_line = [&] {
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
    line.clear();
  };
  for (int i = 0; i < shown; ++i) {
    const LegendEntry& entry = entries[static_cast<std::size_t>(i)];
    if (i % per_line == 0 && i > 0) end_line();
    std::string label = fitted(entry.label, label_width, unicode);
    line += fmt::format("{}{} {}{:{}}", line.empty() ? " " : "",
                        styled(entry.marker, entry.style, color && entry.style != Style::plain),
                        label, "", label_width - display_width(label) + column_gap);
  }
  if (shown < count) {
    if (shown % per_line == 0 && shown > 0) end_line();
    std::string rest = fmt::format("{} {} more", unicode ? "…" : "...", count - shown);
    line += (line.empty() ? " " : "") + fitted(rest, entry_width - column_gap, unicode);
  }
  end_line();
  return lines;
}

}  // namespace mlopsctl
