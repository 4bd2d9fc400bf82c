#include "ui/plot_data.hpp"

#include "mlopsctl/base/text.hpp"

#include "ui/page_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace mlopsctl {

namespace {

constexpr std::size_t max_points = 5000;

std::string json_x(const std::vector<double>& x) {
  if (x.size() > 2) {
    const double step = x[1] - x[0];
    bool even = true;
    for (std::size_t i = 0; i < x.size() && even; ++i) {
      even = x[i] == x[0] + static_cast<double>(i) * step;
    }
    if (even) {
      return fmt::format(R"({{"start":{},"step":{},"count":{}}})", json_number(x[0]),
                         json_number(step), x.size());
    }
  }
  return json_numbers(x);
}

// Numbers distinct texts in the order in which they come.
class Interned {
 public:
  std::size_t index(const std::string& text) {
    auto [place, is_new] = indices_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return place->second;
  }

  std::string json_array() const { return "[" + join(texts_, ",") + "]"; }

 private:
  std::map<std::string, std::size_t> indices_;
  std::vector<std::string> texts_;
};

std::string json_point(const Curve& curve, std::size_t i) {
  return fmt::format("[{},{}]", json_number(curve.x[i]), json_number(curve.y[i]));
}

// Of all points, before any are left out.
std::string json_summary(const Curve& curve) {
  const std::size_t count = curve.y.size();
  std::size_t lowest = count;
  std::size_t highest = count;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(curve.y[i])) continue;
    if (lowest == count || curve.y[i] < curve.y[lowest]) lowest = i;
    if (highest == count || curve.y[i] > curve.y[highest]) highest = i;
  }
  std::string text = fmt::format(R"("count":{})", count);
  if (count > 0) text += fmt::format(R"(,"last":{})", json_point(curve, count - 1));
  if (lowest < count) {
    text += fmt::format(R"(,"lowest":{},"highest":{})", json_point(curve, lowest),
                        json_point(curve, highest));
  }
  return text;
}

}  // namespace

std::string plot_page_data(std::span<const Chart> charts, const PlotOptions& options) {
  Interned xs;
  // The second curve of one chart with the same label is another run of that name.
  std::map<std::pair<std::string, int>, std::size_t> runs;
  std::vector<std::string> run_labels;
  std::string chart_list;
  for (const Chart& chart : charts) {
    std::map<std::string, int> seen;
    std::string curve_list;
    for (const Curve& curve : chart.curves) {
      const std::pair key{curve.label, seen[curve.label]++};
      auto [run, is_new] = runs.try_emplace(key, run_labels.size());
      if (is_new) run_labels.push_back(json_string(curve.label));
      const Curve shown = downsampled(curve, max_points);
      curve_list += fmt::format(R"({}{{"run":{},"x":{},"y":{},{}}})", curve_list.empty() ? "" : ",",
                                run->second, xs.index(json_x(shown.x)), json_numbers(shown.y),
                                json_summary(curve));
    }
    chart_list += fmt::format("{}{{\"title\":{},\"xLabel\":{},\"curves\":[{}]}}",
                              chart_list.empty() ? "" : ",\n", json_string(chart.title),
                              json_string(chart.x_label), curve_list);
  }
  const double smoothing = std::isfinite(options.smoothing) ? options.smoothing : 0;
  return fmt::format(
      R"({{"options":{{"logX":{},"logY":{},"smoothing":{}}},"runs":[{}],"xs":{},"charts":[)"
      "\n{}\n]}}",
      options.log_x, options.log_y, json_number(smoothing), join(run_labels, ","), xs.json_array(),
      chart_list);
}

}  // namespace mlopsctl
