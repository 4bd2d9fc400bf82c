#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/terminal.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "ui/axis.hpp"
#include "ui/canvas.hpp"
#include "ui/terminal_curve.hpp"
#include "ui/terminal_legend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl {

namespace {

// Letters on the curves, so that they can be told apart without colour too.
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::array palette{Style::cyan,   Style::magenta, Style::green,
                             Style::yellow, Style::blue,    Style::red};
constexpr int min_width = 20;
constexpr int min_height = 6;
constexpr int min_rows = 3;  // of the plot itself

struct Glyphs {
  std::string_view tick, wall, corner, floor, floor_tick, point, above, below;
};
constexpr Glyphs unicode_glyphs{"┤", "│", "└", "─", "┬", "●", "▲", "▼"};
constexpr Glyphs ascii_glyphs{"+", "|", "+", "-", "+", "*", "^", "v"};

std::string_view letter(std::size_t curve) { return letters.substr(curve % letters.size(), 1); }

Style curve_style(std::size_t curve) { return palette[curve % palette.size()]; }

// A text of `width` columns into which labels are put where they do not touch each other.
class LabelRow {
 public:
  explicit LabelRow(int width) : text_(static_cast<std::size_t>(width), ' ') {}

  void put_centred(int column, const std::string& label) {
    const int width = static_cast<int>(text_.size());
    const int length = static_cast<int>(label.size());
    const int start = std::clamp(column - length / 2, 0, std::max(0, width - length));
    if (length > width || start < free_from_) return;
    text_.replace(static_cast<std::size_t>(start), label.size(), label);
    free_from_ = start + length + 1;
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  int free_from_ = 0;
};

class TerminalPlot {
 public:
  TerminalPlot(const Chart& chart, const PlotOptions& options)
      : chart_(chart),
        options_(options),
        glyphs_(options.unicode ? unicode_glyphs : ascii_glyphs),
        width_(std::max(options.width, min_width)),
        height_(std::max(options.height, min_height)) {
    if (options.smoothing > 0) {
      for (Curve& curve : chart_.curves) curve.y = smoothed(curve.y, options.smoothing);
    }
  }

  std::string draw() {
    ranges_ = chart_ranges(chart_, options_.log_x, options_.log_y);
    std::string text = title_line() + '\n';
    if (ranges_.x.empty() || ranges_.y.empty())
      return text + fitted(nothing_to_draw(), width_, options_.unicode) + '\n';

    const auto legend = several()
                            ? legend_lines(legend_entries(), width_, height_ - 3 - min_plot_share(),
                                           options_.unicode, options_.color)
                            : std::vector<std::string>{};
    lay_out(height_ - 3 - static_cast<int>(legend.size()));
    Canvas canvas(columns_, rows_, options_.unicode);
    draw_curves(canvas);
    text += plot_lines(canvas) + axis_lines();
    for (const std::string& line : legend) text += line + '\n';
    return text;
  }

 private:
  bool several() const { return chart_.curves.size() > 1; }

  // The legend may take what half of the height leaves.
  int min_plot_share() const { return std::max(min_rows, (height_ - 3) / 2); }

  std::string title_line() const {
    std::string note;
    if (chart_.curves.size() == 1 && !chart_.curves[0].label.empty()) {
      note += "  " + printable(chart_.curves[0].label);
    }
    if (options_.log_y) note += "  log scale";
    if (options_.smoothing > 0) note += fmt::format("  smoothed {:g}", options_.smoothing);
    std::string title = fitted(chart_.title, width_ - 1, options_.unicode);
    note = fitted(note, width_ - 1 - display_width(title), options_.unicode);
    return " " + styled(title, Style::bold, options_.color) +
           (note.empty() ? "" : styled(note, Style::dim, options_.color));
  }

  std::string nothing_to_draw() const {
    bool log_scale = options_.log_x || options_.log_y;
    Ranges linear = chart_ranges(chart_, false, false);
    if (log_scale && !linear.x.empty() && !linear.y.empty()) {
      return " no values above zero to draw on a log scale";
    }
    if (!linear.x.empty()) return " only infinite values: nothing to draw";
    for (const Curve& curve : chart_.curves) {
      if (!curve.y.empty()) return " only NaN values: nothing to draw";
    }
    return " no points yet";
  }

  std::vector<LegendEntry> legend_entries() const {
    std::vector<LegendEntry> entries;
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) {
      std::string marker(letter(i));
      if (options_.unicode) marker = "─" + marker + "─";
      entries.push_back({marker, chart_.curves[i].label, curve_style(i)});
    }
    return entries;
  }

