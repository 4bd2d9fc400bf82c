#include "commands/plot_figures.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace mlopsctl::commands {

namespace {

constexpr double smooth_share = 0.3;  // bandwidth of DVC's "smooth" template
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_classes = 200;  // of a confusion matrix

std::string text_of(const YamlValue* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_text() ? value->text : python_str(*value);
}

double number_of(const YamlValue* value) {
  if (value == nullptr) return no_value;
  if (value->is_number()) return value->number();
  if (value->kind == YamlKind::boolean) return value->boolean ? 1 : 0;
  if (value->is_text()) return parse_number(trim(value->text)).value_or(no_value);
  return no_value;
}

std::string series_of(const data::DataPlot& plot, const YamlValue& row) {
  if (plot.sources.size() < 2) return "";
  const auto differ = [&](auto member) {
    return std::ranges::any_of(plot.sources, [&](const auto& source) {
      return source.*member != plot.sources.front().*member;
    });
  };
  using Source = std::pair<std::string, std::string>;
  const bool files = differ(&Source::first), fields = differ(&Source::second);
  const std::string file = text_of(row.find("filename")), field = text_of(row.find("field"));
  if (files && fields) return file + "::" + field;
  return files ? file : fields ? field : "";
}

void sort_by_x(Curve& curve) {
  if (std::ranges::is_sorted(curve.x)) return;
  std::vector<std::size_t> order(curve.x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return curve.x[i]; });
  Curve sorted{.label = curve.label, .x = {}, .y = {}, .series = curve.series};
  for (const std::size_t i : order) {
    sorted.x.push_back(curve.x[i]);
    sorted.y.push_back(curve.y[i]);
  }
  curve = std::move(sorted);
}

Chart chart_of(const data::DataPlot& plot, std::vector<std::string>& remarks) {
  Chart chart{.title = plot.text("title", plot.id),
              .x_label = plot.text("x_label"),
              .curves = {},
              .y_label = plot.text("y_label")};
  const std::string x = plot.text("x"), y = plot.text("y");
  const bool numbers = std::ranges::all_of(
      plot.rows, [&](const YamlValue& row) { return !std::isnan(number_of(row.find(x))); });
  if (!numbers) {
    remarks.push_back(
        fmt::format("{}: not all of field {} are numbers, so it is drawn against the "
                    "number of the row",
                    plot.id, quote(x)));
    chart.x_label = "row";
  }
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (const auto& row : plot.rows) {
    const std::pair key{text_of(row.find("rev")), series_of(plot, row)};
    const auto [place, is_new] = places.try_emplace(key, chart.curves.size());
    if (is_new)
      chart.curves.push_back({.label = key.first, .x = {}, .y = {}, .series = key.second});
    Curve& curve = chart.curves[place->second];
    curve.x.push_back(numbers ? number_of(row.find(x)) : static_cast<double>(curve.x.size()));
    curve.y.push_back(number_of(row.find(y)));
  }
  for (auto& curve : chart.curves) sort_by_x(curve);
  return chart;
}

// Numbers as numbers, else by their bytes.
void sort_names(std::vector<std::string>& names) {
  const bool numbers = std::ranges::all_of(names, [](const std::string& name) {
    return !std::isnan(parse_number(name).value_or(no_value));
  });
  if (numbers) {
    std::ranges::sort(names, {}, [](const std::string& name) { return *parse_number(name); });
  } else {
    std::ranges::sort(names);
  }
}

std::size_t place_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

std::string category_of(const data::DataPlot& plot, const YamlValue& row,
                        const std::string& field) {
  const std::string series = series_of(plot, row);
  const std::string name = text_of(row.find(field));
  return series.empty() ? name : series + " " + name;
}

