#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sqlite.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder / "home", OpenMode::create);

  std::string full_run(const std::string& experiment = "0") {
    const std::string id =
        store
            .create_run({.experiment_id = experiment, .params = {{"p", "1"}}, .tags = {{"t", "1"}}})
            .id;
    store.log(id, {.metrics = {{"loss", {1, {1}, 1.0}, {}},
                               {"loss", {1, {1}, 1.0}, {.model_id = "m-1"}}}});
    store.log_inputs(id, {{.dataset = {.name = "d", .digest = id}, .tags = {{"a", "b"}}}});
    MetricWriter(store, id).commit("file", 1);
    write_file_atomically(folder / "file", "12345");
    store.add_artifact(id, folder / "file", "");
    return id;
  }
  std::int64_t rows_of(const std::string& table) const {
    Database db(store.home() / "runs.db", Database::Mode::read_only);
    return db.value<std::int64_t>("SELECT count(*) FROM " + table).value_or(-1);
  }
  static Timestamp later() { return now() + Milliseconds{1000}; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "garbage collection removes deleted runs with everything they had") {
  const std::string kept = full_run();
  const std::string gone = full_run();
  const fs::path gone_folder = store.artifact_folder(gone);
  const fs::path kept_folder = store.artifact_folder(kept);
  store.delete_run(gone);
  const GcPlan plan = store.plan_gc(later());
  REQUIRE(plan.runs.size() == 1);
  CHECK(plan.runs[0].id == gone);
  CHECK(plan.artifact_bytes == 5);
  CHECK(plan.orphan_folders.empty());
  store.apply_gc(plan);
  CHECK_FALSE(fs::exists(gone_folder.parent_path()));
  CHECK(fs::exists(kept_folder / "file"));
  for (const std::string table :
       {"runs", "params", "resume", "artifacts", "inputs", "input_tags", "datasets"}) {
    CAPTURE(table);
    CHECK(rows_of(table) == 1);
  }
  CHECK(rows_of("series") == 2);
  CHECK(rows_of("points") == 2);
  CHECK(store.health(true).problems.empty());
  CHECK(store.plan_gc(later()).runs.empty());
}

TEST_CASE_FIXTURE(Fixture, "runs deleted after the cut-off stay") {
  store.delete_run(full_run());
  CHECK(store.plan_gc(now() - Milliseconds{60'000}).runs.empty());
}

TEST_CASE_FIXTURE(Fixture, "a run that was restored after the plan was made stays") {
  const std::string run = full_run();
  store.delete_run(run);
  const GcPlan plan = store.plan_gc(later());
  store.restore_run(run);
  store.apply_gc(plan);
  CHECK(store.run(run).metrics.size() == 2);
  CHECK(fs::exists(store.artifact_folder(run) / "file"));
}

TEST_CASE_FIXTURE(Fixture, "a deleted experiment goes when none of its runs is left") {
  store.create_experiment("a");
  store.set_experiment_tag("a", {"k", "v"});
  const std::string run = full_run("1");
  store.delete_experiment("a");
  CHECK(store.plan_gc(now() - Milliseconds{60'000}).experiments.empty());
  const GcPlan plan = store.plan_gc(later());
  REQUIRE(plan.experiments.size() == 1);
  store.apply_gc(plan);
  CHECK_FALSE(store.find_experiment("a").has_value());
  CHECK_FALSE(fs::exists(store.home() / "artifacts/1"));
  CHECK(rows_of("experiment_tags") == 0);
  // The name is free again, the number is not.
  CHECK(store.create_experiment("a").id == "2");
}

TEST_CASE_FIXTURE(Fixture, "folders of runs that nobody knows are found and removed") {
  const std::string run = full_run();
  const fs::path orphan = store.home() / "artifacts/0/0123456789abcdef";
  const fs::path left_by_a_crash = store.home() / "artifacts/.removing-x";
  write_file_atomically(orphan / "artifacts/a", "123");
  write_file_atomically(left_by_a_crash / "b", "4567");
  const GcPlan plan = store.plan_gc(now());
  CHECK(plan.orphan_folders == std::vector<std::string>{left_by_a_crash.string(), orphan.string()});
  CHECK(plan.artifact_bytes == 7);
  store.apply_gc(plan);
  CHECK_FALSE(fs::exists(orphan));
  CHECK_FALSE(fs::exists(left_by_a_crash));
  CHECK(fs::exists(store.artifact_folder(run) / "file"));
}

TEST_CASE_FIXTURE(Fixture, "only folders that the store made are removed") {
  write_file_atomically(folder / "precious/a", "x");
  const std::string run =
      store.create_run({.experiment_id = "0", .artifact_uri = (folder / "precious").string()}).id;
  store.delete_run(run);
  GcPlan plan = store.plan_gc(later());
  plan.orphan_folders = {(folder / "precious").string(),
                         (store.home() / "artifacts/../..").string(),
                         (store.home() / "artifacts").string(), "/", ""};
  store.apply_gc(plan);
  CHECK(fs::exists(folder / "precious/a"));
  CHECK(fs::exists(store.home() / "runs.db"));
}

TEST_CASE_FIXTURE(Fixture, "the space of removed points goes back to the file system") {
  const std::string run = store.create_run({.experiment_id = "0"}).id;
  {
    MetricWriter writer(store, run);
    for (int i = 0; i < 100'000; ++i) writer.add("loss", {i, {i}, 1.0});
    writer.commit();
  }
  store.delete_run(run);
  store.apply_gc(store.plan_gc(later()));
  const StoreHealth health = store.health(true);
  CHECK(health.problems.empty());
  CHECK(health.file_bytes + health.wal_bytes < 1'000'000);
}
