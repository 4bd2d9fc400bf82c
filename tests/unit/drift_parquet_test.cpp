#include "mlopsctl/platform/parquet.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"
#include "support/read_data.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

namespace {

std::string golden(const std::string& name) {
  return testing::source_folder() + "/tests/golden/inputs/" + name;
}

// A build without Arrow has no Parquet; then what it says is tested instead.
bool parquet_is_there() {
  try {
    const ParquetFile file(golden("table.parquet"));
    return true;
  } catch (const Error& error) {
    REQUIRE(to_string(error.kind()) == to_string(ErrorKind::unavailable));
    CHECK(mentions(error, "pip install pyarrow"));
    MESSAGE("skipped: this build has no Parquet module");
    return false;
  }
}

template <class T>
T first_value(const Matrix& matrix, std::size_t index) {
  T value;
  std::memcpy(&value, matrix.parts.front().data + index * sizeof(T), sizeof value);
  return value;
}

}  // namespace

TEST_CASE("a Parquet table has typed columns and missing values") {
  if (!parquet_is_there()) return;
  const DataSet data = read_files({golden("table.parquet")});
  CHECK(data.rows() == 3);
  CHECK(data.columns.size() == 10);
  CHECK(integers(data, "i").values == std::vector<std::int64_t>{1, 0, 9007199254740993});
  CHECK(integers(data, "i").missing == std::vector<bool>{false, true, false});
  CHECK(integers(data, "small").values == std::vector<std::int64_t>{1, 2, 3});
  CHECK(reals(data, "r")[0] == 0.5);
  CHECK(column(data, "r").missing() == 2);
  CHECK(reals(data, "f")[2] == -1);
  CHECK(column(data, "b").kind == ColumnKind::boolean);
  CHECK(integers(data, "b").values == std::vector<std::int64_t>{1, 0, 0});
  CHECK(labels(data, "s") == std::vector<std::string>{"x", "-", "\xC3\xBC"});
  CHECK(labels(data, "d") == std::vector<std::string>{"red", "blue", "red"});
  CHECK(column(data, "t").kind == ColumnKind::time);
  CHECK(integers(data, "t").values[1] == 1'700'000'000'123);
  CHECK(integers(data, "day").values[1] == 86'400'000);
  CHECK(column(data, "nothing").missing() == 3);
}

TEST_CASE("a Parquet column can be given another kind") {
  if (!parquet_is_there()) return;
  ReadOptions options;
  options.kinds = {{"i", "category"}, {"b", "category"}, {"small", "real"}};
  options.only = {"i", "b", "small"};
  const DataSet data = read_files({golden("table.parquet")}, options);
  CHECK(labels(data, "i") == std::vector<std::string>{"1", "-", "9007199254740993"});
  CHECK(labels(data, "b") == std::vector<std::string>{"true", "false", "-"});
  CHECK(reals(data, "small") == std::vector<double>{1, 2, 3});
  options.kinds = {{"s", "integer"}};
  options.only = {"s"};
  CHECK_ERROR(read_files({golden("table.parquet")}, options), ErrorKind::corrupt, "column 's'");
}

TEST_CASE("a Parquet column of lists is a matrix") {
  if (!parquet_is_there()) return;
  const DataSet lists = read_files({golden("list_matrix.parquet")});
  REQUIRE(lists.matrix.has_value());
  CHECK(lists.rows() == 4);
  CHECK(lists.features() == 3);
  CHECK(first_value<float>(*lists.matrix, 11) == 1.75F);
  const DataSet fixed = read_files({golden("fixed_matrix.parquet")});
  REQUIRE(fixed.matrix.has_value());
  CHECK(first_value<double>(*fixed.matrix, 0) == -1);
  CHECK(first_value<double>(*fixed.matrix, 11) == 1.75);
  ReadOptions options;
  options.array = "lists";
  CHECK_ERROR(read_files({golden("table.parquet")}, options), ErrorKind::corrupt, "lists of one");
  options.array = "i";
  CHECK_ERROR(read_files({golden("table.parquet")}, options), ErrorKind::usage, "no lists");
}

TEST_CASE("Parquet comes in blocks too") {
  if (!parquet_is_there()) return;
  Quiet progress;
  std::uint64_t rows = 0;
  const auto count = [&](const DataSet& block) { rows += block.rows(); };
  read_blocks({golden("table.parquet"), golden("table.parquet")}, {}, progress, count);
  CHECK(rows == 6);
  rows = 0;
  read_blocks({golden("list_matrix.parquet")}, {}, progress, count);
  CHECK(rows == 4);
}

TEST_CASE("a damaged Parquet file is named") {
  if (!parquet_is_there()) return;
  const TemporaryFolder folder;
  const std::string whole = read_file(golden("table.parquet"));
  write_file_atomically(folder / "cut.parquet", whole.substr(0, whole.size() / 2));
  CHECK_ERROR(read_files({folder / "cut.parquet"}), ErrorKind::corrupt, "cut.parquet");
  CHECK_ERROR(read_files({folder / "absent.parquet"}), ErrorKind::not_found, "absent.parquet");
}
