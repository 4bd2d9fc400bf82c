// Draws one curve on a character canvas.
#pragma once

#include "mlopsctl/ui/plot.hpp"

#include "ui/axis.hpp"
#include "ui/canvas.hpp"

#include <vector>

namespace mlopsctl {

struct CurveGlyphs {
  std::string_view point;  // a value without neighbours, which a lone dot would hide
  std::string_view above;  // +Infinity, at the upper border
  std::string_view below;  // -Infinity
};

// The canvas row in which a curve crosses each canvas column; -1 where it does not.
using CurveTrace = std::vector<int>;

CurveTrace draw_curve(Canvas& canvas, const Curve& curve, const Axis& x_axis, const Axis& y_axis,
                      const Pen& pen, const CurveGlyphs& glyphs, int columns);

}  // namespace mlopsctl
