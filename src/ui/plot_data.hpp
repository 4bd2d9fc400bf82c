// The data of an HTML plot page as JSON that is safe inside a <script> element.
#pragma once

#include "mlopsctl/ui/figures.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl {

// {"options": {…}, "runs": [label…], "xs": [x values…], "charts": [{title, xLabel, curves: [{run,
// x, y, count, last, lowest, highest}]}]}. Curves that share their x values refer to the same entry
// of xs; evenly spaced ones are stored as {start, step, count}. NaN is null, infinities are
// strings. Other figures than line charts have a "kind": points, bars, matrix, pictures.
class PlotPageData {
 public:
  void add(const Chart& chart);
  void add(const BarChart& chart);
  void add(const ConfusionMatrix& matrix);
  void add(const Pictures& pictures);

  bool only_lines() const { return only_lines_; }
  bool pictures() const { return pictures_; }
  std::string document(const PlotOptions& options, const PageNouns& nouns) const;

 private:
  // The second time that a figure has a label, it means another run of that name.
  std::size_t run(const std::string& label, int time = 0);
  std::size_t xs(const std::string& json);
  std::string curve(const Curve& curve, bool points, int time);
  void add_figure(std::string json);

  std::map<std::pair<std::string, int>, std::size_t> runs_;
  std::vector<std::string> run_labels_;
  std::map<std::string, std::size_t> x_numbers_;
  std::vector<std::string> xs_;
  std::vector<std::string> figures_;
  bool only_lines_ = true;
  bool pictures_ = false;
};

}  // namespace mlopsctl
