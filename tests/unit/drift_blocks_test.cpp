#include "support/expect_error.hpp"
#include "support/read_data.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::drift;
using namespace mlopsctl::testing;

namespace {

std::vector<DataSet> blocks(const std::vector<std::string>& inputs,
                            const ReadOptions& options = {}) {
  Quiet progress;
  std::vector<DataSet> all;
  read_blocks(inputs, options, progress, [&](const DataSet& block) { all.push_back(block); });
  return all;
}

std::string many_rows(int rows, const std::string& last) {
  std::string text = "n,x,s,t,gone\n";
  for (int row = 0; row < rows; ++row) {
    text += std::to_string(row) + ",1,c" + std::to_string(row % 3) + ",this is the text number " +
            std::to_string(row) + ",\n";
  }
  return text + last;
}

}  // namespace

TEST_CASE("blocks of a table have the same columns, and together all rows") {
  const TemporaryFolder folder;
  // The decimal in the last row is met by a sample, so the column is real from the first block on.
  write_file_atomically(folder / "a.csv", many_rows(400'000, "400000,0.5,c0,x,\n"));
  const std::vector<DataSet> all = blocks({folder / "a.csv"});
  REQUIRE(all.size() > 2);
  std::uint64_t rows = 0;
  for (const DataSet& block : all) {
    REQUIRE(block.columns.size() == 9);
    CHECK(column(block, "x").kind == ColumnKind::real);
    CHECK(column(block, "s").kind == ColumnKind::category);
    CHECK(column(block, "t.words").kind == ColumnKind::integer);
    CHECK(column(block, "gone").kind == ColumnKind::real);
    CHECK(integers(block, "n").values.front() == static_cast<std::int64_t>(rows));
    rows += block.rows();
  }
  CHECK(rows == 400'001);
  CHECK(all[0].notes.size() == 2);
  CHECK(all[1].notes.empty());
}

TEST_CASE("a late value that does not fit is an error that names the line") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.csv", many_rows(150'000, "x,1,c0,x,\n0,1,c0,x,\n"));
  CHECK_ERROR(blocks({folder / "a.csv"}), ErrorKind::corrupt, "line 150002 of ");
  ReadOptions options;
  options.kinds = {{"n", "category"}};
  CHECK(blocks({folder / "a.csv"}, options).size() > 1);
}

TEST_CASE("blocks of JSON lines have the columns of the beginning") {
  const TemporaryFolder folder;
  std::string text;
  for (int row = 0; row < 200'000; ++row) {
    text += "{\"a\": " + std::to_string(row) + ", \"b\": {\"c\": \"x\"}}\n";
  }
  text += "{\"late\": 1}\n";
  write_file_atomically(folder / "a.jsonl", text);
  const std::vector<DataSet> all = blocks({folder / "a.jsonl"});
  std::uint64_t rows = 0;
  for (const DataSet& block : all) {
    CHECK(block.columns.size() == 2);
    rows += block.rows();
  }
  CHECK(rows == 200'001);
  CHECK(integers(all.back(), "a").missing.back());
}

TEST_CASE("a table without rows is one empty block") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.csv", "a,b\n");
  const std::vector<DataSet> all = blocks({folder / "a.csv"});
  REQUIRE(all.size() == 1);
  CHECK(all[0].columns.size() == 2);
  CHECK(all[0].rows() == 0);
}
