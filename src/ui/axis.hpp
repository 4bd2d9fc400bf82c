// Where values lie on an axis and which of them are labelled; shared by all plots.
#pragma once

#include "mlopsctl/ui/plot.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

// Starts empty (low > high) and grows with the finite values it is shown.
struct Range {
  double low = 1;
  double high = 0;

  bool empty() const { return low > high; }
  void include(double value, bool log_scale);  // ignores what the axis cannot show
};

struct Ranges {
  Range x;
  Range y;
};

// Of all points that can be shown on these axes.
Ranges chart_ranges(const Chart& chart, bool log_x, bool log_y);

// Whether every x of a chart is a whole number (steps): its axis then has no fractional ticks.
bool has_integral_x(const Chart& chart);

struct Axis {
  double low = 0;
  double high = 1;
  bool log_scale = false;
  std::vector<double> ticks;  // within [low, high]
  std::vector<std::string> labels;

  // 0 at `low`, 1 at `high`. NaN for a value the axis cannot show.
  double position(double value) const;
};

struct AxisOptions {
  int wanted = 5;  // number of ticks, about
  bool log_scale = false;
  bool integral = false;  // whole numbers only
  double margin = 0;      // share of the axis left free at both ends
};

// The range must not be empty; a single value gets some room on both sides.
Axis make_axis(Range range, const AxisOptions& options);

// Labels of equal precision: "0 0.5 1.0", "100k 200k", "1e-5 2e-5".
std::vector<std::string> tick_labels(const std::vector<double>& ticks, bool log_scale);

}  // namespace mlopsctl
