#include "ui/terminal_curve.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace mlopsctl {

namespace {

int to_dot(double position, int dots) {
  return static_cast<int>(std::lround(std::clamp(position, 0.0, 1.0) * (dots - 1)));
}

// Follows a curve dot column by dot column. All points of one column become a vertical stroke from
// their lowest to their highest, so a spike among thousands of points stays visible.
class Tracer {
 public:
  Tracer(Canvas& canvas, const Pen& pen, const CurveGlyphs& glyphs, int columns)
      : canvas_(canvas),
        pen_(pen),
        glyphs_(glyphs),
        trace_(static_cast<std::size_t>(columns), -1) {}

  void point(int x, int y) {
    ++points_;
    if (stroke_ && stroke_->x == x) {
      stroke_->low = std::min(stroke_->low, y);
      stroke_->high = std::max(stroke_->high, y);
      stroke_->last = y;
      return;
    }
    finish_stroke();
    stroke_ = Stroke{x, y, y, y, y};
  }

  void gap() {
    finish_stroke();
    if (points_ == 1) {
      canvas_.put(canvas_.column_of(end_->x), canvas_.row_of(end_->y), glyphs_.point, pen_.style);
    }
    points_ = 0;
    end_.reset();
  }

  CurveTrace take_trace() { return std::move(trace_); }

 private:
  struct Stroke {
    int x, first, low, high, last;
  };
  struct Dot {
    int x, y;
  };

  void finish_stroke() {
    if (!stroke_) return;
    Dot from = end_.value_or(Dot{stroke_->x, stroke_->first});
    canvas_.line(from.x, from.y, stroke_->x, stroke_->first, pen_);
    canvas_.line(stroke_->x, stroke_->low, stroke_->x, stroke_->high, pen_);
    for (int x = from.x; x <= stroke_->x; ++x) {
      double share = x == from.x ? 0.0 : static_cast<double>(x - from.x) / (stroke_->x - from.x);
      auto y = static_cast<int>(std::lround(from.y + share * (stroke_->first - from.y)));
      trace_[static_cast<std::size_t>(canvas_.column_of(x))] = canvas_.row_of(y);
    }
    end_ = Dot{stroke_->x, stroke_->last};
    stroke_.reset();
  }

  Canvas& canvas_;
  const Pen& pen_;
  const CurveGlyphs& glyphs_;
  CurveTrace trace_;
  std::optional<Stroke> stroke_;  // of the dot column that is being read
  std::optional<Dot> end_;        // where the curve has arrived
  std::size_t points_ = 0;        // since the last gap
};

}  // namespace

CurveTrace draw_curve(Canvas& canvas, const Curve& curve, const Axis& x_axis, const Axis& y_axis,
                      const Pen& pen, const CurveGlyphs& glyphs, int columns) {
  Tracer tracer(canvas, pen, glyphs, columns);
  const std::size_t count = std::min(curve.x.size(), curve.y.size());
  for (std::size_t i = 0; i < count; ++i) {
    double x = x_axis.position(curve.x[i]);
    if (!std::isfinite(x)) {
      tracer.gap();
      continue;
    }
    const int dot_x = to_dot(x, canvas.dots_wide());
    double y = y_axis.position(curve.y[i]);
    if (std::isfinite(y)) {
      tracer.point(dot_x, to_dot(y, canvas.dots_high()));
      continue;
    }
    tracer.gap();
    if (std::isinf(y)) {
      bool up = y > 0;
      canvas.put(canvas.column_of(dot_x), canvas.row_of(up ? canvas.dots_high() - 1 : 0),
                 up ? glyphs.above : glyphs.below, pen.style);
    }
  }
  tracer.gap();
  return tracer.take_trace();
}

}  // namespace mlopsctl