  void lay_out(int rows) {
    rows_ = std::max(rows, min_rows);
    y_axis_ = make_axis(ranges_.y, {.wanted = std::clamp(rows_ / (options_.log_y ? 2 : 3), 2, 10),
                                    .log_scale = options_.log_y});
    for (const std::string& label : y_axis_.labels) {
      gutter_ = std::max(gutter_, static_cast<int>(label.size()));
    }
    x_label_ = fitted(chart_.x_label, std::max(gutter_, std::min(8, width_ / 5)), options_.unicode);
    gutter_ = std::max(gutter_, display_width(x_label_)) + 1;
    columns_ = std::max(1, width_ - gutter_ - 1);
    x_axis_ = make_axis(ranges_.x, {.wanted = std::max(2, columns_ / 12),
                                    .log_scale = options_.log_x,
                                    .integral = has_integral_x(chart_)});
  }

  void draw_curves(Canvas& canvas) const {
    std::vector<CurveTrace> traces(chart_.curves.size());
    for (std::size_t i = chart_.curves.size(); i-- > 0;) {  // the first ends on top
      std::string_view mark = several() ? letter(i) : glyphs_.point;
      Pen pen{curve_style(i), mark};
      CurveGlyphs glyphs{mark, glyphs_.above, glyphs_.below};
      traces[i] = draw_curve(canvas, chart_.curves[i], x_axis_, y_axis_, pen, glyphs, columns_);
    }
    if (several() && options_.unicode) put_letters(canvas, traces);
  }

  // Every curve gets its letter again and again, each curve in other columns.
  void put_letters(Canvas& canvas, const std::vector<CurveTrace>& traces) const {
    const int count = static_cast<int>(traces.size());
    const int period = std::max(columns_ / 3, std::min(2 * count, columns_));
    for (int i = 0; i < count; ++i) {
      const CurveTrace& trace = traces[static_cast<std::size_t>(i)];
      auto row_at = [&](int column) { return trace[static_cast<std::size_t>(column)]; };
      auto put = [&](int column) {
        canvas.put(column, row_at(column), letter(static_cast<std::size_t>(i)),
                   curve_style(static_cast<std::size_t>(i)));
      };
      bool marked = false;
      for (int column = period * (2 * i + 1) / (2 * count); column < columns_; column += period) {
        if (row_at(column) < 0 || canvas.has_text(column, row_at(column))) continue;
        put(column);
        marked = true;
      }
      for (int column = columns_ - 1; column >= 0 && !marked; --column) {
        if (row_at(column) < 0) continue;
        marked = true;
        put(column);
      }
    }
  }

  std::string plot_lines(const Canvas& canvas) const {
    std::vector<std::string> labels(static_cast<std::size_t>(rows_));
    const int dots_high = canvas.dots_high();
    for (std::size_t i = 0; i < y_axis_.ticks.size(); ++i) {
      double share = std::clamp(y_axis_.position(y_axis_.ticks[i]), 0.0, 1.0);
      int row = canvas.row_of(static_cast<int>(std::lround(share * (dots_high - 1))));
      auto& label = labels[static_cast<std::size_t>(row)];
      if (label.empty()) label = y_axis_.labels[i];
    }
    std::string text;
    for (int row = 0; row < rows_; ++row) {
      const std::string& label = labels[static_cast<std::size_t>(row)];
      text +=
          fmt::format("{:>{}}{}{}\n", label, gutter_, label.empty() ? glyphs_.wall : glyphs_.tick,
                      canvas.row_text(row, options_.color));
    }
    return text;
  }

  std::string axis_lines() const {
    std::vector<bool> has_tick(static_cast<std::size_t>(columns_));
    LabelRow labels(columns_);
    for (std::size_t i = 0; i < x_axis_.ticks.size(); ++i) {
      double share = std::clamp(x_axis_.position(x_axis_.ticks[i]), 0.0, 1.0);
      auto column = static_cast<int>(std::lround(share * (columns_ - 1)));
      has_tick[static_cast<std::size_t>(column)] = true;
      labels.put_centred(column, x_axis_.labels[i]);
    }
    std::string text = fmt::format("{:{}}{}", "", gutter_, glyphs_.corner);
    for (bool tick : has_tick) text += tick ? glyphs_.floor_tick : glyphs_.floor;
    std::string label_row = labels.text();
    label_row.erase(label_row.find_last_not_of(' ') + 1);
    text +=
        fmt::format("\n{:{}}{} {}\n", "", gutter_ - display_width(x_label_), x_label_, label_row);
    return text;
  }

  Chart chart_;
  PlotOptions options_;
  Glyphs glyphs_;
  int width_;
  int height_;
  Ranges ranges_;
  Axis x_axis_;
  Axis y_axis_;
  std::string x_label_;
  int gutter_ = 0;  // columns left of the y axis
  int columns_ = 0;
  int rows_ = 0;
};

}  // namespace

std::string terminal_plot(const Chart& chart, const PlotOptions& options) {
  return TerminalPlot(chart, options).draw();
}

}  // namespace mlopsctl
