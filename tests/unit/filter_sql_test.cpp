#include "tracking/filter_sql.hpp"

#include "mlopsctl/platform/sqlite.hpp"

#include "tracking/schema.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <string>
#include <string_view>
#include <variant>

using mlopsctl::Database;
using mlopsctl::SqlFragment;
using mlopsctl::Statement;

namespace {

// Five runs a to e. e has neither metrics nor params nor tags nor an end.
class Store {
 public:
  Store() : database_(":memory:", Database::Mode::create) {
    mlopsctl::migrate(database_, mlopsctl::schema_steps());
    database_.execute_script(R"(
      INSERT INTO experiments(id, name, artifact_location, created, updated) VALUES (7, 'chat', '', 0, 0);
      INSERT INTO keys(id, name) VALUES (10, 'loss'), (11, 'lr'), (12, 'stage'), (13, 'acc');
      INSERT INTO runs(n, id, experiment, deleted, status, start, end, name, user, artifact_uri, exit_code) VALUES
        (1, 'a', 0, NULL, 3, 1000, 61000, 'Bold-heron', 'ann', '', 0),
        (2, 'b', 0, NULL, 4, 2000, 4000, 'bold-wren', 'bob', 's3://bucket/b', 1),
        (3, 'c', 7, NULL, 3, 3000, 5000, 'calm*owl', 'ann', '', 0),
        (4, 'd', 7, 9, 5, 4000, 4500, 'calm-owl', 'ann', '', 137),
        (5, 'e', 7, NULL, 1, 5000, NULL, 'new', 'eve', '', NULL);
      INSERT INTO series(run, key, context, head, count, latest_step, latest_ts, latest, min, min_step, max, max_step) VALUES
        (1, 10, 0, 1, 9, 9, 9, 0.5, 0.1, 1, 2.0, 2),
        (2, 10, 0, 1, 9, 9, 9, 1.5, 1.5, 1, 1.5, 1),
        (3, 10, 0, 1, 9, 9, 9, NULL, 0.3, 1, 9.0, 1),
        (4, 10, 0, 1, 9, 9, 9, 9e999, 0.2, 1, 9e999, 1),
        (1, 13, 0, 1, 1, 1, 1, 0.9, 0.9, 1, 0.9, 1);
      INSERT INTO contexts VALUES (5, 'm-1', '', '');
      INSERT INTO series(run, key, context, head, count, latest_step, latest_ts, latest, min, min_step, max, max_step) VALUES
        (1, 10, 5, 0, 1, 1, 1, 100.0, 100.0, 1, 100.0, 1);
      INSERT INTO params VALUES (11, 1, '0.1'), (11, 2, '1e-2'), (11, 3, 'auto'), (11, 4, '10');
      INSERT INTO tags VALUES (12, 1, 'Warm-up'), (12, 2, 'warm-up'), (12, 3, '');
      INSERT INTO datasets VALUES (1, 0, 'wiki', 'd1', '', '', '', ''), (2, 0, 'books', 'd2', '', '', '', '');
      INSERT INTO inputs VALUES (1, 1), (1, 2), (2, 2);
      INSERT INTO input_tags VALUES (1, 1, 'mlflow.data.context', 'train'), (2, 2, 'mlflow.data.context', 'eval');)");
  }

  // The ids that match, as one text: "ace".
  std::string find(std::string_view filter) {
    const auto tree = mlopsctl::parse_filter(filter, mlopsctl::Timestamp{10000});
    const SqlFragment sql = mlopsctl::compile_filter(*tree, "/home/artifacts");
    return ids("SELECT r.id FROM runs r WHERE " + sql.text + " ORDER BY r.id", sql);
  }

  std::string sort(std::string_view order) {
    const auto sql = mlopsctl::compile_order(mlopsctl::parse_order(order), 0, "/home/artifacts");
    return ids(fmt::format("SELECT r.id FROM runs r{} ORDER BY {}, {} {}, r.id", sql.join.text,
                           sql.rank, sql.value, sql.descending ? "DESC" : "ASC"),
               sql.join);
  }

  Database& database() { return database_; }

 private:
  std::string ids(const std::string& text, const SqlFragment& sql) {
    Statement statement = database_.prepare(text);
    int parameter = 0;
    for (const auto& value : sql.values) {
      std::visit([&](const auto& held) { statement.bind(++parameter, held); }, value);
    }
    std::string found;
    while (statement.step()) found += statement.get<std::string>(0);
    return found;
  }

