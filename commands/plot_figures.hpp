// From plots of a repository to figures of a page.
#pragma once

#include "mlopsctl/data/plots.hpp"
#include "mlopsctl/ui/figures.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

// What could not be drawn as asked for is said in `remarks`.
Figure figure_of(const data::DataPlot& plot, std::vector<std::string>& remarks);

// "data:image/png;base64,…".
std::string data_url(const data::PlotImage& image);

}  // namespace mlopsctl::commands
