// Line charts: for the terminal, as SVG, and as a self-contained HTML page. Pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace mlopsctl {

struct Curve {
  std::string label;  // e.g. the run's name; on a page the same label is the same run everywhere
  std::vector<double> x;  // step, or seconds since the run's start; ascending
  std::vector<double> y;  // same length; NaN is a gap, infinities are marked at the border
  // On a page only: what tells curves of one label apart within a chart, e.g. a field's name.
  std::string series = {};
};

struct Chart {
  std::string title;    // e.g. the metric's key
  std::string x_label;  // "step", "time (s)"
  std::vector<Curve> curves;
  // On a page only:
  std::string y_label = {};
  bool points = false;  // points instead of lines
  double loess = 0;     // share of the points that a local regression looks at; 0: none
};

struct PlotOptions {
  bool log_y = false;  // values ≤ 0 become gaps
  bool log_x = false;
  double smoothing = 0;  // weight of the past in a debiased exponential mean, 0 ≤ w < 1
  int width = 80;        // characters, or pixels for SVG; HTML fits itself to the window
  int height = 20;       // the same; of one chart
  bool color = false;    // terminal only
  bool unicode = true;   // Braille and box characters; plain ASCII otherwise
};

// Debiased exponential moving average as TensorBoard draws it; NaN and infinities pass through, a
// constant series stays as it is.
std::vector<double> smoothed(std::span<const double> y, double weight);

// Largest-triangle-three-buckets selection of at most `limit` points that keeps the look of a
// curve.
Curve downsampled(const Curve& curve, std::size_t limit);

// Round axis ticks that cover [low, high]: 1, 2, 5 × 10^n; for a log axis, decades.
std::vector<double> axis_ticks(double low, double high, int wanted, bool log_scale);

// One line of block characters: ▁▂▅█ ('.' for gaps); ASCII where `unicode` is false.
std::string sparkline(std::span<const double> y, int width, bool unicode);

// Exactly options.height lines (at least 6) of at most options.width columns (at least 20), title,
// axes and legend included; two lines where there is nothing to draw. Several curves carry letters,
// so they can be told apart without colour.
std::string terminal_plot(const Chart& chart, const PlotOptions& options);

// A complete SVG document with all charts below each other, each at least 320 × 200 pixels plus its
// legend and drawn from at most 2000 points a curve.
std::string svg_plot(std::span<const Chart> charts, const PlotOptions& options);

// One HTML page, no outside resources: hover read-out, legend that toggles runs, log axes,
// smoothing slider, light and dark. "mlopsctl/ui/figures.hpp" has pages with more than charts.
std::string html_plot(const std::string& title, std::span<const Chart> charts,
                      const PlotOptions& options);

}  // namespace mlopsctl
