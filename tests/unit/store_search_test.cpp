#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <set>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder.path(), OpenMode::create);

  std::string add(const std::string& id, std::int64_t start, std::vector<MetricPoint> metrics = {},
                  std::vector<KeyValue> params = {}, const std::string& experiment = "0") {
    store.create_run({.id = id,
                      .experiment_id = experiment,
                      .name = "name " + id,
                      .start = Timestamp{start},
                      .params = std::move(params)});
    store.log(id, {.metrics = std::move(metrics)});
    return id;
  }
  // Ids of all pages, joined; checks on the way that pages are full and count() agrees.
  std::string ids(RunQuery query) const {
    std::string list;
    std::int64_t runs = 0;
    for (;;) {
      const RunPage page = store.search(query);
      for (const Run& run : page.runs) list += (list.empty() ? "" : " ") + run.id;
      runs += static_cast<std::int64_t>(page.runs.size());
      if (page.next_page_token.empty()) break;
      CHECK(static_cast<std::int64_t>(page.runs.size()) == query.limit);
      query.page_token = page.next_page_token;
    }
    CHECK(store.count(query) == runs);
    return list;
  }
};

MetricPoint loss(double value) { return {"loss", {1, {1}, value}, {}}; }

}  // namespace

TEST_CASE_FIXTURE(Fixture, "without an order the newest runs come first, ties by id") {
  add("b", 10);
  add("a", 10);
  add("c", 30);
  CHECK(ids({}) == "c a b");
  CHECK(ids({.limit = 1}) == "c a b");
  CHECK(ids({.limit = 2}) == "c a b");
}

TEST_CASE_FIXTURE(Fixture, "numbers come before NaN and NaN before missing, in both directions") {
  add("none", 1);
  add("nan", 2, {loss(nan)});
  add("low", 3, {loss(-1)});
  add("high", 4, {loss(std::numeric_limits<double>::infinity())});
  add("mid", 5, {loss(0.5)});
  for (const std::int64_t limit : {1, 2, 3, 50}) {
    CHECK(ids({.order_by = {"metrics.loss"}, .limit = limit}) == "low mid high nan none");
    CHECK(ids({.order_by = {"metrics.loss DESC"}, .limit = limit}) == "high mid low nan none");
  }
}

TEST_CASE_FIXTURE(Fixture, "ties of an order are broken by the next order, then start, then id") {
  add("a", 1, {loss(1)}, {{"lr", "0.1"}});
  add("b", 2, {loss(1)}, {{"lr", "0.2"}});
  add("c", 3, {loss(1)}, {{"lr", "0.1"}});
  add("d", 4, {loss(0)}, {{"lr", "0.9"}});
  for (const std::int64_t limit : {1, 2, 50}) {
    CHECK(ids({.order_by = {"metrics.loss DESC", "params.lr"}, .limit = limit}) == "c a b d");
    CHECK(ids({.order_by = {"params.lr DESC", "start_time ASC"}, .limit = limit}) == "d b a c");
    CHECK(ids({.order_by = {"attributes.run_name DESC"}, .limit = limit}) == "d c b a");
  }
}

TEST_CASE_FIXTURE(Fixture, "pages of a long list hold every run once") {
  std::set<std::string> expected;
  for (int i = 0; i < 137; ++i) {
    const double value = i % 11 == 0 ? nan : i % 5;
    std::vector<MetricPoint> metrics;
    if (i % 7 != 0) metrics.push_back(loss(value));
    expected.insert(add("run" + std::to_string(i), i % 13, metrics));
  }
  for (const char* order : {"metrics.loss", "metrics.loss DESC", "end_time DESC", "duration"}) {
    RunQuery query{.order_by = {order}, .limit = 10};
    std::set<std::string> seen;
    int pages = 0;
    do {
      const RunPage page = store.search(query);
      for (const Run& run : page.runs) CHECK(seen.insert(run.id).second);
      query.page_token = page.next_page_token;
      ++pages;
    } while (!query.page_token.empty());
    CHECK(seen == expected);
    CHECK(pages == 14);
  }
}

