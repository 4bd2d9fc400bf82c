#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder.path(), OpenMode::create);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an experiment is found by name and by id") {
  const Experiment made = store.create_experiment("vision", "", {{"owner", "ada"}});
  CHECK(made.id == "1");
  CHECK(made.artifact_location == (folder / "artifacts/1").string());
  CHECK(made.tags == std::vector<KeyValue>{{"owner", "ada"}});
  CHECK(store.experiment("vision").id == "1");
  CHECK(store.experiment("1").name == "vision");
  CHECK_FALSE(store.find_experiment("visions").has_value());
  CHECK_ERROR(store.experiment("visoin"), ErrorKind::not_found, "did you mean 'vision'");
}

TEST_CASE_FIXTURE(Fixture, "a name that is a number wins over the id, but ids still work in runs") {
  store.create_experiment("first");
  const Experiment tricky = store.create_experiment("1");
  CHECK(store.experiment("1").id == tricky.id);
  CHECK(store.create_run({.experiment_id = "1"}).experiment_name == "first");
}

TEST_CASE_FIXTURE(Fixture, "a name is taken even while its experiment is deleted") {
  store.create_experiment("a");
  CHECK_ERROR(store.create_experiment("a"), ErrorKind::conflict, "already exists");
  store.delete_experiment("a");
  CHECK_ERROR(store.create_experiment("a"), ErrorKind::conflict, "experiment restore 1");
  CHECK_ERROR(store.ensure_experiment("a"), ErrorKind::conflict, "deleted");
  store.rename_experiment("a", "old a");
  CHECK(store.create_experiment("a").id == "2");
}

TEST_CASE_FIXTURE(Fixture, "names are checked") {
  CHECK_ERROR(store.create_experiment(""), ErrorKind::usage, "empty");
  CHECK_ERROR(store.create_experiment("a\tb"), ErrorKind::usage, "control");
  CHECK_ERROR(store.create_experiment("\xfe"), ErrorKind::usage, "UTF-8");
  CHECK_ERROR(store.create_experiment(std::string(501, 'x')), ErrorKind::usage, "500");
  CHECK_ERROR(store.rename_experiment("0", ""), ErrorKind::usage, "empty");
}

TEST_CASE_FIXTURE(Fixture,
                  "deleting an experiment deletes its active runs, restoring brings back all") {
  store.create_experiment("a");
  const Run kept = store.create_run({.experiment_id = "1"});
  const Run deleted_before = store.create_run({.experiment_id = "1"});
  const Run other = store.create_run({.experiment_id = "0"});
  store.delete_run(deleted_before.id);
  store.delete_experiment("a");
  CHECK(store.run(kept.id).lifecycle == Lifecycle::deleted);
  CHECK(store.run(other.id).lifecycle == Lifecycle::active);
  CHECK_ERROR(store.restore_run(kept.id), ErrorKind::conflict, "experiment 'a' is deleted");
  CHECK_ERROR(store.delete_experiment("a"), ErrorKind::conflict, "deleted");
  CHECK_ERROR(store.set_experiment_tag("a", {"k", "v"}), ErrorKind::conflict, "deleted");
  store.restore_experiment("a");
  CHECK(store.run(kept.id).lifecycle == Lifecycle::active);
  CHECK(store.run(deleted_before.id).lifecycle == Lifecycle::active);
  CHECK_ERROR(store.restore_experiment("a"), ErrorKind::conflict, "not deleted");
}

TEST_CASE_FIXTURE(Fixture, "the default experiment cannot be deleted") {
  CHECK_ERROR(store.delete_experiment("Default"), ErrorKind::conflict, "Default");
}

TEST_CASE_FIXTURE(Fixture, "listings tell active from deleted and count active runs") {
  store.create_experiment("a");
  store.create_experiment("b");
  store.create_run({.experiment_id = "1"});
  store.delete_run(store.create_run({.experiment_id = "1"}).id);
  store.delete_experiment("b");
  CHECK(store.experiments(ViewType::active_only).size() == 2);
  CHECK(store.experiments(ViewType::all).size() == 3);
  const auto deleted = store.experiments(ViewType::deleted_only);
  REQUIRE(deleted.size() == 1);
  CHECK(deleted[0].name == "b");
  CHECK(store.experiment("a").active_runs == 1);
}

TEST_CASE_FIXTURE(Fixture, "tags of an experiment are overwritten") {
  store.set_experiment_tag("0", {"k", "1"});
  store.set_experiment_tag("0", {"k", "2"});
  CHECK(store.experiment("0").tags == std::vector<KeyValue>{{"k", "2"}});
}

TEST_CASE_FIXTURE(Fixture, "ensuring an experiment twice gives the same one") {
  const Experiment first = store.ensure_experiment("x");
  CHECK(store.ensure_experiment("x").id == first.id);
}
