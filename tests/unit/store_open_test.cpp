#include "mlopsctl/platform/sqlite.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temporary_folder.hpp"
#include "tracking/schema.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

using namespace mlopsctl;
using mlopsctl::testing::failures_among;
using mlopsctl::testing::TemporaryFolder;

namespace {

std::string new_run_in(RunStore& store) { return store.create_run({.experiment_id = "0"}).id; }

// Runs the work without the privilege to write everywhere.
template <class Work>
bool works_unprivileged(Work&& work) {
  return failures_among(1, [&](int) {
           if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
           return work();
         }) == 0;
}

}  // namespace

TEST_CASE("a new store has the default experiment and is healthy") {
  const TemporaryFolder folder;
  const auto store = RunStore::open(folder / "deep/home", OpenMode::create);
  CHECK(store.experiment("0").name == "Default");
  CHECK(store.experiments(ViewType::all).size() == 1);
  const StoreHealth health = store.health(true);
  CHECK(health.problems.empty());
  CHECK(health.schema_version == 1);
  CHECK(health.experiments == 1);
  CHECK(health.runs == 0);
}

TEST_CASE("opening a store that does not exist creates nothing unless asked to") {
  const TemporaryFolder folder;
  CHECK_ERROR(RunStore::open(folder / "home", OpenMode::read_only), ErrorKind::not_found, "init");
  CHECK_ERROR(RunStore::open(folder / "home", OpenMode::read_write), ErrorKind::not_found, "init");
  CHECK_FALSE(std::filesystem::exists(folder / "home"));
}

TEST_CASE("an empty runs.db becomes a store") {
  const TemporaryFolder folder;
  std::ofstream(folder / "runs.db");
  CHECK_ERROR(RunStore::open(folder.path(), OpenMode::read_only), ErrorKind::not_found, "init");
  CHECK(RunStore::open(folder.path(), OpenMode::create).health(true).problems.empty());
}

TEST_CASE("a file that is no database is refused and left alone") {
  const TemporaryFolder folder;
  const std::string bytes = "this is not a database";
  std::ofstream(folder / "runs.db") << bytes;
  for (const OpenMode mode : {OpenMode::read_only, OpenMode::read_write, OpenMode::create}) {
    CHECK_ERROR(RunStore::open(folder.path(), mode), ErrorKind::corrupt, "is not a database");
  }
  CHECK(std::filesystem::file_size(folder / "runs.db") == bytes.size());
}

