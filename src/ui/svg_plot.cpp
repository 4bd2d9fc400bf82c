#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/terminal.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "ui/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl {

namespace {

// Okabe and Ito's colours for all kinds of colour vision, without the yellow that white swallows.
constexpr std::array<std::string_view, 7> palette{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#e69f00", "#56b4e9", "#333333"};
// Told apart without colour, and from the curve seven places earlier.
constexpr std::array<std::string_view, 4> dashes{"", "7 3", "2 3", "9 3 2 3"};

constexpr std::size_t max_points = 2000;
constexpr int min_width = 320;
constexpr int min_height = 200;
constexpr double character_width = 7;  // of the 12 px font, about
constexpr double legend_row = 18;

// XML 1.0 text: escaped, and without the characters it cannot hold at all.
std::string xml(std::string_view text) {
  std::string result;
  std::string shown = printable(text);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    std::string_view rest = std::string_view(shown).substr(i);
    if (rest.starts_with("\xef\xbf\xbe") || rest.starts_with("\xef\xbf\xbf")) {
      result += "\xef\xbf\xbd";
      i += 2;
      continue;
    }
    switch (shown[i]) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += shown[i];
    }
  }
  return result;
}

std::string stroke(std::size_t curve) {
  std::string_view dash = dashes[curve / palette.size() % dashes.size()];
  return fmt::format(R"(stroke="{}"{})", palette[curve % palette.size()],
                     dash.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", dash));
}

std::string curve_summary(const Curve& curve) {
  Range range;
  double last = std::nan("");
  for (double value : curve.y) {
    range.include(value, false);
    if (!std::isnan(value)) last = value;
  }
  if (range.empty()) return curve.label;
  return fmt::format("{}: last {}, lowest {}, highest {}", curve.label, human_number(last),
                     human_number(range.low), human_number(range.high));
}

class SvgChart {
 public:
  SvgChart(const Chart& chart, const PlotOptions& options, double top)
      : chart_(chart),
        options_(options),
        width_(std::max(options.width, min_width)),
        height_(std::max(options.height, min_height)),
        top_(top) {}

  double height() const { return height_ + legend_height_; }

  std::string draw() {
    lay_out_legend();
    std::string text =
        fmt::format(R"svg(<g transform="translate(0 {})"><title>{}</title>)svg"
                    R"(<text x="16" y="24" font-size="15" font-weight="600">{}</text>)",
                    top_, xml(chart_.title), xml(chart_.title));
    text += notes() + legend();
    Ranges ranges = chart_ranges(chart_, options_.log_x, options_.log_y);
    if (ranges.x.empty() || ranges.y.empty()) {
      text += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle" fill="#666">no data</text>)",
                          width_ / 2, height() / 2);
    } else {
      lay_out_axes(ranges);
      text += grid();
      for (std::size_t i = chart_.curves.size(); i-- > 0;) text += curve(i);
    }
    return text + "</g>\n";
  }

 private:
  void lay_out_legend() {
    double widest = 0;
    for (const Curve& curve : chart_.curves) {
      widest =
          std::max(widest, std::min(40, display_width(printable(curve.label))) * character_width);
    }
    legend_width_ = widest + 44;
    per_row_ = std::max(1, static_cast<int>((width_ - 32) / legend_width_));
    auto count = static_cast<int>(chart_.curves.size());
    const int rows = (count + per_row_ - 1) / per_row_;
    legend_height_ = rows * legend_row;
  }

  std::string legend() const {
    std::string text;
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) {
      int index = static_cast<int>(i);
      double x = 16 + index % per_row_ * legend_width_;
      const int row = index / per_row_;
      double y = 44 + row * legend_row;
      text += fmt::format(
          R"(<g><title>{}</title><path d="M{} {}h22" stroke-width="2.5" {}/><text x="{}" y="{}">{}</text></g>)",
          xml(curve_summary(chart_.curves[i])), x, y - 4, stroke(i), x + 28, y,
          xml(shortened(printable(chart_.curves[i].label), 40)));
    }
    return text;
  }

  std::string notes() const {
    std::string note;
    if (options_.log_y) note = "log scale";
    if (options_.smoothing > 0) {
      note += fmt::format("{}smoothed {:g}", note.empty() ? "" : ", ", options_.smoothing);
    }
    if (note.empty()) return {};
    return fmt::format(R"(<text x="{}" y="24" text-anchor="end" fill="#666">{}</text>)",
                       width_ - 16, note);
  }

  void lay_out_axes(const Ranges& ranges) {
    plot_top_ = 44 + legend_height_;
    plot_bottom_ = height() - 46;
    plot_right_ = width_ - 20;
    const int wanted_y = std::max(3, static_cast<int>((plot_bottom_ - plot_top_) / 45));
    y_axis_ =
        make_axis(ranges.y, {.wanted = wanted_y, .log_scale = options_.log_y, .margin = 0.04});
    std::size_t longest = 3;
    for (const std::string& label : y_axis_.labels) longest = std::max(longest, label.size());
    plot_left_ = 24 + static_cast<double>(longest) * character_width;
    const int wanted_x = std::max(2, static_cast<int>((plot_right_ - plot_left_) / 90));
    x_axis_ = make_axis(
        ranges.x,
        {.wanted = wanted_x, .log_scale = options_.log_x, .integral = has_integral_x(chart_)});
  }

  double x_pixel(double value) const {
    return plot_left_ + x_axis_.position(value) * (plot_right_ - plot_left_);
  }
  double y_pixel(double value) const {
    return plot_bottom_ - y_axis_.position(value) * (plot_bottom_ - plot_top_);
  }

  std::string grid() const {
    std::string lines;
    std::string labels;
    for (std::size_t i = 0; i < y_axis_.ticks.size(); ++i) {
      double y = y_pixel(y_axis_.ticks[i]);
      lines += fmt::format("M{:.1f} {:.1f}H{:.1f}", plot_left_, y, plot_right_);
      labels += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
                            plot_left_ - 8, y + 4, y_axis_.labels[i]);
    }
    for (std::size_t i = 0; i < x_axis_.ticks.size(); ++i) {
      double x = x_pixel(x_axis_.ticks[i]);
      lines += fmt::format("M{:.1f} {:.1f}V{:.1f}", x, plot_top_, plot_bottom_);
      labels += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", x,
                            plot_bottom_ + 18, x_axis_.labels[i]);
    }
    labels += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)",
                          (plot_left_ + plot_right_) / 2, plot_bottom_ + 36, xml(chart_.x_label));
    return fmt::format(R"(<path d="{}" fill="none" stroke="#e5e5e5"/>)"
                       R"(<path d="M{:.1f} {:.1f}V{:.1f}H{:.1f}" fill="none" stroke="#888"/>)"
                       R"(<g fill="#555">{}</g>)",
                       lines, plot_left_, plot_top_, plot_bottom_, plot_right_, labels);
  }

  std::string curve(std::size_t index) const {
    const Curve& raw = chart_.curves[index];
    std::string text = fmt::format("<g><title>{}</title>", xml(curve_summary(raw)));
    if (options_.smoothing > 0) {
      text += path(raw, index, R"(stroke-width="1" stroke-opacity="0.3")");
      text += path({raw.label, raw.x, smoothed(raw.y, options_.smoothing)}, index,
                   R"(stroke-width="1.8")");
    } else {
      text += path(raw, index, R"(stroke-width="1.6")");
    }
    return text + "</g>";
  }

  std::string path(const Curve& whole, std::size_t index, std::string_view look) const {
    const Curve shown = downsampled(whole, max_points);
    std::string line;
    std::string dots;   // values without neighbours: strokes of no length, which a round cap shows
    std::string marks;  // infinities: triangles at the border
    bool pen_down = false;
    for (std::size_t i = 0; i < shown.y.size(); ++i) {
      double x = x_pixel(shown.x[i]);
      double y = y_pixel(shown.y[i]);
      if (std::isfinite(x) && std::isinf(y)) {
        bool up = y < 0;
        marks +=
            fmt::format("M{:.1f} {:.1f}l5 {}h-10z", x, up ? plot_top_ : plot_bottom_, up ? 8 : -8);
      }
      if (!std::isfinite(x) || !std::isfinite(y)) {
        pen_down = false;
        continue;
      }
      if (pen_down || drawable(shown, i + 1)) {
        line += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', x, y);
        pen_down = true;
      } else {
        dots += fmt::format("M{:.1f} {:.1f}h0", x, y);
      }
    }
    std::string_view color = palette[index % palette.size()];
    std::string text;
    if (!line.empty()) {
      text += fmt::format(R"(<path d="{}" fill="none" {} {}/>)", line, stroke(index), look);
    }
    if (!dots.empty()) {
      text += fmt::format(R"(<path d="{}" stroke="{}" stroke-width="6"/>)", dots, color);
    }
    if (!marks.empty()) {
      text += fmt::format(R"(<path d="{}" fill="{}"/>)", marks, color);
    }
    return text;
  }

  bool drawable(const Curve& curve, std::size_t i) const {
    return i < curve.y.size() && std::isfinite(x_pixel(curve.x[i])) &&
           std::isfinite(y_pixel(curve.y[i]));
  }

  const Chart& chart_;
  const PlotOptions& options_;
  int width_;
  int height_;
  double top_;
  double legend_height_ = 0;
  double legend_width_ = 0;
  int per_row_ = 1;
  double plot_left_ = 0, plot_right_ = 0, plot_top_ = 0, plot_bottom_ = 0;
  Axis x_axis_;
  Axis y_axis_;
};

}  // namespace

std::string svg_plot(std::span<const Chart> charts, const PlotOptions& options) {
  double height = 0;
  std::string body;
  for (const Chart& chart : charts) {
    SvgChart drawn(chart, options, height);
    body += drawn.draw();
    height += drawn.height();
  }
  const int width = std::max(options.width, min_width);
  if (charts.empty()) {
    height = 60;
    body = R"(<text x="16" y="34">no data</text>)";
  }
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}")"
      R"( font-family="system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif")"
      R"( font-size="12" fill="#222" stroke-linejoin="round" stroke-linecap="round">)"
      R"(<rect width="{0}" height="{1}" fill="#fff"/>)"
      "\n{2}</svg>\n",
      width, height, body);
}

}  // namespace mlopsctl