TEST_CASE_FIXTURE(Fixture, "filters see metrics, parameters, tags and attributes") {
  add("a", 1, {loss(0.5)}, {{"opt", "adam"}});
  add("b", 2, {loss(nan)}, {{"opt", "sgd"}});
  add("c", 3);
  store.log("c", {.tags = {{"team", "x"}}});
  CHECK(ids({.filter = "metrics.loss < 1"}) == "a");
  CHECK(ids({.filter = "metrics.loss != 0"}) == "a");
  CHECK(ids({.filter = "params.opt LIKE 's%' OR tags.team = 'x'"}) == "c b");
  CHECK(ids({.filter = "params.opt IS NULL"}) == "c");
  CHECK(ids({.filter = "attributes.run_name = 'name b'"}) == "b");
  CHECK(ids({.filter = "status = 'RUNNING' AND start_time > 1"}) == "c b");
  CHECK_ERROR(store.search({.filter = "metrics.loss <"}), ErrorKind::usage, "");
}

TEST_CASE_FIXTURE(Fixture, "a search keeps to its experiments and to active or deleted runs") {
  store.create_experiment("other");
  add("a", 1);
  add("b", 2, {}, {}, "1");
  add("c", 3, {}, {}, "1");
  store.delete_run("c");
  CHECK(ids({}) == "b a");
  CHECK(ids({.experiment_ids = {"1"}}) == "b");
  CHECK(ids({.experiment_ids = {"0", "1"}}) == "b a");
  CHECK(ids({.experiment_ids = {"77", "nonsense"}}) == "");
  CHECK(ids({.view = ViewType::deleted_only}) == "c");
  CHECK(ids({.experiment_ids = {"1"}, .view = ViewType::all}) == "c b");
}

TEST_CASE_FIXTURE(Fixture, "a page carries params, tags and metrics of its runs") {
  add("a", 1, {loss(0.5), {"acc", {2, {2}, 0.9}, {}}}, {{"z", "1"}, {"b", "2"}});
  const RunPage page = store.search({});
  REQUIRE(page.runs.size() == 1);
  CHECK(page.runs[0].params == std::vector<KeyValue>{{"b", "2"}, {"z", "1"}});
  REQUIRE(page.runs[0].metrics.size() == 2);
  CHECK(page.runs[0].metrics[0].key == "acc");
  CHECK(page.runs[0].tags.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a page token belongs to one search") {
  add("a", 1);
  add("b", 2);
  const std::string token = store.search({.limit = 1}).next_page_token;
  CHECK_FALSE(token.empty());
  CHECK(store.search({.limit = 5, .page_token = token}).runs.at(0).id == "a");
  CHECK_ERROR(store.search({.filter = "params.a = 'b'", .page_token = token}), ErrorKind::usage,
              "page token");
  CHECK_ERROR(store.search({.order_by = {"start_time"}, .page_token = token}), ErrorKind::usage,
              "page token");
  for (const std::string bad : {"x", "0", "zz", "00", "deadbeef", "é"}) {
    CHECK_ERROR(store.search({.page_token = bad}), ErrorKind::usage, "page token");
  }
  for (std::size_t cut = 1; cut < token.size(); ++cut) {
    CHECK_ERROR(store.search({.limit = 1, .page_token = token.substr(0, cut)}), ErrorKind::usage,
                "page token");
  }
}

TEST_CASE_FIXTURE(Fixture, "an order that makes no sense is refused") {
  CHECK_ERROR(store.search({.order_by = {"metrics.a", "metrics.a DESC"}}), ErrorKind::usage,
              "twice");
  CHECK_ERROR(store.search({.order_by = {"attributes.nonsense"}}), ErrorKind::usage, "nonsense");
  CHECK_ERROR(store.search({.limit = 0}), ErrorKind::usage, "page");
}
