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

std::string json_texts(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const auto& text : texts) quoted.push_back(json_string(text));
  return "[" + join(quoted, ",") + "]";
}

// Every n-th point: a selection that keeps the look of a line would not keep that of a cloud.
Curve thinned_points(const Curve& curve) {
  const std::size_t step = (curve.x.size() + max_points - 1) / max_points;
  if (step <= 1) return curve;
  Curve result{.label = curve.label, .x = {}, .y = {}};
  for (std::size_t i = 0; i < curve.x.size(); i += step) {
    result.x.push_back(curve.x[i]);
    result.y.push_back(curve.y[i]);
  }
  return result;
}

}  // namespace

std::size_t PlotPageData::run(const std::string& label, int time) {
  const auto [place, is_new] = runs_.try_emplace({label, time}, run_labels_.size());
  if (is_new) run_labels_.push_back(json_string(label));
  return place->second;
}

std::size_t PlotPageData::xs(const std::string& json) {
  const auto [place, is_new] = x_numbers_.try_emplace(json, xs_.size());
  if (is_new) xs_.push_back(json);
  return place->second;
}

std::string PlotPageData::curve(const Curve& curve, bool points, int time) {
  const Curve shown = points ? thinned_points(curve) : downsampled(curve, max_points);
  const std::size_t number = run(curve.label, time);
  std::string text = fmt::format(R"({{"run":{},"x":{},"y":{},{})", number, xs(json_x(shown.x)),
                                 json_numbers(shown.y), json_summary(curve));
  if (!curve.series.empty()) text += fmt::format(R"(,"series":{})", json_string(curve.series));
  return text + "}";
}

void PlotPageData::add_figure(std::string json) { figures_.push_back(std::move(json)); }

void PlotPageData::add(const Chart& chart) {
  std::map<std::pair<std::string, std::string>, int> seen;
  std::vector<std::string> curves;
  for (const Curve& one : chart.curves) {
    curves.push_back(curve(one, chart.points, seen[{one.label, one.series}]++));
  }
  std::string more;
  if (!chart.y_label.empty()) more += fmt::format(R"("yLabel":{},)", json_string(chart.y_label));
  if (chart.points) more += R"("kind":"points",)";
  if (chart.loess > 0) more += fmt::format(R"("loess":{},)", json_number(chart.loess));
  if (chart.points) only_lines_ = false;
  add_figure(fmt::format(R"({{"title":{},"xLabel":{},{}"curves":[{}]}})", json_string(chart.title),
                         json_string(chart.x_label), more, join(curves, ",")));
}

void PlotPageData::add(const BarChart& chart) {
  only_lines_ = false;
  std::vector<std::string> runs;
  for (const auto& bars : chart.runs) {
    runs.push_back(
        fmt::format(R"({{"run":{},"values":{}}})", run(bars.label), json_numbers(bars.values)));
  }
  add_figure(fmt::format(
      R"({{"kind":"bars","title":{},"xLabel":{},"yLabel":{},"categories":{},"runs":[{}]}})",
      json_string(chart.title), json_string(chart.value_label), json_string(chart.category_label),
      json_texts(chart.categories), join(runs, ",")));
}

void PlotPageData::add(const ConfusionMatrix& matrix) {
  only_lines_ = false;
  std::vector<std::string> runs;
  for (const auto& one : matrix.runs) {
    runs.push_back(
        fmt::format(R"({{"run":{},"counts":[{}]}})", run(one.label), fmt::join(one.counts, ",")));
  }
  add_figure(fmt::format(
      R"({{"kind":"matrix","title":{},"xLabel":{},"yLabel":{},"columns":{},"rows":{},)"
      R"("normalized":{},"runs":[{}]}})",
      json_string(matrix.title), json_string(matrix.x_label), json_string(matrix.y_label),
      json_texts(matrix.columns), json_texts(matrix.rows), matrix.normalized, join(runs, ",")));
}

void PlotPageData::add(const Pictures& pictures) {
  only_lines_ = false;
  pictures_ = true;
  std::vector<std::string> runs;
  for (const auto& picture : pictures.pictures) {
    runs.push_back(fmt::format(R"({{"run":{},"source":{}}})", run(picture.label),
                               json_string(picture.source)));
  }
  add_figure(fmt::format(R"({{"kind":"pictures","title":{},"xLabel":"","runs":[{}]}})",
                         json_string(pictures.title), join(runs, ",")));
}

std::string PlotPageData::document(const PlotOptions& options, const PageNouns& nouns) const {
  const double smoothing = std::isfinite(options.smoothing) ? options.smoothing : 0;
  return fmt::format(
      R"({{"options":{{"logX":{},"logY":{},"smoothing":{},"nouns":[{},{}]}},"runs":[{}],)"
      R"("xs":[{}],"charts":[)"
      "\n{}\n]}}",
      options.log_x, options.log_y, json_number(smoothing), json_string(nouns.label),
      json_string(nouns.figure), join(run_labels_, ","), join(xs_, ","), join(figures_, ",\n"));
}

}  // namespace mlopsctl
