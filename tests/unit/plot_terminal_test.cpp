#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/terminal.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "support/locations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

using namespace mlopsctl;

namespace {

// A falling curve with a deterministic ripple.
Curve falling(const std::string& label, std::size_t count, double rate, double floor) {
  Curve curve{label, {}, {}};
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = static_cast<double>(i);
    curve.x.push_back(x);
    curve.y.push_back(floor + 2 * std::exp(-x * rate) * (1 + 0.05 * std::sin(x * 1.3)));
  }
  return curve;
}

Chart three_runs() {
  return {"eval/loss",
          "step",
          {falling("baseline", 60, 0.03, 0.5), falling("wide", 60, 0.06, 0.7),
           falling("short", 30, 0.02, 0.4)}};
}

std::vector<std::string> lines_of(const std::string& text) {
  auto lines = split(text, '\n');
  REQUIRE(lines.back().empty());
  lines.pop_back();
  return lines;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Compares with tests/golden/plot/<name>.txt; MLOPSCTL_UPDATE_GOLDEN=1 writes it instead.
void check_golden(const std::string& name, const std::string& text) {
  const std::string path = testing::source_folder() + "/tests/golden/plot/" + name + ".txt";
  if (std::getenv("MLOPSCTL_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ostringstream golden;
  golden << std::ifstream(path).rdbuf();
  CHECK_MESSAGE(golden.str() == text, name << " is now\n" << text);
}

}  // namespace

TEST_CASE("a terminal plot fills exactly its height and never exceeds its width") {
  Chart chart = three_runs();
  chart.curves[0].label = "a label that is much wider than any terminal column could ever hold";
  chart.curves[1].label = "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字";
  chart.title = "a/very/long/metric/name/that/does/not/fit/into/narrow/terminals/at/all";
  for (bool unicode : {true, false}) {
    for (int width : {20, 33, 40, 80, 133, 200}) {
      for (int height : {6, 8, 15, 24, 50}) {
        CAPTURE(width);
        CAPTURE(height);
        const auto lines =
            lines_of(terminal_plot(chart, {.width = width, .height = height, .unicode = unicode}));
        CHECK(static_cast<int>(lines.size()) == height);
        for (const std::string& line : lines) CHECK(display_width(line) <= width);
      }
    }
  }
}

TEST_CASE("several curves can be told apart without colour") {
  const std::string plot = terminal_plot(three_runs(), {});
  for (std::string_view entry : {"─A─ baseline", "─B─ wide", "─C─ short"})
    CHECK(contains(plot, entry));
  CHECK_FALSE(contains(plot, "\x1b["));
  const std::string picture = plot.substr(0, plot.find("└"));
  for (char letter : {'A', 'B', 'C'}) CHECK(contains(picture, std::string(1, letter)));
}

TEST_CASE("colour adds escape sequences and nothing else") {
  PlotOptions options;
  const std::string plain = terminal_plot(three_runs(), options);
  options.color = true;
  const std::string colored = terminal_plot(three_runs(), options);
  std::string stripped;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
    } else {
      stripped += colored[i];
    }
  }
  CHECK(colored.size() > plain.size());
  CHECK(stripped == plain);
}

TEST_CASE("the ASCII plot holds nothing but ASCII") {
  for (char c : terminal_plot(three_runs(), {.unicode = false})) {
    CHECK(static_cast<unsigned char>(c) < 0x80);
  }
}

TEST_CASE("a single spike among a million points stays visible") {
  Curve curve{"run", {}, {}};
  for (int i = 0; i < 1000000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(1);
  }
  curve.y[400000] = 9;
  const auto lines =
      lines_of(terminal_plot({"loss", "step", {curve}}, {.width = 60, .height = 12}));
  for (std::size_t row = 1; row < 9; ++row) CHECK(display_width(lines[row]) > 20);
}

TEST_CASE("NaN leaves a gap and infinities are marked at the border") {
  Chart chart{"loss", "step", {{"run", {}, {}}}};
  for (int i = 0; i < 100; ++i) {
    chart.curves[0].x.push_back(i);
    chart.curves[0].y.push_back(i < 30 || i > 70 ? 1.0 + i % 2 : std::nan(""));
  }
  chart.curves[0].y[50] = std::numeric_limits<double>::infinity();
  chart.curves[0].y[60] = -std::numeric_limits<double>::infinity();
  const auto lines = lines_of(terminal_plot(chart, {}));
  CHECK(contains(lines[1], "▲"));
  CHECK(contains(lines[lines.size() - 3], "▼"));
  CHECK(contains(lines[8], "          "));
}

TEST_CASE("a value without neighbours is a visible mark") {
  CHECK(contains(terminal_plot({"accuracy", "step", {{"run", {5}, {0.91}}}}, {}), "●"));
  CHECK(contains(terminal_plot({"accuracy", "step", {{"run", {5}, {0.91}}}}, {.unicode = false}),
                 "*"));
}

TEST_CASE("without anything to draw the plot says why") {
  const double nan_value = std::nan("");
  CHECK(contains(terminal_plot({"loss", "step", {}}, {}), "no points yet"));
  CHECK(contains(terminal_plot({"loss", "step", {{"run", {}, {}}}}, {}), "no points yet"));
  CHECK(contains(terminal_plot({"loss", "step", {{"run", {1}, {nan_value}}}}, {}),
                 "only NaN values"));
  CHECK(contains(terminal_plot({"loss", "step", {{"run", {1}, {INFINITY}}}}, {}),
                 "only infinite values"));
  CHECK(contains(terminal_plot({"loss", "step", {{"run", {1, 2}, {-1, 0}}}}, {.log_y = true}),
                 "log scale"));
}

TEST_CASE("control characters in names do not reach the terminal") {
  Chart chart = three_runs();
  chart.title = "loss\x1b[2J\n";
  chart.x_label = "\x07";
  for (Curve& curve : chart.curves) curve.label += "\x1b]0;title\x07\xff";
  for (char c : terminal_plot(chart, {})) {
    CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  }
}

TEST_CASE("a legend without room counts what it leaves out") {
  Chart chart{"loss", "step", {}};
  for (int i = 0; i < 60; ++i)
    chart.curves.push_back(falling("run-" + std::to_string(i), 20, 0.01 * i, 0));
  const std::string plot = terminal_plot(chart, {.width = 60, .height = 14});
  CHECK(lines_of(plot).size() == 14);
  CHECK(contains(plot, " more"));
}

TEST_CASE("terminal plots look like the golden pictures") {
  Chart one{"loss", "step", {falling("lucid-otter", 400, 0.01, 0.3)}};
  check_golden("one_run", terminal_plot(one, {.width = 72, .height = 16}));
  check_golden("three_runs", terminal_plot(three_runs(), {.width = 80, .height = 18}));
  check_golden("three_runs_ascii",
               terminal_plot(three_runs(), {.width = 72, .height = 16, .unicode = false}));
  one.curves[0] = falling("lucid-otter", 400, 0.02, 0);
  check_golden("log_scale", terminal_plot(one, {.log_y = true, .width = 60, .height = 12}));
}
