#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder.path(), OpenMode::create);
  std::string run = store.create_run({.experiment_id = "0"}).id;

  void log(const std::vector<Point>& points, const MetricContext& context = {}) {
    LogBatch batch;
    for (const Point& point : points) batch.metrics.push_back({"loss", point, context});
    store.log(run, batch);
  }
  Metric metric(std::size_t index = 0) const { return store.run(run).metrics.at(index); }
  std::vector<Point> history(RunStore::Order order = RunStore::Order::by_step) const {
    std::vector<Point> points;
    store.history(run, "loss", order, [&](const Point& point) { points.push_back(point); });
    return points;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the summary of a series is that of its points") {
  log({{1, {10}, 5.0}, {2, {20}, 3.0}, {3, {30}, 4.0}});
  const Metric loss = metric();
  CHECK(loss.key == "loss");
  CHECK(loss.latest == Point{3, {30}, 4.0});
  CHECK(loss.min == 3.0);
  CHECK(loss.min_step == 2);
  CHECK(loss.max == 5.0);
  CHECK(loss.max_step == 1);
  CHECK(loss.count == 3);
}

TEST_CASE_FIXTURE(Fixture, "the latest point is the greatest, not the one that arrived last") {
  log({{5, {50}, 1.0}});
  log({{4, {60}, 2.0}});
  CHECK(metric().latest.step == 5);
  log({{5, {40}, 9.0}});
  CHECK(metric().latest.value == 1.0);
  log({{5, {50}, 7.0}});
  CHECK(metric().latest.value == 7.0);
  log({{5, {50}, nan}});
  CHECK(std::isnan(metric().latest.value));
  CHECK(metric().count == 5);
}

TEST_CASE_FIXTURE(Fixture, "exact repeats change nothing, whatever the way they come") {
  const std::vector<Point> points{{1, {1}, 1.0}, {1, {1}, nan}, {2, {2}, infinity}};
  log(points);
  log(points);
  log({points[0], points[0]});
  MetricWriter writer(store, run);
  for (const Point& point : points) writer.add("loss", point);
  writer.commit();
  CHECK(metric().count == 3);
  CHECK(history().size() == 3);
  CHECK(store.health(true).problems.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "NaN, infinities, negative zero and the smallest number are stored exactly") {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const std::int64_t last = std::numeric_limits<std::int64_t>::max();
  log({{-7, {0}, -infinity},
       {0, {0}, -0.0},
       {1, {0}, tiny},
       {2, {0}, 0.1},
       {3, {0}, infinity},
       {last, {last}, nan}});
  const auto points = history();
  REQUIRE(points.size() == 6);
  CHECK(points[0] == Point{-7, {0}, -infinity});
  CHECK(std::signbit(points[1].value));
  CHECK(points[2].value == tiny);
  CHECK(points[3].value == 0.1);
  CHECK(points[4].value == infinity);
  CHECK(points[5].step == last);
  CHECK(std::isnan(points[5].value));
  CHECK(metric().min == -infinity);
  CHECK(metric().max == infinity);
  log({{last, {last}, 1.0}});
  CHECK(std::isnan(metric().latest.value));
}

TEST_CASE_FIXTURE(Fixture, "negative zero survives in the summary") {
  log({{1, {1}, -0.0}});
  CHECK(std::signbit(metric().latest.value));
  CHECK(std::signbit(metric().min));
}

TEST_CASE_FIXTURE(Fixture, "a series of nothing but NaN has no extremes") {
  log({{1, {1}, nan}, {2, {2}, nan}});
  CHECK(std::isnan(metric().min));
  CHECK(std::isnan(metric().max));
  CHECK(std::isnan(metric().latest.value));
  log({{3, {3}, 2.0}});
  CHECK(metric().min == 2.0);
}

TEST_CASE_FIXTURE(Fixture, "of equal extremes the earliest step counts, in any order of arrival") {
  log({{9, {9}, 1.0}});
  log({{3, {3}, 1.0}});
  log({{5, {5}, 1.0}});
  CHECK(metric().min_step == 3);
  CHECK(metric().max_step == 3);
}

TEST_CASE_FIXTURE(Fixture, "history is ordered by step or by time") {
  log({{2, {10}, 1.0}, {1, {20}, 2.0}, {1, {20}, 1.0}, {3, {5}, 0.0}});
  const auto by_step = history(RunStore::Order::by_step);
  const auto by_time = history(RunStore::Order::by_time);
  CHECK(by_step ==
        std::vector<Point>{{1, {20}, 1.0}, {1, {20}, 2.0}, {2, {10}, 1.0}, {3, {5}, 0.0}});
  CHECK(by_time ==
        std::vector<Point>{{3, {5}, 0.0}, {2, {10}, 1.0}, {1, {20}, 1.0}, {1, {20}, 2.0}});
  store.history(run, "unknown", RunStore::Order::by_time, [](const Point&) { FAIL("a point"); });
}

TEST_CASE_FIXTURE(Fixture,
                  "contexts are series of their own, and the greatest point speaks for the key") {
  const MetricContext model{.model_id = "m-1", .dataset_name = "test", .dataset_digest = "d"};
  log({{1, {1}, 0.9}});
  log({{2, {2}, 0.5}, {1, {1}, 0.9}}, model);
  const Run both = store.run(run);
  REQUIRE(both.metrics.size() == 2);
  CHECK(both.metrics[0].context == MetricContext{});
  CHECK(both.metrics[1].context == model);
  CHECK(both.metrics[1].count == 2);
  // The point that was logged in both contexts is one measurement.
  CHECK(history().size() == 2);
  CHECK(store.count({.filter = "metrics.loss = 0.5"}) == 1);
  CHECK(store.count({.filter = "metrics.loss = 0.9"}) == 0);
  log({{3, {3}, 0.1}});
  CHECK(store.count({.filter = "metrics.loss = 0.1"}) == 1);
  CHECK(store.count({.filter = "metrics.loss = 0.5"}) == 0);
  CHECK(store.health(true).problems.empty());
}

TEST_CASE_FIXTURE(Fixture, "all points of a run come with their series, by key and step") {
  store.log(
      run,
      {.metrics = {{"b", {1, {1}, 1.0}, {}}, {"a", {2, {2}, 2.0}, {}}, {"a", {1, {1}, nan}, {}}}});
  std::string seen;
  store.all_points(run, [&](const Metric& metric, const Point& point) {
    seen += metric.key + std::to_string(point.step) + " ";
  });
  CHECK(seen == "a1 a2 b1 ");
}

TEST_CASE_FIXTURE(Fixture, "points in random order give the same summaries as sorted ones") {
  std::mt19937 random(7);
  std::vector<Point> points;
  for (int i = 0; i < 2000; ++i) {
    const double value = i % 97 == 0 ? nan : static_cast<double>(random() % 1000) / 8;
    points.push_back({static_cast<std::int64_t>(random() % 500),
                      {static_cast<std::int64_t>(random() % 3)},
                      value});
  }
  MetricWriter writer(store, run);
  for (std::size_t i = 0; i < points.size(); ++i) {
    writer.add(i % 3 == 0 ? "x" : "loss", points[i]);
    if (i % 333 == 0) writer.commit();
  }
  writer.commit();
  const std::string sorted_run = store.create_run({.experiment_id = "0"}).id;
  std::ranges::stable_sort(points, {}, &Point::step);
  // The same points again, in one batch; which series a point belongs to does not matter here.
  LogBatch batch;
  store.all_points(run, [&](const Metric& metric, const Point& point) {
    batch.metrics.insert(batch.metrics.begin(), {metric.key, point, {}});
  });
  store.log(sorted_run, batch);
  const auto a = store.run(run).metrics;
  const auto b = store.run(sorted_run).metrics;
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].count == b[i].count);
    CHECK(a[i].min == b[i].min);
    CHECK(a[i].min_step == b[i].min_step);
    CHECK(a[i].max == b[i].max);
    CHECK(a[i].max_step == b[i].max_step);
    CHECK(a[i].latest.step == b[i].latest.step);
  }
  CHECK(store.health(true).problems.empty());
}

