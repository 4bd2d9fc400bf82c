// From the content of files to the rows of one plot, as DVC's VegaConverter does it.
#pragma once

#include "mlopsctl/data/plots.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mlopsctl::data {

// A file of a plot, as seen from the base, with what is in it.
struct PlotContent {
  std::string file;
  YamlValue value;
};

// CSV or TSV text as a list of maps of texts; without a header the fields are "0", "1", ….
YamlValue separated_values(std::string_view text, char delimiter, bool header);

// Files that a definition reads: those of y, then that of x; the plot's id where y names none.
std::vector<std::string> plot_sources(const std::string& id, const YamlValue& properties);

struct PlotRows {
  std::vector<YamlValue> rows;
  YamlValue properties = YamlValue::empty_map();
  std::vector<std::pair<std::string, std::string>> sources;
};

// Rows of one revision. Throws Error{config} where fields are missing or cannot be joined.
PlotRows plot_rows(const std::string& id, const YamlValue& properties,
                   const std::vector<PlotContent>& contents, const std::string& revision);

}  // namespace mlopsctl::data
