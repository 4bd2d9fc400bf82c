#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/drift/describe_text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "drift/ordered_work.hpp"
#include "support/expect_error.hpp"
#include "support/read_data.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

TEST_CASE("a column's kind is inferred from all of its values") {
  const DataSet data = read_text(
      "i,r,mixed,b,t,c,none\n"
      "1,1.5,1,true,2026-11-23,x,\n"
      "-2,2,2.5,False,2026-11-23T07:33:52.5+01:00,y,NA\n"
      ",nan,3,,,x,\n");
  CHECK(column(data, "i").kind == ColumnKind::integer);
  CHECK(integers(data, "i").values == std::vector<std::int64_t>{1, -2, 0});
  CHECK(integers(data, "i").missing == std::vector<bool>{false, false, true});
  CHECK(column(data, "r").missing() == 1);
  CHECK(reals(data, "mixed") == std::vector<double>{1, 2.5, 3});
  CHECK(column(data, "b").kind == ColumnKind::boolean);
  CHECK(integers(data, "b").values == std::vector<std::int64_t>{1, 0, 0});
  CHECK(column(data, "t").kind == ColumnKind::time);
  CHECK(integers(data, "t").values[0] == 1795392000000);
  CHECK(integers(data, "t").values[1] == 1795392000000 + 23632500);
  CHECK(labels(data, "c") == std::vector<std::string>{"x", "y", "x"});
  CHECK(column(data, "none").kind == ColumnKind::real);
  CHECK(column(data, "none").missing() == 3);
  CHECK(has_note(data, "'none' has no values"));
}

TEST_CASE("integers above 2^53 stay exact, beyond 64 bits they are reals") {
  const DataSet data =
      read_text("id,big\n9007199254740993,1\n-9223372036854775808,18446744073709551616\n");
  CHECK(integers(data, "id").values ==
        std::vector<std::int64_t>{9007199254740993, std::numeric_limits<std::int64_t>::min()});
  CHECK(reals(data, "big") == std::vector<double>{1, 18446744073709551616.0});
}

TEST_CASE("a value that is no number makes the earlier ones texts as they were written") {
  const DataSet data = read_text("a,b,c\n1,true,2026-01-01\n2.50,x,soon\n");
  (void)data;
  CHECK(labels(read_text("a\n1\n2.50\nabc\n"), "a") ==
        std::vector<std::string>{"1", "2.50", "abc"});
  CHECK(labels(data, "b") == std::vector<std::string>{"true", "x"});
  CHECK(labels(data, "c") == std::vector<std::string>{"2026-01-01", "soon"});
}

TEST_CASE("quotes hold delimiters, line ends and doubled quotes") {
  const DataSet data = read_text(
      "\xEF\xBB\xBF\"a,b\",c\r\n\"1\",\"x\r\ny\"\r\n2,\"say \"\"hi\"\"\"\r\n\r\n3,5\" pipe\r\n");
  CHECK(integers(data, "a,b").values == std::vector<std::int64_t>{1, 2, 3});
  CHECK(labels(data, "c") == std::vector<std::string>{"x\r\ny", "say \"hi\"", "5\" pipe"});
}

TEST_CASE("a ragged row is named with its line") {
  CHECK_ERROR(read_text("a,b\n1,2\n\"x\ny\",3\n1,2,3\n"), ErrorKind::corrupt, "line 5 of ");
  CHECK_ERROR(read_text("a,b\n1,2\n1\n"), ErrorKind::corrupt, "1 field, where the header has 2");
  CHECK_ERROR(read_text("a,b\n1,\"2\n"), ErrorKind::corrupt, "line 2 of ");
  CHECK_ERROR(read_text(""), ErrorKind::corrupt, "is empty");
}

TEST_CASE("a table of a header and no rows has columns and no rows") {
  const DataSet data = read_text("a,b\n");
  CHECK(data.features() == 2);
  CHECK(data.rows() == 0);
}

