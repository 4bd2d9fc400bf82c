#include "mlopsctl/ui/plot.hpp"

#include "support/page_text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

using namespace mlopsctl;
using mlopsctl::testing::contains;
using mlopsctl::testing::count_of;
using mlopsctl::testing::page_data;

namespace {

nlohmann::json data_of(const Chart& chart, const PlotOptions& options = {}) {
  return page_data(html_plot("page", std::vector{chart}, options));
}

}  // namespace

TEST_CASE("the page is self-contained and refuses everything else") {
  const std::string page = html_plot("runs", {}, {});
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(contains(page, "default-src 'none'; style-src 'sha256-"));
  CHECK(count_of(page, "'sha256-") == 5);
  CHECK_FALSE(contains(page, "unsafe-inline"));
  CHECK_FALSE(contains(page, "{{"));
  CHECK_FALSE(contains(page, " src="));
  CHECK_FALSE(contains(page, "<link"));
  CHECK_FALSE(contains(page, "@import"));
}

TEST_CASE("names cannot break out of the page") {
  const std::string attack = "</script><img src=x onerror=alert(1)><!--<script>{{data}}";
  const Chart chart{attack, attack, {{attack, {0, 1}, {1, 2}}}};
  const std::string harmless =
      html_plot("page", std::vector{Chart{"a", "b", {{"c", {0, 1}, {1, 2}}}}}, {});
  const std::string page = html_plot(attack, std::vector{chart}, {});
  CHECK(count_of(page, "<script") == count_of(harmless, "<script"));
  CHECK(count_of(page, "</script") == count_of(harmless, "</script"));
  CHECK(count_of(page, "<!--") == count_of(harmless, "<!--"));
  CHECK_FALSE(contains(page, "<img"));
  const auto data = page_data(page);
  CHECK(data["runs"][0] == attack);
  CHECK(data["charts"][0]["title"] == attack);
}

TEST_CASE("names that are not UTF-8 leave the data readable") {
  const auto data = data_of(Chart{"\xff\x01\xe2\x80\xa8", "step", {{"\xc3\x28", {0}, {1}}}});
  CHECK(data["charts"][0]["title"] == "\xef\xbf\xbd\x01\xe2\x80\xa8");
}

TEST_CASE("values keep full precision, NaN and infinities") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto data =
      data_of(Chart{"loss",
                    "step",
                    {{"run", {0.1, 0.25, 3, 4, 5}, {0.1 + 0.2, std::nan(""), inf, -inf, 5e-324}}}});
  const auto& y = data["charts"][0]["curves"][0]["y"];
  CHECK(y[0].get<double>() == 0.1 + 0.2);
  CHECK(y[1].is_null());
  CHECK(y[2] == "Infinity");
  CHECK(y[3] == "-Infinity");
  CHECK(y[4].get<double>() == 5e-324);
  CHECK(data["xs"][0][0].get<double>() == 0.1);
}

TEST_CASE("evenly spaced steps are stored once and short") {
  Chart chart{"loss", "step", {}};
  for (const char* label : {"a", "b"}) {
    Curve curve{label, {}, {}};
    for (int i = 0; i < 100; ++i) {
      curve.x.push_back(10 * i);
      curve.y.push_back(i);
    }
    chart.curves.push_back(curve);
  }
  const auto data = data_of(chart);
  CHECK(data["xs"].size() == 1);
  CHECK(data["xs"][0] == nlohmann::json{{"start", 0}, {"step", 10}, {"count", 100}});
}

TEST_CASE("last, lowest and highest come from all points, not from those drawn") {
  Curve curve{"run", {}, {}};
  for (int i = 0; i < 50000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(std::cos(i * 0.3));
  }
  curve.y[123] = 7;
  curve.y[124] = -7;
  const auto data = data_of(Chart{"loss", "step", {curve}});
  const auto& shown = data["charts"][0]["curves"][0];
  CHECK(shown["y"].size() <= 5000);
  CHECK(shown["count"] == 50000);
  CHECK(shown["highest"] == nlohmann::json{123, 7});
  CHECK(shown["lowest"] == nlohmann::json{124, -7});
  CHECK(shown["last"][0] == 49999);
}

TEST_CASE("one label is one run in all charts, twice in a chart it is two runs") {
  const std::vector<Chart> charts{{"loss", "step", {{"a", {0}, {1}}, {"b", {0}, {1}}}},
                                  {"accuracy", "step", {{"b", {0}, {1}}}},
                                  {"lr", "step", {{"a", {0}, {1}}, {"a", {0}, {2}}}}};
  const auto data = page_data(html_plot("page", charts, {}));
  CHECK(data["runs"] == nlohmann::json{"a", "b", "a"});
  CHECK(data["charts"][1]["curves"][0]["run"] == 1);
  CHECK(data["charts"][2]["curves"][1]["run"] == 2);
}

TEST_CASE("options are where the page starts") {
  const auto data = data_of(Chart{"loss", "step", {}}, {.log_y = true, .smoothing = 0.6});
  CHECK(data["options"]["logX"] == false);
  CHECK(data["options"]["logY"] == true);
  CHECK(data["options"]["smoothing"] == 0.6);
}

TEST_CASE("ten runs of six metrics with a thousand points stay well below two megabytes") {
  std::vector<Chart> charts;
  for (int metric = 0; metric < 6; ++metric) {
    Chart chart{"metric " + std::to_string(metric), "step", {}};
    for (int run = 0; run < 10; ++run) {
      Curve curve{"run " + std::to_string(run), {}, {}};
      for (int i = 0; i < 1000; ++i) {
        curve.x.push_back(i);
        curve.y.push_back(std::sin(i + run * 1000 + metric));  // seventeen digits each
      }
      chart.curves.push_back(curve);
    }
    charts.push_back(chart);
  }
  CHECK(html_plot("page", charts, {}).size() < 1'300'000);
}
