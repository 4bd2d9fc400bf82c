// Pages with other figures than curves over time: points, bars, confusion matrices, pictures.
#pragma once

#include "mlopsctl/ui/plot.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace mlopsctl {

// Horizontal bars: one group a category, one bar a run.
struct BarChart {
  std::string title;
  std::string value_label;
  std::string category_label;
  std::vector<std::string> categories;  // from top to bottom
  struct Bars {
    std::string label;           // the run
    std::vector<double> values;  // one a category; NaN: none
  };
  std::vector<Bars> runs;
};

struct ConfusionMatrix {
  std::string title;
  std::string x_label, y_label;
  std::vector<std::string> columns, rows;  // values of x, of y
  bool normalized = false;                 // each row's counts as shares of the row
  struct Counts {
    std::string label;                  // the run
    std::vector<std::uint64_t> counts;  // row by row
  };
  std::vector<Counts> runs;
};

struct Pictures {
  std::string title;
  struct Picture {
    std::string label;   // the run
    std::string source;  // a data: URL
  };
  std::vector<Picture> pictures;
};

using Figure = std::variant<Chart, BarChart, ConfusionMatrix, Pictures>;

// What the page calls a curve's label and a figure: "run" and "metric", "revision" and "plot".
struct PageNouns {
  std::string label = "run";
  std::string figure = "metric";
};

// One HTML page as html_plot makes it.
std::string html_figures(const std::string& title, std::span<const Figure> figures,
                         const PlotOptions& options, const PageNouns& nouns);

}  // namespace mlopsctl
