#include "mlopsctl/platform/sqlite.hpp"

#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

TEST_CASE("values come back from the database as they were bound") {
  const TemporaryFolder folder;
  Database db(folder / "a.db", Database::Mode::create);
  db.execute_script("CREATE TABLE t(i INTEGER, r ANY, s TEXT, o TEXT) STRICT");
  const std::int64_t big = std::numeric_limits<std::int64_t>::min();
  db.run("INSERT INTO t VALUES (?, ?, ?, ?)", big, -0.0, std::string("a\0b", 3),
         std::optional<std::string>());
  auto rows = db.query("SELECT i, r, s, o FROM t");
  REQUIRE(rows.step());
  CHECK(rows.get<std::int64_t>(0) == big);
  CHECK(rows.get<double>(1) == 0.0);
  CHECK(std::signbit(rows.get<double>(1)));
  CHECK(rows.get<std::string>(2) == std::string("a\0b", 3));
  CHECK_FALSE(rows.get<std::optional<std::string>>(3).has_value());
  CHECK_FALSE(rows.step());
}

TEST_CASE("NaN is stored as NULL in a REAL column and infinities as themselves") {
  const TemporaryFolder folder;
  Database db(folder / "a.db", Database::Mode::create);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(*db.value<double>("SELECT ?", std::nan(""))));
  CHECK(db.value<bool>("SELECT ? IS NULL", std::nan("")) == true);
  CHECK(db.value<double>("SELECT ?", -infinity) == -infinity);
}

TEST_CASE("an empty text is not NULL") {
  const TemporaryFolder folder;
  Database db(folder / "a.db", Database::Mode::create);
  CHECK(db.value<bool>("SELECT ? IS NULL", std::string_view()) == false);
  CHECK(db.value<std::string>("SELECT ?", std::string()) == "");
}

TEST_CASE("the same SQL can be in use twice at once") {
  const TemporaryFolder folder;
  Database db(folder / "a.db", Database::Mode::create);
  const std::string_view sql = "SELECT ?1 UNION ALL SELECT ?1 + 1";
  auto outer = db.query(sql, 10);
  REQUIRE(outer.step());
  auto inner = db.query(sql, 20);
  REQUIRE(inner.step());
  CHECK(inner.get<int>(0) == 20);
  REQUIRE(outer.step());
  CHECK(outer.get<int>(0) == 11);
}

TEST_CASE("a transaction that is not committed leaves nothing behind") {
  const TemporaryFolder folder;
  Database db(folder / "a.db", Database::Mode::create);
  db.execute_script("CREATE TABLE t(i INTEGER)");
  {
    Transaction transaction(db);
    db.run("INSERT INTO t VALUES (1)");
  }
  CHECK(db.value<int>("SELECT count(*) FROM t") == 0);
  {
    Transaction transaction(db);
    db.run("INSERT INTO t VALUES (1)");
    transaction.commit();
  }
  CHECK(db.value<int>("SELECT count(*) FROM t") == 1);
}

TEST_CASE("a file that is no database is named, with a way out") {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.db") << std::string(5000, 'x');
  Database db(folder / "a.db", Database::Mode::read_write);
  CHECK_ERROR(db.value<int>("PRAGMA user_version"), ErrorKind::corrupt, "is not a database");
  CHECK_ERROR(db.value<int>("PRAGMA user_version"), ErrorKind::corrupt, ".recover");
}

TEST_CASE("a write to a database that was opened for reading is refused clearly") {
  const TemporaryFolder folder;
  Database(folder / "a.db", Database::Mode::create).execute_script("CREATE TABLE t(i INTEGER)");
  Database db(folder / "a.db", Database::Mode::read_only);
  CHECK_ERROR(db.run("INSERT INTO t VALUES (1)"), ErrorKind::io, "read-only");
}

TEST_CASE("a missing file is not created by opening it for reading or writing") {
  const TemporaryFolder folder;
  CHECK_ERROR(Database(folder / "a.db", Database::Mode::read_only), ErrorKind::io, "a.db");
  CHECK_ERROR(Database(folder / "a.db", Database::Mode::read_write), ErrorKind::io, "a.db");
  CHECK_FALSE(std::filesystem::exists(folder / "a.db"));
}

TEST_CASE("an immutable database whose name has special characters can be read") {
  const TemporaryFolder folder;
  const auto file = folder / "50% of #1?.db";
  Database(file, Database::Mode::create)
      .execute_script("CREATE TABLE t(i); INSERT INTO t VALUES (7)");
  CHECK(Database(file, Database::Mode::read_only, true).value<int>("SELECT i FROM t") == 7);
}

TEST_CASE("a lock that does not go away ends in an error after the limit") {
  const TemporaryFolder folder;
  Database holder(folder / "a.db", Database::Mode::create);
  holder.execute_script("CREATE TABLE t(i)");
  Transaction lock(holder);
  Database other(folder / "a.db", Database::Mode::read_write);
  other.set_busy_limit(Milliseconds{20});
  CHECK_ERROR(Transaction(other), ErrorKind::io, "locked by another process");
}

TEST_CASE("writers of several processes wait for each other") {
  const TemporaryFolder folder;
  const auto file = folder / "a.db";
  Database(file, Database::Mode::create)
      .execute_script("PRAGMA journal_mode = WAL; CREATE TABLE t(i); INSERT INTO t VALUES (0)");
  const int failures = mlopsctl::testing::failures_among(8, [&](int) {
    Database db(file, Database::Mode::read_write);
    for (int i = 0; i < 50; ++i) {
      Transaction transaction(db);
      db.run("UPDATE t SET i = ?", *db.value<int>("SELECT i FROM t") + 1);
      transaction.commit();
    }
    return true;
  });
  CHECK(failures == 0);
  CHECK(Database(file, Database::Mode::read_only).value<int>("SELECT i FROM t") == 400);
}

TEST_CASE("copying the log does not wait for a reader") {
  const TemporaryFolder folder;
  const auto file = folder / "a.db";
  Database writer(file, Database::Mode::create);
  writer.execute_script("PRAGMA journal_mode = WAL; CREATE TABLE t(i); INSERT INTO t VALUES (1)");
  Database reader(file, Database::Mode::read_only);
  {
    auto rows = reader.query("SELECT i FROM t");
    REQUIRE(rows.step());
    writer.run("INSERT INTO t VALUES (2)");
    CHECK_FALSE(writer.checkpoint());
  }
  CHECK(writer.checkpoint());
  CHECK(std::filesystem::file_size(file.string() + "-wal") == 0);
}