BarChart bars_of(const data::DataPlot& plot, bool sorted) {
  BarChart chart{.title = plot.text("title", plot.id),
                 .value_label = plot.text("x_label"),
                 .category_label = plot.text("y_label"),
                 .categories = {},
                 .runs = {}};
  const std::string x = plot.text("x"), y = plot.text("y");
  for (const auto& row : plot.rows) place_of(chart.categories, category_of(plot, row, y));
  sort_names(chart.categories);
  for (const auto& revision : plot.revisions) {
    chart.runs.push_back({revision, std::vector<double>(chart.categories.size(), no_value)});
  }
  for (const auto& row : plot.rows) {
    const double value = number_of(row.find(x));
    if (std::isnan(value)) continue;
    const auto run =
        std::ranges::find(chart.runs, text_of(row.find("rev")), &BarChart::Bars::label);
    if (run == chart.runs.end()) continue;
    double& sum = run->values[place_of(chart.categories, category_of(plot, row, y))];
    sum = std::isnan(sum) ? value : sum + value;
  }
  if (!sorted) return chart;
  const auto largest = [&](std::size_t category) {
    double most = -std::numeric_limits<double>::infinity();
    for (const auto& run : chart.runs) {
      if (!std::isnan(run.values[category])) most = std::max(most, run.values[category]);
    }
    return most;
  };
  std::vector<std::size_t> order(chart.categories.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, largest);
  BarChart result = chart;
  for (std::size_t i = 0; i < order.size(); ++i) {
    result.categories[i] = chart.categories[order[i]];
    for (std::size_t k = 0; k < chart.runs.size(); ++k) {
      result.runs[k].values[i] = chart.runs[k].values[order[i]];
    }
  }
  return result;
}

ConfusionMatrix matrix_of(const data::DataPlot& plot, bool normalized) {
  ConfusionMatrix matrix{.title = plot.text("title", plot.id),
                         .x_label = plot.text("x_label"),
                         .y_label = plot.text("y_label"),
                         .columns = {},
                         .rows = {},
                         .normalized = normalized,
                         .runs = {}};
  const std::string x = plot.text("x"), y = plot.text("y");
  std::vector<std::string> labels;
  for (const auto& row : plot.rows) {
    place_of(matrix.columns, text_of(row.find(x)));
    place_of(matrix.rows, text_of(row.find(y)));
    const std::string series = series_of(plot, row);
    place_of(labels, text_of(row.find("rev")) + (series.empty() ? "" : " " + series));
  }
  sort_names(matrix.columns);
  sort_names(matrix.rows);
  for (const auto& label : labels) {
    matrix.runs.push_back(
        {label, std::vector<std::uint64_t>(matrix.columns.size() * matrix.rows.size(), 0)});
  }
  for (const auto& row : plot.rows) {
    const std::string series = series_of(plot, row);
    const auto run =
        place_of(labels, text_of(row.find("rev")) + (series.empty() ? "" : " " + series));
    const auto column = place_of(matrix.columns, text_of(row.find(x)));
    const auto line = place_of(matrix.rows, text_of(row.find(y)));
    ++matrix.runs[run].counts[line * matrix.columns.size() + column];
  }
  return matrix;
}

// More classes than a page can show would also be more memory than there is.
bool too_many_classes(const data::DataPlot& plot) {
  for (const char* axis : {"x", "y"}) {
    std::map<std::string, int> names;
    for (const auto& row : plot.rows) {
      ++names[text_of(row.find(plot.text(axis)))];
      if (names.size() > most_classes) return true;
    }
  }
  return false;
}

Pictures pictures_of(const data::DataPlot& plot) {
  Pictures pictures{.title = plot.text("title", plot.id), .pictures = {}};
  for (const auto& image : plot.images)
    pictures.pictures.push_back({image.revision, data_url(image)});
  return pictures;
}

}  // namespace

std::string data_url(const data::PlotImage& image) {
  const std::string low = to_lower(image.file);
  const std::string_view type = low.ends_with(".svg")   ? "svg+xml"
                                : low.ends_with(".png") ? "png"
                                : low.ends_with(".gif") ? "gif"
                                                        : "jpeg";
  return fmt::format("data:image/{};base64,{}", type, to_base64(image.bytes));
}

Figure figure_of(const data::DataPlot& plot, std::vector<std::string>& remarks) {
  if (plot.image) return pictures_of(plot);
  const std::string name = plot.text("template", data::default_plot_template);
  if (name == "bar_horizontal" || name == "bar_horizontal_sorted") {
    return bars_of(plot, name == "bar_horizontal_sorted");
  }
  if (name == "confusion" || name == "confusion_normalized") {
    if (!too_many_classes(plot)) return matrix_of(plot, name == "confusion_normalized");
    remarks.push_back(
        fmt::format("{}: more than {} classes, drawn as points", plot.id, most_classes));
  }
  Chart chart = chart_of(plot, remarks);
  chart.points = name.starts_with("scatter") || name.starts_with("confusion");
  if (name == "smooth") chart.loess = smooth_share;
  if (data::plot_template(name).empty()) {
    remarks.push_back(
        fmt::format("{}: the template {} is for Vega; the page shows lines", plot.id, quote(name)));
  }
  return chart;
}

}  // namespace mlopsctl::commands
