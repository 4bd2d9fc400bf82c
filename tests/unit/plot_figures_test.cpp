#include "mlopsctl/ui/figures.hpp"

#include "support/page_text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace mlopsctl;
using mlopsctl::testing::contains;
using mlopsctl::testing::page_data;

namespace {

std::string page_of(const std::vector<Figure>& figures) {
  return html_figures("plots", figures, {}, {.label = "revision", .figure = "plot"});
}

}  // namespace

TEST_CASE("bars, matrices and pictures share the labels of the runs") {
  const BarChart bars{"bars", "weight", "name", {"a", "b"}, {{"v1", {1, std::nan("")}}}};
  const ConfusionMatrix matrix{"m", "x", "y", {"c"}, {"r", "s"}, true, {{"v2", {3, 4}}}};
  const Pictures pictures{"p", {{"v1", "data:image/png;base64,AA=="}}};
  const auto data = page_data(page_of({bars, matrix, pictures}));
  CHECK(data["runs"] == nlohmann::json{"v1", "v2"});
  CHECK(data["options"]["nouns"] == nlohmann::json{"revision", "plot"});
  CHECK(data["charts"][0]["kind"] == "bars");
  CHECK(data["charts"][0]["runs"][0]["values"] == nlohmann::json{1, nullptr});
  CHECK(data["charts"][1]["normalized"] == true);
  CHECK(data["charts"][1]["runs"][0] == nlohmann::json{{"run", 1}, {"counts", {3, 4}}});
  CHECK(data["charts"][2]["runs"][0]["source"] == "data:image/png;base64,AA==");
}

TEST_CASE("only a page with pictures may load pictures, and only from inside itself") {
  CHECK(contains(page_of({Pictures{"p", {}}}), "img-src data:;"));
  CHECK_FALSE(contains(page_of({BarChart{"b", "", "", {}, {}}}), "img-src"));
  CHECK_FALSE(contains(page_of({Chart{"c", "step", {}}}), "class BarPanel"));
}

TEST_CASE("series of one revision are curves of one run") {
  Chart chart{"c", "step", {{"v1", {0}, {1}, "loss"}, {"v1", {0}, {2}, "acc"}}};
  const auto data = page_data(page_of({chart}));
  CHECK(data["runs"] == nlohmann::json{"v1"});
  CHECK(data["charts"][0]["curves"][1]["series"] == "acc");
}

TEST_CASE("a cloud of points keeps its extremes in the table when it is thinned") {
  Curve curve{"v1", {}, {}};
  for (int i = 0; i < 20'000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i % 7);
  }
  curve.y[12'345] = 99;
  Chart chart{"c", "x", {curve}};
  chart.points = true;
  const auto data = page_data(page_of({chart}));
  CHECK(data["charts"][0]["kind"] == "points");
  CHECK(data["charts"][0]["curves"][0]["y"].size() <= 5000);
  CHECK(data["charts"][0]["curves"][0]["highest"] == nlohmann::json{12'345, 99});
}
