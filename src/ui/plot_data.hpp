// The data of an HTML plot page as JSON that is safe inside a <script> element.
#pragma once

#include "mlopsctl/ui/plot.hpp"

#include <span>
#include <string>

namespace mlopsctl {

// {"options": {…}, "runs": [label…], "xs": [x values…], "charts": [{title, xLabel, curves: [{run,
// x, y, count, last, lowest, highest}]}]}. Curves that share their x values refer to the same entry
// of xs; evenly spaced ones are stored as {start, step, count}. NaN is null, infinities are
// strings.
std::string plot_page_data(std::span<const Chart> charts, const PlotOptions& options);

}  // namespace mlopsctl