  Database database_;
};

struct Case {
  std::string_view filter, found;
};

}  // namespace

TEST_CASE("a filter finds the runs that it describes") {
  static constexpr Case cases[] = {
      // metrics: the head series only; NaN compares with nothing, a missing key neither
      {"metrics.loss < 1", "a"},
      {"metrics.loss = 0.5", "a"},
      {"metrics.loss != 0.5", "bd"},
      {"metrics.loss > 1", "bd"},
      {"metrics.loss >= Infinity", "d"},
      {"metrics.loss:min < 0.25", "ad"},
      {"metrics.loss:max > 1.9", "acd"},
      {"metrics.loss IS NULL", "e"},
      {"metrics.loss IS NOT NULL", "abcd"},
      {"metrics.loss IS NOT NULL AND NOT metrics.loss <= inf", "c"},
      {"metrics.nothing = 1", ""},
      {"metrics.nothing IS NULL", "abcde"},
      {"metrics.acc > 0.5 AND metrics.loss < 1", "a"},
      // params: text, or numbers where the right side is one
      {"params.lr = '0.1'", "a"},
      {"params.lr = 0.10", "a"},
      {"params.lr = 0.01", "b"},
      {"params.lr > 0.05", "ad"},
      {"params.lr < 0.05", "b"},
      {"params.lr <= 10", "abd"},
      {"params.lr != 0.1", "bd"},
      {"params.lr != '0.1'", "bcd"},
      {"params.lr IN (0.1, 'auto')", "ac"},
      {"params.lr IN (0.1, 0.01)", "ab"},
      {"params.lr NOT IN (0.1, 'auto')", "bd"},
      {"params.lr NOT IN ('auto')", "abd"},
      {"params.lr IS NULL", "e"},
      {"params.lr LIKE '1%'", "bd"},
      // tags and patterns
      {"tags.stage = 'warm-up'", "b"},
      {"tags.stage = ''", "c"},
      {"tags.stage LIKE 'warm%'", "b"},
      {"tags.stage ILIKE 'WARM%'", "ab"},
      {"tags.stage NOT LIKE 'warm%'", "ac"},
      {"tags.stage NOT ILIKE 'warm%'", "c"},
      {"tags.stage LIKE '_arm-up'", "ab"},
      {"tags.stage LIKE '%'", "abc"},
      {"run_name LIKE 'calm*owl'", "c"},
      {"run_name LIKE 'calm_owl'", "cd"},
      {"run_name LIKE 'calm?owl'", ""},
      {"run_name LIKE '[c]alm-owl'", ""},
      {"run_name LIKE 'bold%'", "b"},
      {"run_name ILIKE 'bold%'", "ab"},
      // attributes
      {"run_id IN ('a', 'c', 'x')", "ac"},
      {"run_id NOT IN ('a', 'c')", "bde"},
      {"status = 'finished'", "ac"},
      {"status != 'FINISHED'", "bde"},
      {"status IN ('Failed', 'KILLED')", "bd"},
      {"status LIKE 'F%'", "abc"},
      {"status LIKE 'f%'", ""},
      {"user_id = 'ann'", "acd"},
      {"start_time >= 3000", "cde"},
      {"start_time > '8s ago'", "cde"},
      {"end_time > 4000", "acd"},
      {"end_time IS NULL", "e"},
      {"duration >= 2", "abc"},
      {"duration > '1 min'", ""},
      {"duration >= 1m", "a"},
      {"exit_code = 0", "ac"},
      {"exit_code != 0", "bd"},
      {"exit_code IS NULL", "e"},
      {"run_id IS NULL", ""},
      {"run_id IS NOT NULL", "abcde"},
      {"artifact_uri = '/home/artifacts/0/a/artifacts'", "a"},
      {"artifact_uri LIKE '/home/artifacts/7/%'", "cde"},
      {"artifact_uri ILIKE 'S3://%'", "b"},
      {"artifact_uri IN ('s3://bucket/b', '/home/artifacts/0/a/artifacts')", "ab"},
      {"experiment_id = '7'", "cde"},
      {"experiment_name = 'chat'", "cde"},
      {"experiment_name != 'chat'", "ab"},
      {"lifecycle_stage = 'deleted'", "d"},
      // datasets: any of the run's inputs
      {"dataset.name = 'wiki'", "a"},
      {"dataset.name != 'wiki'", "ab"},
      {"dataset.digest IN ('d2')", "ab"},
      {"dataset.context = 'eval'", "b"},
      {"dataset.context IS NULL", "cde"},
      {"dataset.name IS NULL", "cde"},
      // logic: NOT also holds for runs without the key
      {"NOT metrics.loss < 1", "bcde"},
      {"NOT params.lr = '0.1'", "bcde"},
      {"NOT end_time > 4000", "be"},
      {"NOT (tags.stage = 'warm-up' OR status = 'RUNNING')", "acd"},
      {"metrics.loss < 1 OR params.lr = '10'", "ad"},
      {"(metrics.loss < 1 OR params.lr = '10') AND NOT lifecycle_stage = 'deleted'", "a"},
      {"user_id = 'ann' AND (status = 'FINISHED' AND (exit_code = 0 OR exit_code = 137))", "ac"},
  };
  Store store;
  for (const auto& [filter, found] : cases) {
    CAPTURE(filter);
    CHECK(store.find(filter) == found);
  }
}

