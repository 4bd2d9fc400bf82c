#include "mlopsctl/ui/plot.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlopsctl;

namespace {

const double nan_value = std::nan("");
const double infinity = std::numeric_limits<double>::infinity();

Curve wave(std::size_t count) {
  Curve curve{"wave", {}, {}};
  for (std::size_t i = 0; i < count; ++i) {
    curve.x.push_back(static_cast<double>(i));
    curve.y.push_back(std::sin(static_cast<double>(i) * 0.01));
  }
  return curve;
}

}  // namespace

TEST_CASE("smoothing is TensorBoard's debiased mean") {
  // 0.6 · 0 + 0.4 · 1 = 0.4, over 1 − 0.6 → 1; 0.6 · 0.4 + 0.4 · 2 = 1.04, over 1 − 0.36 → 1.625.
  const std::vector<double> y{1, 2, 3};
  const auto result = smoothed(y, 0.6);
  CHECK(result[0] == doctest::Approx(1));
  CHECK(result[1] == doctest::Approx(1.625));
  CHECK(result[2] == doctest::Approx((0.6 * 1.04 + 1.2) / (1 - 0.216)));
}

TEST_CASE("smoothing lets NaN and infinities pass and goes on behind them") {
  const std::vector<double> y{1, nan_value, 2, infinity, 3};
  const auto result = smoothed(y, 0.6);
  CHECK(std::isnan(result[1]));
  CHECK(result[2] == doctest::Approx(1.625));
  CHECK(result[3] == infinity);
  CHECK(std::isfinite(result[4]));
}

TEST_CASE("smoothing changes neither a constant series nor anything at weight zero") {
  const std::vector<double> constant(5, 0.1);
  CHECK(smoothed(constant, 0.99) == constant);
  const std::vector<double> y{3, 1, 2};
  CHECK(smoothed(y, 0) == y);
  CHECK(smoothed(std::vector<double>{}, 0.5).empty());
  for (double value : smoothed(y, 1)) CHECK(std::isfinite(value));
}

TEST_CASE("a short curve is not downsampled") {
  const Curve curve = wave(100);
  CHECK(downsampled(curve, 100).y == curve.y);
}

TEST_CASE("downsampling keeps both ends, the extremes and the order") {
  Curve curve = wave(20000);
  curve.y[7777] = 50;
  curve.y[7778] = -60;
  const Curve result = downsampled(curve, 200);
  CHECK(result.y.size() <= 200);
  CHECK(result.y.size() >= 190);
  CHECK(result.label == "wave");
  CHECK(result.x.front() == 0);
  CHECK(result.x.back() == 19999);
  CHECK(std::is_sorted(result.x.begin(), result.x.end()));
  CHECK(*std::max_element(result.y.begin(), result.y.end()) == 50);
  CHECK(*std::min_element(result.y.begin(), result.y.end()) == -60);
}

TEST_CASE("downsampling follows the curve") {
  const Curve curve = wave(20000);
  const Curve result = downsampled(curve, 1000);
  for (std::size_t i = 1; i < result.x.size(); ++i) {
    const double middle = (result.x[i - 1] + result.x[i]) / 2;
    CHECK((result.y[i - 1] + result.y[i]) / 2 ==
          doctest::Approx(std::sin(middle * 0.01)).epsilon(0.02));
  }
}

TEST_CASE("downsampling keeps gaps and infinities") {
  Curve curve = wave(10000);
  for (std::size_t i = 4000; i < 5000; ++i) curve.y[i] = nan_value;
  curve.y[7000] = infinity;
  const Curve result = downsampled(curve, 300);
  CHECK(result.y.size() <= 300);
  CHECK(std::count(result.y.begin(), result.y.end(), infinity) == 1);
  for (std::size_t i = 0; i < result.y.size(); ++i) {
    const bool in_gap = result.x[i] >= 4000 && result.x[i] < 5000;
    CHECK(std::isnan(result.y[i]) == in_gap);
  }
  CHECK(std::count_if(result.y.begin(), result.y.end(), [](double v) { return std::isnan(v); }) >
        0);
}

TEST_CASE("downsampling copes with every limit and with curves of NaN only") {
  Curve nothing = wave(50);
  std::fill(nothing.y.begin(), nothing.y.end(), nan_value);
  for (std::size_t limit = 0; limit < 10; ++limit) {
    CHECK(downsampled(wave(50), limit).y.size() <= limit);
    CHECK(downsampled(nothing, limit).y.size() <= limit);
  }
}

TEST_CASE("a sparkline rises with the values") {
  const std::vector<double> y{0, 1, 2, 3, 4, 5, 6, 7};
  CHECK(sparkline(y, 8, true) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline(y, 8, false) == "_-~=+*%#");
  CHECK(sparkline(y, 20, true) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline(y, 2, true) == "▁█");
}

TEST_CASE("a sparkline shows gaps, infinities and constants") {
  CHECK(sparkline(std::vector<double>{0, nan_value, 1}, 3, true) == "▁.█");
  CHECK(sparkline(std::vector<double>{0, infinity, 1, -infinity}, 4, true) == "▁██▁");
  CHECK(sparkline(std::vector<double>{5, 5, 5}, 3, true) == "▄▄▄");
  CHECK(sparkline(std::vector<double>{nan_value}, 3, true) == ".");
  CHECK(sparkline(std::vector<double>{}, 3, true).empty());
  CHECK(sparkline(std::vector<double>{1, 2}, 0, true).empty());
}
