#include "ui/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlopsctl {

namespace {

// mantissa × 10^exponent, correctly rounded for the mantissas and exponents that ticks have.
double scaled(double mantissa, int exponent) {
  return exponent >= 0 ? mantissa * std::pow(10.0, exponent) : mantissa / std::pow(10.0, -exponent);
}

int floor_log10(double value) {
  int exponent = static_cast<int>(std::floor(std::log10(value)));
  // log10 may round up to the next whole number just below a power of ten.
  return scaled(1, exponent) > value ? exponent - 1 : exponent;
}

std::vector<double> linear_ticks(double low, double high, int wanted) {
  double raw = high / wanted - low / wanted;  // not (high - low) / wanted: that may overflow
  if (!(raw > 1e-300)) return {low, high};
  int exponent = floor_log10(raw);
  double mantissa = raw / scaled(1, exponent);
  // The nearest on a log scale: the limits are the geometric means of neighbours.
  double digit = mantissa < 1.414 ? 1 : mantissa < 3.162 ? 2 : mantissa < 7.071 ? 5 : 10;
  double step = scaled(digit, exponent);

  std::vector<double> ticks;
  double last = std::ceil(high / step * (1 - 1e-12));
  for (double i = std::floor(low / step); i <= last; ++i) {
    double tick = scaled(i * digit, exponent);
    if (ticks.empty() || tick > ticks.back()) ticks.push_back(tick + 0.0);
    if (ticks.size() > 1000) return {low, high};  // a range finer than doubles near it
  }
  return ticks;
}

std::vector<double> log_ticks(double low, double high, int wanted) {
  int first = floor_log10(low);
  int last = floor_log10(high);
  if (scaled(1, last) < high) ++last;
  int decades = last - first;
  if (decades <= 1) {
    std::vector<double> ticks;
    for (int exponent = first; exponent <= last; ++exponent) {
      for (double digit : {1.0, 2.0, 5.0}) {
        if (exponent < last || digit == 1.0) ticks.push_back(scaled(digit, exponent));
      }
    }
    return ticks;
  }
  int stride = std::max(1, (decades + wanted) / (wanted + 1));
  // Multiples of the stride, so that 1 stays a tick.
  first = static_cast<int>(std::floor(static_cast<double>(first) / stride)) * stride;
  std::vector<double> ticks;
  for (int exponent = first; exponent < last + stride; exponent += stride) {
    ticks.push_back(scaled(1, exponent));
  }
  return ticks;
}

std::vector<double> ticks_within(const Axis& axis, const AxisOptions& options) {
  auto keep_visible = [&](std::vector<double> ticks) {
    double slack = (axis.high - axis.low) * 1e-9;
    std::erase_if(ticks, [&](double tick) {
      return tick < axis.low - slack || tick > axis.high + slack ||
             (options.integral && tick != std::floor(tick));
    });
    return ticks;
  };
  auto ticks = keep_visible(axis_ticks(axis.low, axis.high, options.wanted, axis.log_scale));
  // Part of a decade: round numbers read better than one lonely power of ten.
  if (axis.log_scale && ticks.size() < 2) {
    ticks = keep_visible(axis_ticks(axis.low, axis.high, options.wanted, false));
  }
  return ticks;
}

std::string compact(double value) {
  if (value == 0) return "0";
  double size = std::abs(value);
  if (size >= 1e15 || size < 1e-3) {
    int exponent = floor_log10(size);
    return fmt::format("{:.6g}e{}", value / scaled(1, exponent), exponent);
  }
  if (size >= 1e12) return fmt::format("{:.6g}T", value / 1e12);
  if (size >= 1e9) return fmt::format("{:.6g}G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:.6g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.6g}k", value / 1e3);
  return fmt::format("{:.6g}", value);
}

}  // namespace

