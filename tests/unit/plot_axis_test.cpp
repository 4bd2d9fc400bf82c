#include "mlopsctl/ui/plot.hpp"

#include "ui/axis.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;

TEST_CASE("ticks are round and cover the range") {
  CHECK(axis_ticks(0, 1, 5, false) == std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1});
  CHECK(axis_ticks(0.13, 0.87, 4, false) == std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1});
  CHECK(axis_ticks(-1, 1, 4, false) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(axis_ticks(0, 5000, 5, false) == std::vector<double>{0, 1000, 2000, 3000, 4000, 5000});
  CHECK(axis_ticks(3e-9, 9e-9, 3, false).front() <= 3e-9);
}

TEST_CASE("tick values carry no rounding noise") {
  for (double tick : axis_ticks(0, 1, 10, false)) CHECK(tick * 10 == std::round(tick * 10));
  CHECK(axis_ticks(0, 0.3, 3, false)[3] == 0.3);
}

TEST_CASE("a log axis has decades") {
  CHECK(axis_ticks(0.002, 30, 5, true) == std::vector<double>{0.001, 0.01, 0.1, 1, 10, 100});
  CHECK(axis_ticks(2e-12, 1e12, 4, true) ==
        std::vector<double>{1e-15, 1e-10, 1e-5, 1, 1e5, 1e10, 1e15});
  CHECK(axis_ticks(1, 10, 5, true) == std::vector<double>{1, 2, 5, 10});
}

TEST_CASE("ranges that have no ticks give none, and extreme ones end") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(axis_ticks(0, inf, 5, false).empty());
  CHECK(axis_ticks(std::nan(""), 1, 5, false).empty());
  CHECK(axis_ticks(-1, 10, 5, true).empty());
  CHECK(axis_ticks(2, 1, 5, false).empty());
  CHECK(axis_ticks(7, 7, 5, false) == std::vector<double>{7});
  CHECK(axis_ticks(-1.7e308, 1.7e308, 5, false).size() >= 2);
  CHECK(axis_ticks(1e16, 1e16 + 2, 50, false).size() <= 100);
  CHECK_FALSE(axis_ticks(0, 5e-324, 5, false).empty());
  CHECK_FALSE(axis_ticks(0, 1, 0, false).empty());
}

TEST_CASE("labels of one axis share precision and unit") {
  using Labels = std::vector<std::string>;
  CHECK(tick_labels({0, 0.5, 1}, false) == Labels{"0", "0.5", "1.0"});
  CHECK(tick_labels({0, 1000, 2000}, false) == Labels{"0", "1000", "2000"});
  CHECK(tick_labels({0, 10000, 20000}, false) == Labels{"0", "10k", "20k"});
  CHECK(tick_labels({1e6, 1.5e6, 2e6}, false) == Labels{"1.0M", "1.5M", "2.0M"});
  CHECK(tick_labels({10010, 10020}, false) == Labels{"10010", "10020"});
  CHECK(tick_labels({1e-5, 2e-5}, false) == Labels{"1e-5", "2e-5"});
  CHECK(tick_labels({-0.2, 0, 0.2}, false) == Labels{"-0.2", "0", "0.2"});
  CHECK(tick_labels({1e-6, 0.001, 1, 1000, 1e6}, true) ==
        Labels{"1e-6", "0.001", "1", "1000", "1M"});
}

TEST_CASE("a step axis has no half steps") {
  Axis axis = make_axis({4, 7}, {.wanted = 10, .integral = true});
  CHECK(axis.ticks == std::vector<double>{4, 5, 6, 7});
}

TEST_CASE("one value lies in the middle of its axis") {
  Axis axis = make_axis({0.25, 0.25}, {});
  CHECK(axis.position(0.25) == doctest::Approx(0.5));
  CHECK(axis.ticks.size() >= 2);
  Axis log_axis = make_axis({0.25, 0.25}, {.log_scale = true});
  CHECK(log_axis.position(0.25) == doctest::Approx(0.5));
}

TEST_CASE("a log axis has no place for zero and below") {
  Axis axis = make_axis({1, 100}, {.log_scale = true});
  CHECK(axis.position(10) == doctest::Approx(0.5));
  CHECK(std::isnan(axis.position(0)));
  CHECK(std::isnan(axis.position(-1)));
}
