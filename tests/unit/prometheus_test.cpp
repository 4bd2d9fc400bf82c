#include "mlopsctl/formats/prometheus.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;

TEST_CASE("a family is help, type and its series together, the last line ended") {
  const std::vector<MetricFamily> families{
      {"rows", "Rows of each side.", "gauge", {{{{"side", "a"}}, 3}, {{{"side", "b"}}, 0.25}}},
      {"empty", "Nothing to say.", "gauge", {}},
      {"up", "Whether it is.", "gauge", {{{}, 1}}}};
  CHECK(prometheus_text(families) ==
        "# HELP rows Rows of each side.\n# TYPE rows gauge\n"
        "rows{side=\"a\"} 3\nrows{side=\"b\"} 0.25\n"
        "# HELP up Whether it is.\n# TYPE up gauge\nup 1\n");
}

TEST_CASE("label values keep quotes, newlines and backslashes; bytes that are not UTF-8 do not") {
  const std::vector<MetricFamily> families{
      {"m", "a\\b\nc", "gauge", {{{{"feature", "say \"hi\"\n\\ \xff \xc3\xa9"}}, 1}}}};
  CHECK(prometheus_text(families) ==
        "# HELP m a\\\\b\\nc\n# TYPE m gauge\n"
        "m{feature=\"say \\\"hi\\\"\\n\\\\ \xef\xbf\xbd \xc3\xa9\"} 1\n");
}

TEST_CASE("values that are no numbers are spelled as Prometheus reads them") {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<MetricFamily> families{
      {"m",
       "h",
       "gauge",
       {{{{"i", "0"}}, std::nan("")}, {{{"i", "1"}}, inf}, {{{"i", "2"}}, -inf}}}};
  const std::string text = prometheus_text(families);
  CHECK(text.find("} NaN\n") != std::string::npos);
  CHECK(text.find("} +Inf\n") != std::string::npos);
  CHECK(text.find("} -Inf\n") != std::string::npos);
}

TEST_CASE("a series that is there twice and names that are none are refused") {
  const auto text_of = [](MetricFamily family) {
    return prometheus_text(std::vector<MetricFamily>{std::move(family)});
  };
  CHECK_THROWS_AS(text_of({"m", "h", "gauge", {{{}, 1}, {{}, 2}}}), Error);
  CHECK_THROWS_AS(text_of({"a-b", "h", "gauge", {{{}, 1}}}), Error);
  CHECK_THROWS_AS(text_of({"m", "h", "gauge", {{{{"a-b", "x"}}, 1}}}), Error);
  CHECK_FALSE(is_label_name("__name__"));
  CHECK_FALSE(is_label_name("9a"));
  CHECK(is_label_name("model_9"));
}

TEST_CASE("the value of a series is found again, whatever its labels hold") {
  const std::vector<MetricFamily> families{{"a_total", "h", "counter", {{{{"x", "1 2} 9"}}, 17}}},
                                           {"a", "h", "gauge", {{{}, 2.5}}}};
  const std::string text = prometheus_text(families);
  CHECK(prometheus_value(text, "a_total") == 17);
  CHECK(prometheus_value(text, "a") == 2.5);
  CHECK_FALSE(prometheus_value(text, "b"));
  CHECK_FALSE(prometheus_value("a", "a"));
  CHECK_FALSE(prometheus_value("a{ garbage", "a"));
}
