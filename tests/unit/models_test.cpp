#include "mlopsctl/tracking/models.hpp"

#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder.path(), OpenMode::create);
  ModelStore models{store};

  std::int64_t add_version(const std::string& source = "runs:/x/model") {
    return models.create_version("m", {.source = source}).version;
  }
};

using Pairs = std::vector<KeyValue>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a logged model comes back as it was created") {
  const LoggedModel made = models.create_logged_model({.experiment_id = "0",
                                                       .name = "net",
                                                       .model_type = "torch",
                                                       .source_run = "r1",
                                                       .params = {{"b", "2"}, {"a", "1"}},
                                                       .tags = {{"t", "x"}}});
  CHECK(made.id.starts_with("m-"));
  CHECK(made.id.size() == 34);
  CHECK(made.status == LoggedModelStatus::pending);
  CHECK(made.params == Pairs{{"a", "1"}, {"b", "2"}});
  CHECK(made.artifact_uri == (folder / "artifacts/0/models" / made.id / "artifacts").string());
  models.finish_logged_model(made.id, LoggedModelStatus::ready);
  models.set_logged_model_tags(made.id, {{"t", "y"}});
  models.remove_logged_model_tag(made.id, "t");
  models.log_model_params(made.id, {{"a", "1"}, {"c", "3"}});
  const LoggedModel after = models.logged_model(made.id);
  CHECK(after.status == LoggedModelStatus::ready);
  CHECK(after.tags.empty());
  CHECK(after.params.size() == 3);
  CHECK_ERROR(models.log_model_params(made.id, {{"a", "2"}}), ErrorKind::conflict, "'a'");
  CHECK_ERROR(models.create_logged_model({.experiment_id = "0", .name = "a/b"}), ErrorKind::usage,
              "a/b");
  CHECK_ERROR(models.create_logged_model({.experiment_id = "5"}), ErrorKind::not_found, "'5'");
  CHECK_ERROR(models.logged_model("m-0"), ErrorKind::not_found, "m-0");
}