TEST_CASE("the database of another program is refused and left alone") {
  const TemporaryFolder folder;
  Database(folder / "runs.db", Database::Mode::create).execute_script("CREATE TABLE theirs(i)");
  for (const OpenMode mode : {OpenMode::read_only, OpenMode::create}) {
    CHECK_ERROR(RunStore::open(folder.path(), mode), ErrorKind::corrupt, "not a run store");
  }
  Database db(folder / "runs.db", Database::Mode::read_only);
  CHECK(db.value<int>("SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a store of a newer version is refused with both versions") {
  const TemporaryFolder folder;
  RunStore::open(folder.path(), OpenMode::create);
  Database(folder / "runs.db", Database::Mode::read_write)
      .execute_script("PRAGMA user_version = 7");
  for (const OpenMode mode : {OpenMode::read_only, OpenMode::read_write, OpenMode::create}) {
    CHECK_ERROR(RunStore::open(folder.path(), mode), ErrorKind::conflict,
                "has schema version 7; this mlopsctl knows 1");
  }
}

TEST_CASE("damage is found by a thorough look and is an error where it is met") {
  const TemporaryFolder folder;
  {
    auto store = RunStore::open(folder.path(), OpenMode::create);
    for (int i = 0; i < 2000; ++i) new_run_in(store);
  }
  Database(folder / "runs.db", Database::Mode::read_write).checkpoint();
  const auto damage = [&](std::uintmax_t from, std::size_t bytes) {
    std::fstream file(folder / "runs.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(bytes, '\x5a');
  };
  SUBCASE("in the middle of the rows") {
    damage(std::filesystem::file_size(folder / "runs.db") - 200'000, 60'000);
    const auto store = RunStore::open(folder.path(), OpenMode::read_only);
    CHECK_FALSE(store.health(true).problems.empty());
  }
  SUBCASE("in the schema") {
    damage(100, 60);  // where the list of tables begins
    const auto store = RunStore::open(folder.path(), OpenMode::read_only);
    CHECK_FALSE(store.health(true).problems.empty());
    CHECK_ERROR(store.resolve("@last"), ErrorKind::corrupt, ".recover");
  }
}

TEST_CASE("sixteen processes may open a new store at the same time") {
  for (int round = 0; round < 10; ++round) {
    const TemporaryFolder folder;
    const int failures = failures_among(16, [&](int) {
      auto store = RunStore::open(folder / "home", OpenMode::create);
      new_run_in(store);
      return store.ensure_experiment("shared").name == "shared";
    });
    CHECK(failures == 0);
    const auto store = RunStore::open(folder / "home", OpenMode::read_only);
    CHECK(store.health(true).problems.empty());
    CHECK(store.health(false).runs == 16);
    CHECK(store.experiments(ViewType::all).size() == 2);
  }
}

TEST_CASE("sixteen processes may migrate an older store at the same time, each step once") {
  const TemporaryFolder folder;
  const auto file = folder / "runs.db";
  const std::array<std::string_view, 3> steps{
      schema_steps()[0], "CREATE TABLE added(i INTEGER); INSERT INTO added VALUES (1)",
      "INSERT INTO added SELECT 2 * i FROM added"};
  {
    Database db(file, Database::Mode::create);
    migrate(db, std::span(steps).first(1));
  }
  const int failures = failures_among(16, [&](int) {
    Database db(file, Database::Mode::read_write);
    migrate(db, steps);
    return db.value<int>("SELECT group_concat(i) = '1,2' FROM added") == 1;
  });
  CHECK(failures == 0);
  Database db(file, Database::Mode::read_only);
  CHECK(db.value<int>("PRAGMA user_version") == 3);
}

TEST_CASE("a migration that fails leaves the store as it was") {
  const TemporaryFolder folder;
  const std::array<std::string_view, 2> steps{
      schema_steps()[0], "CREATE TABLE added(i INTEGER); CREATE TABLE runs(i)"};
  Database db(folder / "runs.db", Database::Mode::create);
  migrate(db, std::span(steps).first(1));
  CHECK_THROWS_AS(migrate(db, steps), Error);
  CHECK(db.value<int>("PRAGMA user_version") == 1);
  CHECK(db.value<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'added'") == 0);
}

TEST_CASE("a store in a folder that cannot be written can be read") {
  const TemporaryFolder folder;
  const auto home = folder / "home";
  std::string id;
  {
    auto store = RunStore::open(home, OpenMode::create);
    id = new_run_in(store);
  }
  ::chmod(folder.path().c_str(), 0755);

  SUBCASE("with a log that holds the newest runs") {}
  SUBCASE("with an empty log") {
    Database(home / "runs.db", Database::Mode::read_write).checkpoint();
  }
  SUBCASE("without a log") {
    Database(home / "runs.db", Database::Mode::read_write).checkpoint();
    std::filesystem::remove(home / "runs.db-wal");
    std::filesystem::remove(home / "runs.db-shm");
  }
  ::chmod(home.c_str(), 0555);
  CHECK(works_unprivileged([&] {
    const auto store = RunStore::open(home, OpenMode::read_only);
    return store.run(id).id == id && store.health(true).problems.empty();
  }));
  CHECK_FALSE(std::filesystem::exists(home / "artifacts"));
  ::chmod(home.c_str(), 0755);
}

TEST_CASE("writing to a store that may only be read is refused with its name") {
  const TemporaryFolder folder;
  const auto home = folder / "home";
  RunStore::open(home, OpenMode::create);
  ::chmod(folder.path().c_str(), 0755);
  ::chmod(home.c_str(), 0555);
  ::chmod((home / "runs.db").c_str(), 0444);
  CHECK(works_unprivileged([&] {
    const Error error = mlopsctl::testing::error_of([&] {
      auto store = RunStore::open(home, OpenMode::read_write);
      new_run_in(store);
    });
    return error.kind() == ErrorKind::io && mlopsctl::testing::mentions(error, "runs.db");
  }));
  ::chmod(home.c_str(), 0755);
}
