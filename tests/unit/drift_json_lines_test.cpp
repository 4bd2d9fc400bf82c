#include "mlopsctl/drift/dataset.hpp"

#include "support/expect_error.hpp"
#include "support/read_data.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

TEST_CASE("JSON lines are a table whose nested objects have dots in their names") {
  const DataSet data = read_text(
      "{\"a\": 1, \"user\": {\"age\": 2.5, \"ok\": true}, \"t\": \"2026-11-23T00:00:00Z\"}\n"
      "\n"
      "{\"user\": {\"age\": 3, \"ok\": false}, \"a\": 9007199254740993, \"s\": \"x\"}\r\n"
      "{\"a\": null, \"l\": [1, {\"b\": [2]}], \"s\": \"12\", \"user\": {\"age\": NaN}}",
      {}, "t.jsonl");
  CHECK(data.rows() == 3);
  CHECK(integers(data, "a").values == std::vector<std::int64_t>{1, 9007199254740993, 0});
  CHECK(integers(data, "a").missing == std::vector<bool>{false, false, true});
  CHECK(reals(data, "user.age")[1] == 3);
  CHECK(std::isnan(reals(data, "user.age")[2]));
  CHECK(column(data, "user.ok").kind == ColumnKind::boolean);
  CHECK(column(data, "user.ok").missing() == 1);
  CHECK(column(data, "t").kind == ColumnKind::time);
  CHECK(column(data, "t").missing() == 2);
  CHECK(labels(data, "s") == std::vector<std::string>{"-", "x", "12"});
  CHECK(has_note(data, "'l' holds lists"));
}

TEST_CASE("a JSON column of several kinds keeps what was written") {
  const DataSet data =
      read_text("{\"v\": 1.50}\n{\"v\": \"a\\nb\"}\n{\"v\": true}\n{}\n", {}, "t.jsonl");
  CHECK(labels(data, "v") == std::vector<std::string>{"1.50", "a\nb", "true", "-"});
}

TEST_CASE("a damaged line is named") {
  CHECK_ERROR(read_text("{\"a\": 1}\n{\"a\": }\n", {}, "t.jsonl"), ErrorKind::corrupt,
              "line 2 of ");
  CHECK_ERROR(read_text("{\"a\": 1}\n[1]\n", {}, "t.jsonl"), ErrorKind::corrupt, "JSON object");
  CHECK_ERROR(read_text("{\"a\": 1} {}\n", {}, "t.jsonl"), ErrorKind::corrupt, "line 1 of ");
  CHECK_ERROR(read_text("[{\"a\": 1}]\n", {}, "t.json"), ErrorKind::corrupt, "jq -c");
  CHECK_ERROR(read_text("{\"a\": \"\xFF\"}\n", {}, "t.jsonl"), ErrorKind::corrupt, "line 1 of ");
}

TEST_CASE("columns of JSON lines can be chosen and given a kind") {
  ReadOptions options;
  options.only = {"when", "x.y"};
  options.time_column = "when";
  options.kinds = {{"x.y", "category"}};
  const DataSet data =
      read_text("{\"when\": 1700000000, \"x\": {\"y\": 7, \"z\": 1}}\n", options, "t.jsonl");
  CHECK(data.columns.size() == 2);
  CHECK(integers(data, "when").values == std::vector<std::int64_t>{1700000000000});
  CHECK(labels(data, "x.y") == std::vector<std::string>{"7"});
}
