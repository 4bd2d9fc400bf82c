#include "mlopsctl/ui/plot.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

Chart two_runs() {
  return {"loss", "step", {{"first", {0, 1, 2}, {3, 2, 1}}, {"second", {0, 1, 2}, {3, 2.5, 2.25}}}};
}

const PlotOptions size{.width = 640, .height = 300};

}  // namespace

TEST_CASE("an SVG has titles, axes, a legend and a line per run") {
  const std::vector<Chart> charts{two_runs()};
  const std::string svg = svg_plot(charts, size);
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  for (std::string_view part :
       {">loss</text>", ">step</text>", ">first</text>", ">second</text>"}) {
    CHECK(contains(svg, part));
  }
  CHECK(contains(svg, "<title>second: last 2.25, lowest 2.25, highest 3</title>"));
  CHECK(contains(svg, "stroke=\"#0072b2\" stroke-width=\"1.6\""));
  CHECK(contains(svg, "stroke=\"#d55e00\" stroke-width=\"1.6\""));
}

TEST_CASE("an SVG needs nothing from outside and no style sheet") {
  const std::vector<Chart> charts{two_runs()};
  const std::string svg = svg_plot(charts, size);
  for (std::string_view part : {"<script", "<style", "href", "url("})
    CHECK_FALSE(contains(svg, part));
  CHECK(count_of(svg, "http") == 1);
}

TEST_CASE("charts lie below each other") {
  const std::vector<Chart> charts{two_runs(), two_runs(), two_runs()};
  const std::string svg = svg_plot(charts, size);
  CHECK(count_of(svg, ">loss</text>") == 3);
  CHECK(contains(svg, "translate(0 0)"));
  CHECK(count_of(svg, "translate(0 ") == 3);
  CHECK(count_of(svg, "translate(0 0)") == 1);
}

TEST_CASE("hostile text in an SVG is inert") {
  const std::vector<Chart> charts{{"</title><script>x</script>",
                                   "\"&'",
                                   {{"<img onerror=x>\x01\xff\xef\xbf\xbf", {0, 1}, {0, 1}}}}};
  const std::string svg = svg_plot(charts, size);
  CHECK_FALSE(contains(svg, "<script"));
  CHECK_FALSE(contains(svg, "<img"));
  CHECK_FALSE(contains(svg, "\x01"));
  CHECK_FALSE(contains(svg, "\xff"));
  CHECK_FALSE(contains(svg, "\xef\xbf\xbf"));
  CHECK(contains(svg, "&lt;img onerror=x&gt;"));
}

TEST_CASE("a long curve is thinned out but keeps its spike") {
  Curve curve{"run", {}, {}};
  for (int i = 0; i < 100000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i == 31415 ? 100 : std::sin(i * 0.001));
  }
  const std::vector<Chart> charts{{"loss", "step", {curve}}};
  const std::string svg = svg_plot(charts, size);
  CHECK(svg.size() < 60000);
  CHECK(contains(svg, "highest 100<"));
}

TEST_CASE("gaps, lone values and infinities are drawn as such in an SVG") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan_value = std::nan("");
  const std::vector<Chart> charts{
      {"loss",
       "step",
       {{"run", {0, 1, 2, 3, 4, 5, 6}, {1, 2, nan_value, 3, nan_value, inf, -inf}}}}};
  const std::string svg = svg_plot(charts, size);
  CHECK(contains(svg, "h0\" stroke=\"#0072b2\" stroke-width=\"6\""));
  CHECK(contains(svg, "l5 8h-10z"));
  CHECK(contains(svg, "l5 -8h-10z"));
  CHECK_FALSE(contains(svg, "nan"));
  CHECK_FALSE(contains(svg, "inf "));
}

TEST_CASE("a smoothed SVG keeps the raw curve faintly behind") {
  const std::vector<Chart> charts{two_runs()};
  const std::string svg = svg_plot(charts, {.smoothing = 0.5, .width = 640, .height = 300});
  CHECK(count_of(svg, "stroke-opacity=\"0.3\"") == 2);
  CHECK(contains(svg, "smoothed 0.5"));
}

TEST_CASE("an SVG without data says so") {
  CHECK(contains(svg_plot({}, size), "no data"));
  const std::vector<Chart> charts{{"loss", "step", {{"run", {0}, {-1}}}}};
  CHECK(contains(svg_plot(charts, {.log_y = true, .width = 640, .height = 300}), "no data"));
}

TEST_CASE("the eighth run repeats the first colour with a dash") {
  Chart chart{"loss", "step", {}};
  for (int i = 0; i < 8; ++i) chart.curves.push_back({"run", {0, 1}, {0, i + 1.0}});
  const std::vector<Chart> charts{chart};
  CHECK(contains(svg_plot(charts, size), "stroke=\"#0072b2\" stroke-dasharray=\"7 3\""));
}