void Range::include(double value, bool log_scale) {
  if (!std::isfinite(value) || (log_scale && value <= 0)) return;
  if (empty()) {
    low = high = value;
  } else {
    low = std::min(low, value);
    high = std::max(high, value);
  }
}

Ranges chart_ranges(const Chart& chart, bool log_x, bool log_y) {
  Ranges ranges;
  for (const Curve& curve : chart.curves) {
    for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
      bool y_shown =
          std::isinf(curve.y[i]) || (!std::isnan(curve.y[i]) && (!log_y || curve.y[i] > 0));
      if (!y_shown) continue;
      ranges.x.include(curve.x[i], log_x);
      if (!log_x || curve.x[i] > 0) ranges.y.include(curve.y[i], log_y);
    }
  }
  return ranges;
}

bool has_integral_x(const Chart& chart) {
  for (const Curve& curve : chart.curves) {
    for (double x : curve.x) {
      if (x != std::floor(x)) return false;
    }
  }
  return true;
}

double Axis::position(double value) const {
  if (std::isnan(value)) return value;
  if (!log_scale) return (value / 2 - low / 2) / (high / 2 - low / 2);
  if (value <= 0) return std::numeric_limits<double>::quiet_NaN();
  return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
}

Axis make_axis(Range range, const AxisOptions& options) {
  Axis axis{range.low, range.high, options.log_scale, {}, {}};
  if (range.low == range.high) {
    double room = options.integral ? 1 : range.low == 0 ? 1 : std::abs(range.low) * 0.1;
    axis.low = options.log_scale ? range.low / 2 : range.low - room;
    axis.high = options.log_scale ? range.high * 2 : range.high + room;
  } else if (options.log_scale) {
    double factor = std::pow(range.high / range.low, options.margin);
    axis.low /= factor;
    axis.high *= factor;
  } else {
    double room = (range.high / 2 - range.low / 2) * options.margin * 2;
    axis.low -= room;
    axis.high += room;
  }
  axis.ticks = ticks_within(axis, options);
  axis.labels = tick_labels(axis.ticks, options.log_scale);
  return axis;
}

std::vector<double> axis_ticks(double low, double high, int wanted, bool log_scale) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) return {};
  if (log_scale && low <= 0) return {};
  wanted = std::max(wanted, 1);
  if (log_scale) return log_ticks(low, high, wanted);
  if (low == high) return {low};
  return linear_ticks(low, high, wanted);
}

std::vector<std::string> tick_labels(const std::vector<double>& ticks, bool log_scale) {
  std::vector<std::string> labels;
  double largest = 0;
  double step = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    largest = std::max(largest, std::abs(ticks[i]));
    if (i > 0) step = std::min(step, ticks[i] - ticks[i - 1]);
  }
  bool even = !log_scale && ticks.size() > 1 && largest > 0;
  int top = even ? floor_log10(largest) : 0;
  int bottom = even ? floor_log10(step * (1 + 1e-9)) : 0;
  if (!even || top - bottom > 9) {
    for (double tick : ticks) labels.push_back(compact(tick));
    return labels;
  }
  struct Scale {
    int exponent;
    std::string suffix;
  };
  Scale scale{0, ""};
  if (top >= 15 || top < -3) {
    scale = {top, fmt::format("e{}", top)};
  } else if (top >= 12) {
    scale = {12, "T"};
  } else if (top >= 9) {
    scale = {9, "G"};
  } else if (top >= 6) {
    scale = {6, "M"};
  } else if (top >= 4 && bottom >= 2) {
    scale = {3, "k"};
  }
  int decimals = std::max(0, scale.exponent - bottom);
  for (double tick : ticks) {
    double shown =
        scale.exponent >= 0 ? tick / scaled(1, scale.exponent) : tick * scaled(1, -scale.exponent);
    labels.push_back(tick == 0 ? "0" : fmt::format("{:.{}f}{}", shown, decimals, scale.suffix));
  }
  return labels;
}

}  // namespace mlopsctl