TEST_CASE("user text is bound and never becomes SQL") {
  Store store;
  CHECK(store.find("params.`lr') OR 1=1 --` = 'x'') OR 1=1 --'").empty());
  CHECK(store.find("run_name = '''; DROP TABLE runs; --'").empty());
  CHECK(store.find("run_id IS NOT NULL") == "abcde");
}

TEST_CASE(
    "every comparison is true or false, so that a filter and its negation cut the runs in two") {
  Store store;
  for (const char* filter :
       {"metrics.loss > 1", "params.lr > 0.05", "end_time > 4000", "exit_code = 0", "duration > 1",
        "dataset.context = 'eval'", "tags.stage LIKE 'w%'", "artifact_uri = 'x'",
        "params.lr NOT IN (1, 'x')"}) {
    CAPTURE(filter);
    const std::string all = store.find(filter) + store.find(fmt::format("NOT ({})", filter));
    CHECK(all.size() == 5);
  }
}

TEST_CASE("the deepest and the longest filters that are accepted are SQL that SQLite accepts") {
  Store store;
  std::string deep = "params.lr IN (0.1, 'auto')";
  for (int i = 0; i < 9; ++i) {
    deep = i % 2 == 0 ? "NOT (metrics.loss < 1 OR " + deep + ")"
                      : "NOT (" + deep + " AND dataset.name = 'x')";
  }
  CHECK_NOTHROW(store.find(deep));
  std::string wide = "run_id = 'a'";
  for (int i = 1; i < 500; ++i) wide += " OR metrics.loss < 1";
  CHECK(store.find(wide) == "a");
  std::string list = "run_id IN ('a'";
  for (int i = 1; i < 20000; ++i) list += ",'b'";
  CHECK(store.find(list + ")") == "ab");
}

TEST_CASE("sorting puts numbers first, then NaN, then what is missing, in both directions") {
  Store store;
  CHECK(store.sort("metrics.loss") == "abdce");
  CHECK(store.sort("metrics.loss DESC") == "dbace");
  CHECK(store.sort("metrics.loss:min") == "adcbe");
  CHECK(store.sort("metrics.nothing DESC") == "abcde");
}

TEST_CASE("params and tags sort as numbers, then as texts") {
  Store store;
  CHECK(store.sort("params.lr") == "badce");
  CHECK(store.sort("params.lr DESC") == "dabce");
  CHECK(store.sort("tags.stage") == "cabde");
}

TEST_CASE("attributes sort by their values, missing ones last") {
  Store store;
  CHECK(store.sort("start_time DESC") == "edcba");
  CHECK(store.sort("end_time") == "bdcae");
  CHECK(store.sort("end_time DESC") == "acdbe");
  CHECK(store.sort("status") == "bacde");
  CHECK(store.sort("duration DESC") == "abcde");
  CHECK(store.sort("artifact_uri") == "acdeb");
  CHECK(store.sort("experiment_name") == "abcde");
}

TEST_CASE("a metric filter reads one stretch of an index and no points") {
  Store store;
  const auto tree = mlopsctl::parse_filter("metrics.loss < 1", mlopsctl::Timestamp{});
  const SqlFragment sql = mlopsctl::compile_filter(*tree, "/x");
  Statement plan =
      store.database().prepare("EXPLAIN QUERY PLAN SELECT r.n FROM runs r WHERE " + sql.text);
  std::string text;
  while (plan.step()) text += plan.get<std::string>(3) + "\n";
  CAPTURE(text);
  CHECK(text.find("INDEX series_head (key=?") != std::string::npos);
  CHECK(text.find("points") == std::string::npos);
}