TEST_CASE_FIXTURE(Fixture, "metrics that name a logged model belong to it as well as to the run") {
  const std::string model = models.create_logged_model({.experiment_id = "0"}).id;
  const std::string run = store.create_run({.experiment_id = "0"}).id;
  store.log(run, {.metrics = {{"acc", {1, {1}, 0.5}, {.model_id = model, .dataset_name = "test"}},
                              {"acc", {1, {1}, 0.4}, {}},
                              {"loss", {1, {1}, 2.0}, {.model_id = "m-other"}}}});
  const LoggedModel after = models.logged_model(model);
  REQUIRE(after.metrics.size() == 1);
  CHECK(after.metrics[0].key == "acc");
  CHECK(after.metrics[0].latest.value == 0.5);
  CHECK(store.run(run).metrics.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a run links to the models it reads and makes") {
  const std::string run = store.create_run({.experiment_id = "0"}).id;
  models.log_model_inputs(run, {{"m-1"}});
  models.log_model_outputs(run, {{"m-3", 20}, {"m-2", 10}});
  models.log_model_outputs(run, {{"m-2", 10}});
  CHECK(models.model_inputs(run) == std::vector<ModelLink>{{"m-1", 0}});
  CHECK(models.model_outputs(run) == std::vector<ModelLink>{{"m-2", 10}, {"m-3", 20}});
}

TEST_CASE_FIXTURE(Fixture, "a deleted logged model is hidden and then collected with its files") {
  const LoggedModel made = models.create_logged_model({.experiment_id = "0"});
  const LoggedModel kept = models.create_logged_model({.experiment_id = "0"});
  write_file_atomically(fs::path(made.artifact_uri) / "weights", "123");
  write_file_atomically(fs::path(kept.artifact_uri) / "weights", "123");
  models.delete_logged_model(made.id);
  CHECK_ERROR(models.logged_model(made.id), ErrorKind::not_found, made.id);
  CHECK(models.logged_models({"0"}).size() == 1);
  CHECK(models.logged_models({}, ViewType::all).size() == 2);
  CHECK(models.logged_models({"7"}).empty());
  const GcPlan plan = store.plan_gc(now() + Milliseconds{1000});
  CHECK(plan.logged_models == std::vector<std::string>{made.id});
  CHECK(plan.artifact_bytes == 3);
  CHECK(plan.orphan_folders.empty());
  store.apply_gc(plan);
  CHECK(models.logged_models({}, ViewType::all).size() == 1);
  CHECK_FALSE(fs::exists(fs::path(made.artifact_uri).parent_path()));
  CHECK(fs::exists(kept.artifact_uri));
}

TEST_CASE_FIXTURE(Fixture,
                  "a registered model is created once, described, tagged, renamed and deleted") {
  const RegisteredModel made = models.create_model("m", "text", {{"k", "v"}});
  CHECK(made.description == "text");
  CHECK(made.tags == Pairs{{"k", "v"}});
  CHECK_ERROR(models.create_model("m"), ErrorKind::conflict, "already exists");
  CHECK_ERROR(models.create_model(""), ErrorKind::usage, "empty");
  models.describe_model("m", "other");
  models.set_model_tag("m", {"k", "w"});
  add_version();
  models.set_alias("m", "champion", 1);
  models.rename_model("m", "model-a");
  CHECK_FALSE(models.find_model("m").has_value());
  CHECK_ERROR(models.model("model-b"), ErrorKind::not_found, "did you mean 'model-a'");
  const RegisteredModel renamed = models.model("model-a");
  CHECK(renamed.description == "other");
  CHECK(renamed.tags == Pairs{{"k", "w"}});
  CHECK(renamed.aliases == std::vector<Alias>{{"champion", 1}});
  CHECK(models.version("model-a", 1).model == "model-a");
  models.remove_model_tag("model-a", "k");
  CHECK_ERROR(models.remove_model_tag("model-a", "k"), ErrorKind::not_found, "'k'");
  models.delete_model("model-a");
  CHECK(models.models().empty());
  CHECK(store.health(true).problems.empty());
}

TEST_CASE_FIXTURE(Fixture, "version numbers are never used again") {
  models.create_model("m");
  CHECK(add_version() == 1);
  CHECK(add_version() == 2);
  models.delete_version("m", 2);
  CHECK(add_version() == 3);
  CHECK_ERROR(models.version("m", 2), ErrorKind::not_found, "version 2");
  CHECK_ERROR(models.delete_version("m", 2), ErrorKind::not_found, "version 2");
  const auto versions = models.versions("m");
  REQUIRE(versions.size() == 2);
  CHECK(versions[0].version == 3);
}

TEST_CASE_FIXTURE(Fixture, "a version keeps what it was made of") {
  models.create_model("m");
  const ModelVersion made = models.create_version("m", {.source = "models:/m-1",
                                                        .run_id = "r",
                                                        .logged_model = "m-1",
                                                        .description = "d",
                                                        .user = "ada",
                                                        .tags = {{"k", "v"}}});
  CHECK(made.source == "models:/m-1");
  CHECK(made.run_id == "r");
  CHECK(made.logged_model == "m-1");
  CHECK(made.stage == "None");
  CHECK(made.status == VersionStatus::ready);
  CHECK(made.tags == Pairs{{"k", "v"}});
  models.describe_version("m", 1, "better");
  models.set_version_tag("m", 1, {"k", "w"});
  CHECK(models.version("m", 1).description == "better");
  CHECK(models.version("m", 1).tags == Pairs{{"k", "w"}});
  models.remove_version_tag("m", 1, "k");
  CHECK_ERROR(models.remove_version_tag("m", 1, "k"), ErrorKind::not_found, "'k'");
}

TEST_CASE_FIXTURE(Fixture, "a move to a stage can archive what was there") {
  models.create_model("m");
  for (int i = 0; i < 3; ++i) add_version();
  models.transition("m", 1, "production", false);
  models.transition("m", 2, "Production", false);
  models.transition("m", 3, "PRODUCTION", true);
  CHECK(models.version("m", 1).stage == "Archived");
  CHECK(models.version("m", 2).stage == "Archived");
  CHECK(models.version("m", 3).stage == "Production");
  CHECK_ERROR(models.transition("m", 1, "Archived", true), ErrorKind::usage, "Staging");
  CHECK_ERROR(models.transition("m", 1, "live", false), ErrorKind::usage, "Production");
  const RegisteredModel model = models.model("m");
  REQUIRE(model.latest.size() == 2);
  CHECK(model.latest[0].version == 3);
  CHECK(model.latest[1].version == 2);
}

TEST_CASE_FIXTURE(Fixture, "an alias names one version, and goes with it") {
  models.create_model("m");
  add_version();
  add_version();
  models.set_alias("m", "champion", 1);
  models.set_alias("m", "champion", 2);
  models.set_alias("m", "also", 2);
  CHECK(models.version_by_alias("m", "champion").version == 2);
  CHECK(models.version_by_alias("m", "latest").version == 2);
  CHECK(models.version("m", 2).aliases == std::vector<std::string>{"also", "champion"});
  for (const std::string bad : {"latest", "v12", "V3", "a b", "", "a/b"}) {
    CHECK_ERROR(models.set_alias("m", bad, 1), ErrorKind::usage, "alias");
  }
  CHECK_ERROR(models.set_alias("m", "x", 9), ErrorKind::not_found, "version 9");
  models.remove_alias("m", "also");
  CHECK_ERROR(models.remove_alias("m", "also"), ErrorKind::not_found, "also");
  models.delete_version("m", 2);
  CHECK_ERROR(models.version_by_alias("m", "champion"), ErrorKind::not_found, "champion");
  CHECK(models.version_by_alias("m", "latest").version == 1);
  models.delete_version("m", 1);
  CHECK_ERROR(models.version_by_alias("m", "latest"), ErrorKind::not_found, "latest");
}