TEST_CASE_FIXTURE(Fixture, "what a writer has not committed is not stored") {
  {
    MetricWriter writer(store, run);
    writer.add("loss", {1, {1}, 1.0});
    CHECK(writer.pending() == 1);
  }
  CHECK(store.run(run).metrics.empty());
}

TEST_CASE_FIXTURE(Fixture, "a resume value is stored together with the points") {
  {
    MetricWriter writer(store, run);
    CHECK(writer.resume_value("file") == 0);
    writer.add("loss", {1, {1}, 1.0});
    writer.commit("file", 4096);
    writer.commit("other", 1);
    CHECK(writer.pending() == 0);
  }
  MetricWriter writer(store, run);
  CHECK(writer.resume_value("file") == 4096);
  CHECK(writer.resume_value("other") == 1);
  CHECK(history().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a writer whose commit fails keeps its points and can try again") {
  MetricWriter writer(store, run);
  writer.add("loss", {1, {1}, 1.0});
  store.delete_run(run);
  CHECK_ERROR(writer.commit("file", 7), ErrorKind::conflict, "deleted");
  CHECK(writer.pending() == 1);
  store.restore_run(run);
  writer.commit("file", 7);
  CHECK(history().size() == 1);
  CHECK(metric().count == 1);
}

TEST_CASE_FIXTURE(Fixture, "a writer refuses a key without losing the other points") {
  MetricWriter writer(store, run);
  writer.add("loss", {1, {1}, 1.0});
  CHECK_ERROR(writer.add("bad\nkey", {1, {1}, 1.0}), ErrorKind::usage, "control");
  CHECK_ERROR(writer.add("", {1, {1}, 1.0}), ErrorKind::usage, "empty");
  CHECK_ERROR(writer.add("bad\nkey", {1, {1}, 1.0}), ErrorKind::usage, "control");
  writer.add("loss", {2, {2}, 1.0});
  writer.commit();
  CHECK(history().size() == 2);
  CHECK(store.run(run).metrics.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "two writers of the same series add up") {
  auto second_store = RunStore::open(folder.path(), OpenMode::read_write);
  MetricWriter first(store, run);
  MetricWriter second(second_store, run);
  for (int i = 0; i < 100; ++i) {
    MetricWriter& writer = i % 2 == 0 ? first : second;
    writer.add("loss", {i, {i}, static_cast<double>(i)});
    writer.commit();
  }
  CHECK(metric().count == 100);
  CHECK(metric().max == 99.0);
  CHECK(store.health(true).problems.empty());
}

TEST_CASE_FIXTURE(Fixture, "a point takes at most 32 bytes on disk") {
  {
    MetricWriter writer(store, run);
    for (int i = 0; i < 200'000; ++i) {
      writer.add(i % 2 == 0 ? "loss" : "accuracy", {i / 2, {1'700'000'000'000 + i}, 1.0 / (i + 1)});
    }
    writer.commit();
  }
  store = RunStore::open(folder.path(), OpenMode::read_write);
  const StoreHealth health = store.health(false);
  CHECK(health.points == 200'000);
  CHECK((health.file_bytes + health.wal_bytes) / 200'000 < 32);
}
