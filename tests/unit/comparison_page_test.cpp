#include "mlopsctl/ui/comparison_page.hpp"

#include "support/page_text.hpp"
#include "ui/comparison_picture.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlopsctl;
using mlopsctl::testing::contains;
using mlopsctl::testing::count_of;
using mlopsctl::testing::page_data;

namespace {

ComparedFeature feature_named(const std::string& name) {
  ComparedFeature feature{.name = name, .kind = "real", .verdict = "drift", .tone = Tone::bad};
  feature.effect = 2.5;
  feature.psi = 0.31;
  feature.reference = {1000, 3, 0.1, 1.0, -3.0, 3.0};
  feature.current = {900, 103, 0.6, 1.1, -2.5, 4.0};
  feature.tests = {{"ks", 0.25, 1e-30, 0.05, true, true, true},
                   {"psi", 0.31, std::nullopt, 0.1, false, true, true}};
  for (int i = 0; i <= 10; ++i) feature.edges.push_back(-3 + 0.7 * i);
  for (std::uint64_t i = 0; i < 10; ++i) {
    feature.reference_counts.push_back(100'000 + i);
    feature.current_counts.push_back(90'000 + 7 * i);
  }
  for (int i = 0; i < 200; ++i) {
    const double x = -3 + i * 0.035;
    feature.steps.push_back({x, 1 / (1 + std::exp(-x)), 1 / (1 + std::exp(0.5 - x))});
  }
  feature.distance = 0.25;
  feature.distance_at = 0.3;
  return feature;
}

ComparisonPage page_of(std::vector<ComparedFeature> features) {
  ComparisonPage page{.title = "today against training", .verdict = "drift", .tone = Tone::bad};
  page.reason = "1 of 1 features drifted";
  page.features = std::move(features);
  return page;
}

}  // namespace

TEST_CASE("a comparison page is self-contained and refuses everything else") {
  const std::string page = html_comparison(page_of({feature_named("a")}));
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(contains(page, "default-src 'none'; style-src 'sha256-"));
  CHECK(count_of(page, "'sha256-") == 5);
  CHECK_FALSE(contains(page, "unsafe-inline"));
  CHECK_FALSE(contains(page, "{{"));
  CHECK_FALSE(contains(page, " src="));
  CHECK_FALSE(contains(page, "<link"));
  CHECK_FALSE(contains(page, "@import"));
}

TEST_CASE("feature names, findings and sources cannot break out of a comparison page") {
  const std::string attack = "</script><img src=x onerror=alert(1)>\"\n<!--<script>{{data}}\xff";
  const std::string harmless = html_comparison(page_of({feature_named("a")}));
  ComparisonPage hostile = page_of({feature_named(attack)});
  hostile.title = hostile.reason = hostile.verdict = attack;
  hostile.facts = hostile.tiles = {{attack, attack}};
  hostile.remarks = {{Severity::bad, attack, attack, attack}};
  hostile.features[0].warnings = {attack};
  const std::string page = html_comparison(hostile);
  for (const auto* part : {"<script", "</script", "<!--", "<img"}) {
    CHECK(count_of(page, part) == count_of(harmless, part));
  }
  const auto data = page_data(page);
  const std::string shown = attack.substr(0, attack.size() - 1) + "\xef\xbf\xbd";
  CHECK(data["features"][0][0] == shown);
  CHECK(data["remarks"][0][3] == shown);
}

TEST_CASE("numbers of a page are there to be read: counts whole, NaN as null") {
  ComparedFeature feature = feature_named("a");
  feature.psi = std::nan("");
  feature.effect = std::numeric_limits<double>::infinity();
  feature.reference.rows = 1'234'567'890;
  const auto row = page_data(html_comparison(page_of({feature})))["features"][0];
  CHECK(row[3].is_null());
  CHECK(row[4] == "Infinity");
  CHECK(row[7][0] == 1'234'567'890);
  CHECK(row[6][0] == nlohmann::json{0, 0.25, 1e-30, 1, 1});
  CHECK(row[10][0][0] == nlohmann::json{-3, 4});  // equal bins: two edges are enough
  CHECK(row[10][0][2].size() == 10);
}

TEST_CASE("768 features with pictures and slices of time stay below one megabyte") {
  std::vector<ComparedFeature> features;
  for (int i = 0; i < 768; ++i) {
    features.push_back(feature_named(std::to_string(i)));
    for (int slice = 0; slice < 200; ++slice) {
      features.back().over_time.push_back(
          {slice < 100, {1'700'000'000'000 + slice * 3'600'000LL}, 100, std::sin(slice + i)});
    }
  }
  const std::string page = html_comparison(page_of(std::move(features)));
  CHECK(page.size() < 1'000'000);
  const auto data = page_data(page);
  CHECK(data["pictures"] == 768);
  CHECK(data["times"].size() == 2);  // shared by all
}

TEST_CASE("where pictures do not fit, the worst features keep theirs and all keep their numbers") {
  const std::vector<ComparedFeature> features(3000, feature_named("a"));
  const auto data = page_data(html_comparison(page_of(features)));
  CHECK(data["features"].size() == 3000);
  const auto pictures = data["pictures"].get<std::size_t>();
  CHECK(pictures >= 50);
  CHECK(pictures < 3000);
  CHECK(data["features"][0][10].is_array());
  CHECK(data["features"][2999][10] == 0);
}

TEST_CASE("thinning keeps the ends and follows a jump") {
  std::vector<ComparedStep> steps;
  for (int i = 0; i < 1000; ++i) {
    steps.push_back({static_cast<double>(i), i < 700 ? 0.0 : 1.0, i < 710 ? 0.0 : 1.0});
  }
  const auto kept = thinned(steps, 32);
  CHECK(kept.size() <= 32);
  CHECK(kept.front().x == 0);
  CHECK(kept.back().x == 999);
  CHECK(std::ranges::any_of(kept, [](const auto& step) { return step.x == 700; }));
}

TEST_CASE("merged slices weigh their means by rows and leave out slices without values") {
  const std::vector<ComparedSlice> slices{
      {false, {0}, 1, 1.0}, {false, {10}, 3, 5.0}, {false, {20}, 0, 0.0}, {false, {30}, 2, 8.0}};
  const auto result = merged(slices, 2);
  REQUIRE(result.size() == 2);
  CHECK(result[0].mean == doctest::Approx(4.0));
  CHECK(result[0].rows == 4);
  CHECK(result[1].from.ms == 30);
}

TEST_CASE("many categories become the largest and the rest") {
  ComparedFeature feature{.name = "city", .kind = "category"};
  for (std::uint64_t i = 0; i < 100; ++i) {
    feature.labels.push_back("city " + std::to_string(i));
    feature.reference_counts.push_back(1000 - i);
    feature.current_counts.push_back(i == 99 ? 50'000 : 1);
  }
  const auto histogram = page_data(html_comparison(page_of({feature})))["features"][0][10][0];
  CHECK(histogram[1].size() == 24);
  CHECK(histogram[1][0] == "city 99");
  CHECK(histogram[1][23] == "77 others");
}