TEST_CASE("names are made unique, and a pandas index is left out") {
  const DataSet data = read_text(",a,a,\n0,1,2,3\n1,4,5,6\n");
  CHECK(data.columns.size() == 3);
  CHECK(data.feature_name(1) == "a.1");
  CHECK(data.feature_name(2) == "column 4");
  CHECK(has_note(data, "row numbers"));
}

TEST_CASE("numbers without names are a table without a header") {
  const DataSet data = read_text("0.5,1\n1.5,2\n");
  CHECK(reals(data, "0") == std::vector<double>{0.5, 1.5});
  CHECK(read_text("0,1\n5,6\n").rows() == 1);  // as pandas names columns
  ReadOptions options;
  options.header = false;
  CHECK(read_text("a,b\nc,d\n", options).rows() == 2);
}

TEST_CASE("delimiters are recognised or given") {
  CHECK(read_text("a;b\n1,5;2\n").features() == 2);
  CHECK(read_text("a\tb\n1\t2\n", {}, "t.tsv").features() == 2);
  CHECK(read_text("a|b\n1|2\n").features() == 2);
}

TEST_CASE("columns can be chosen, left out and given a kind") {
  ReadOptions options;
  options.ignore = {"b"};
  options.kinds = {{"a", "category"}, {"t", "time"}, {"f", "boolean"}};
  const DataSet data = read_text("a,b,t,f\n007,x,1700000000,yes\n8,y,1700000000500,0\n", options);
  CHECK(data.columns.size() == 3);
  CHECK(labels(data, "a") == std::vector<std::string>{"007", "8"});
  CHECK(integers(data, "t").values == std::vector<std::int64_t>{1700000000000, 1700000000500});
  CHECK(integers(data, "f").values == std::vector<std::int64_t>{1, 0});
  options.kinds = {{"a", "integer"}};
  CHECK_ERROR(read_text("a,b\nx,1\n", options), ErrorKind::corrupt,
              "'a' is integer, and 'x' is not");
  options.kinds = {{"a", "number"}};
  CHECK_ERROR(read_text("a,b\nx,1\n", options), ErrorKind::usage, "'number' is no kind");
}

TEST_CASE("numbers are the nearest doubles") {
  for (const char* text : {"0.1", "1e22", "1e23", "123456789012345678", "0.30000000000000004",
                           "2.2250738585072011e-308", "4.9e-324", "1.7976931348623157e308", "-0.0",
                           "9007199254740993.0", "0.1234567890123456789012345", "8.5e-5", ".5",
                           "5.", "00000000000000000000000001.5", "0.00000000000000000000000123"}) {
    CAPTURE(text);
    const double expected = std::strtod(text, nullptr);
    const DataSet data = read_text("a,b\n" + std::string(text) + ",1\n0.5,2\n");
    CHECK(reals(data, "a")[0] == expected);
    CHECK(std::signbit(reals(data, "a")[0]) == std::signbit(expected));
  }
  const DataSet data = read_text("a\n1e999\n-inf\n1e-999\n+Infinity\n");
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(reals(data, "a") == std::vector<double>{infinity, -infinity, 0, infinity});
}

TEST_CASE("numbers of every length are what strtod makes of them, wherever they stand") {
  std::string text = "x,y\n";
  std::vector<double> expected;
  std::uint64_t state = 1;
  const auto below = [&](std::uint64_t bound) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33U) % bound;
  };
  const auto digits = [&](std::uint64_t count) {
    std::string some;
    for (std::uint64_t i = 0; i < count; ++i) some += static_cast<char>('0' + below(10));
    return some;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string number = below(3) == 0 ? "-" : below(5) == 0 ? "+" : "";
    number += digits(1 + below(11)) + "." + digits(below(20));
    if (below(4) == 0) number += (below(2) == 0 ? "e-" : "E") + digits(1 + below(2));
    expected.push_back(std::strtod(number.c_str(), nullptr));
    text += number + "," + (below(2) == 0 ? "-0" : digits(1 + below(9))) + "\n";
  }
  const DataSet data = read_text(text);
  CHECK(reals(data, "x") == expected);
  CHECK(column(data, "y").kind == ColumnKind::integer);
}

TEST_CASE("large files are cut into parts without anybody noticing") {
  std::string text = "n,x,s,late\n";
  std::int64_t sum = 0;
  const int rows = 300'000;
  for (int row = 0; row < rows; ++row) {
    text += std::to_string(row) + ",0.25,\"line\n" + std::to_string(row % 7) + "\",";
    text += row < rows - 1 ? "5\n" : "five\n";
    sum += row;
  }
  REQUIRE(text.size() > (std::size_t{4} << 20U));
  const DataSet data = read_text(text);
  CHECK(data.rows() == rows);
  std::int64_t found = 0;
  bool ascending = true;
  for (std::size_t i = 0; i < integers(data, "n").values.size(); ++i) {
    found += integers(data, "n").values[i];
    ascending = ascending && integers(data, "n").values[i] == static_cast<std::int64_t>(i);
  }
  CHECK(found == sum);
  CHECK(ascending);
  CHECK(std::get<Categories>(column(data, "s").values).labels.size() == 7);
  CHECK(std::get<Categories>(column(data, "late").values).labels ==
        std::vector<std::string>{"5", "five"});
}

TEST_CASE("several files are one table, matched by name") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "1.csv", "a,b\n1,x\n2,y\n");
  write_file_atomically(folder / "2.csv", "b,a\ny,3.5\n");
  write_file_atomically(folder / "other.csv", "a,c\n1,2\n");
  const DataSet data = read_files({folder / "[12].csv"});
  CHECK(reals(data, "a") == std::vector<double>{1, 2, 3.5});
  CHECK(labels(data, "b") == std::vector<std::string>{"x", "y", "y"});
  CHECK(data.files.size() == 2);
  CHECK_ERROR(read_files({folder / "1.csv", folder / "other.csv"}), ErrorKind::usage, "'b'");
  CHECK_ERROR(read_files({folder / "*.parquet"}), ErrorKind::not_found, "no file matches");
  CHECK_ERROR(read_files({folder.path()}), ErrorKind::usage, "is a folder");
}

TEST_CASE("names and labels that are not UTF-8 are replaced, and it is said") {
  const DataSet data = read_text("caf\xE9,b\n\xFF,1\nx,2\n");
  CHECK(data.feature_name(0) == "caf\xEF\xBF\xBD");
  CHECK(labels(data, "caf\xEF\xBF\xBD")[0] == "\xEF\xBF\xBD");
  CHECK(has_note(data, "not UTF-8"));
}

TEST_CASE("texts are described by numbers") {
  const TextDescription d = describe("Hello, world! See https://x.org/a. 3.5 ok");
  CHECK(d.length == 41);
  CHECK(d.words == 6);
  CHECK(d.sentences == 3);
  CHECK(d.has_link);
  CHECK(describe("").words == 0);
  CHECK(describe("\xC3\xA9t\xC3\xA9").length == 3);
  CHECK(describe("\xC3\xA9t\xC3\xA9").non_letters == 0);
  std::string text = "answer\n";
  for (int i = 0; i < 30; ++i) text += "this is answer number " + std::to_string(i) + "\n";
  text += "\n";
  const DataSet data = read_text(text);
  CHECK(data.columns.size() == 5);
  CHECK(integers(data, "answer.words").values[0] == 5);
  CHECK(has_note(data, "holds texts"));
}

TEST_CASE("work in order keeps the order and the first failure") {
  for (const unsigned threads : {1U, 3U}) {
    int next = 0;
    std::vector<int> taken;
    work_in_order(
        threads, [&] { return next < 100 ? std::optional(next++) : std::nullopt; },
        [](int item) { return item * 2; },
        [&](int item, int result) {
          CHECK(result == item * 2);
          taken.push_back(item);
        });
    CHECK(taken.size() == 100);
    CHECK(std::is_sorted(taken.begin(), taken.end()));
    next = 0;
    CHECK_ERROR(work_in_order(
                    threads, [&] { return next < 100 ? std::optional(next++) : std::nullopt; },
                    [](int item) -> int {
                      if (item >= 50) throw Error(ErrorKind::io, std::to_string(item));
                      return item;
                    },
                    [](int, int) {}),
                ErrorKind::io, "50");
  }
}
