#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder.path(), OpenMode::create);

  Run start(const std::string& name = {}, std::vector<KeyValue> tags = {}) {
    return store.create_run({.experiment_id = "0", .name = name, .tags = std::move(tags)});
  }
  void log_param(const std::string& run, const std::string& key, const std::string& value) {
    store.log(run, {.params = {{key, value}}});
  }
};

std::string tag(const Run& run, std::string_view key) {
  const auto found = std::ranges::find(run.tags, key, &KeyValue::key);
  return found == run.tags.end() ? "(none)" : found->value;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a run comes back as it was created") {
  const NewRun wanted{.id = "imported-1",
                      .experiment_id = "0",
                      .name = "first",
                      .user = "ada",
                      .start = Timestamp{1234},
                      .status = RunStatus::scheduled,
                      .tracker = {.pid = 7, .start = 8, .boot = "b", .host = "h"},
                      .source = {.type = "LOCAL", .name = "train.py"},
                      .params = {{"lr", "0.1"}, {"a", ""}},
                      .tags = {{"team", "x"}}};
  const Run run = store.create_run(wanted);
  CHECK(run.id == "imported-1");
  CHECK(run.experiment_name == "Default");
  CHECK(run.name == "first");
  CHECK(run.user == "ada");
  CHECK(run.start.ms == 1234);
  CHECK(run.status == RunStatus::scheduled);
  CHECK(run.lifecycle == Lifecycle::active);
  CHECK_FALSE(run.end.has_value());
  CHECK(run.tracker == wanted.tracker);
  CHECK(run.child.pid == 0);
  CHECK(run.source.name == "train.py");
  CHECK(run.params == std::vector<KeyValue>{{"a", ""}, {"lr", "0.1"}});
  CHECK(tag(run, "team") == "x");
  CHECK(run.artifact_uri == (folder / "artifacts/0/imported-1/artifacts").string());
  CHECK_ERROR(store.create_run(wanted), ErrorKind::conflict, "already exists");
}

TEST_CASE_FIXTURE(Fixture, "a run without an id and a name gets both") {
  const Run run = start();
  CHECK(run.id.size() == 32);
  CHECK_FALSE(run.name.empty());
  CHECK(tag(run, tag_names::run_name) == run.name);
}

TEST_CASE_FIXTURE(Fixture, "a run keeps its artifacts below the location of its experiment") {
  const auto experiment = store.create_experiment("far", "s3://bucket/far");
  const Run run = store.create_run({.id = "r1", .experiment_id = experiment.id});
  CHECK(run.artifact_uri == "s3://bucket/far/r1/artifacts");
  CHECK_ERROR(store.artifact_folder("r1"), ErrorKind::usage, "not a local folder");
}

TEST_CASE_FIXTURE(Fixture, "a run needs an experiment that exists and is active") {
  CHECK_ERROR(store.create_run({.experiment_id = "9"}), ErrorKind::not_found, "'9'");
  const auto experiment = store.create_experiment("gone");
  store.delete_experiment("gone");
  CHECK_ERROR(store.create_run({.experiment_id = experiment.id}), ErrorKind::conflict, "restore");
  CHECK_ERROR(store.create_run({.id = "../x", .experiment_id = "0"}), ErrorKind::usage, "run id");
}

TEST_CASE_FIXTURE(Fixture, "the name of a run and the tag mlflow.runName are the same thing") {
  const std::string key{tag_names::run_name};
  const Run run = start("", {{key, "by tag"}});
  CHECK(run.name == "by tag");
  store.update_run(run.id, {.name = "by update"});
  CHECK(tag(store.run(run.id), key) == "by update");
  store.log(run.id, {.tags = {{key, "by log"}}});
  CHECK(store.run(run.id).name == "by log");
  store.remove_tag(run.id, key);
  CHECK(store.run(run.id).name.empty());
  CHECK_ERROR(start("one", {{key, "two"}}), ErrorKind::usage, "mlflow.runName");
  CHECK(start("same", {{key, "same"}}).name == "same");
}

TEST_CASE_FIXTURE(Fixture, "a parameter can be logged again with the same value only") {
  const Run run = start();
  log_param(run.id, "lr", "0.1");
  log_param(run.id, "lr", "0.1");
  CHECK_ERROR(log_param(run.id, "lr", "0.2"), ErrorKind::conflict, "'0.2'");
  CHECK_ERROR(log_param(run.id, "lr", std::string(5000, 'x')), ErrorKind::conflict, "'lr'");
  CHECK(store.run(run.id).params == std::vector<KeyValue>{{"lr", "0.1"}});
}

TEST_CASE_FIXTURE(Fixture, "a batch with one forbidden change writes nothing at all") {
  const Run run = start();
  log_param(run.id, "lr", "0.1");
  const LogBatch batch{.metrics = {{"loss", {1, {}, 2.0}, {}}},
                       .params = {{"new", "1"}, {"lr", "9"}},
                       .tags = {{"t", "1"}}};
  CHECK_ERROR(store.log(run.id, batch), ErrorKind::conflict, "lr");
  CHECK_ERROR(store.log(run.id, {.params = {{"d", "1"}, {"d", "2"}}}), ErrorKind::conflict, "'d'");
  const Run after = store.run(run.id);
  CHECK(after.params.size() == 1);
  CHECK(after.metrics.empty());
  CHECK(tag(after, "t") == "(none)");
}

TEST_CASE_FIXTURE(Fixture, "names and values that would break something later are refused") {
  const Run run = start();
  CHECK_ERROR(log_param(run.id, "", "x"), ErrorKind::usage, "empty");
  CHECK_ERROR(log_param(run.id, "a\nb", "x"), ErrorKind::usage, "control character");
  CHECK_ERROR(log_param(run.id, "a\xff", "x"), ErrorKind::usage, "not UTF-8");
  CHECK_ERROR(log_param(run.id, std::string(251, 'k'), "x"), ErrorKind::usage, "250");
  CHECK_ERROR(log_param(run.id, "k", "\xc3"), ErrorKind::usage, "not UTF-8");
  CHECK_ERROR(log_param(run.id, "k", std::string(10'000'000, 'x')), ErrorKind::usage, "artifact");
  CHECK_ERROR(store.log(run.id, {.tags = {{"t", "\xff"}}}), ErrorKind::usage, "not UTF-8");
  CHECK_ERROR(store.log(run.id, {.metrics = {{"", {}, {}}}}), ErrorKind::usage, "empty");
  CHECK_ERROR(store.update_run(run.id, {.name = "a\x1b[31m"}), ErrorKind::usage, "control");
  log_param(run.id, std::string(250, 'k'), "two\nlines\tand µ");
  CHECK(store.run(run.id).params.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "tags are overwritten and removed") {
  const Run run = start();
  store.log(run.id, {.tags = {{"t", "1"}}});
  store.log(run.id, {.tags = {{"t", "2"}}});
  CHECK(tag(store.run(run.id), "t") == "2");
  store.remove_tag(run.id, "t");
  CHECK(tag(store.run(run.id), "t") == "(none)");
  CHECK_ERROR(store.remove_tag(run.id, "t"), ErrorKind::not_found, "'t'");
  CHECK_ERROR(store.remove_tag(run.id, "never"), ErrorKind::not_found, "'never'");
}

TEST_CASE_FIXTURE(Fixture, "an update changes what it names and nothing else") {
  const Run run = start("name");
  const ProcessIdentity child{.pid = 5, .start = 6, .boot = "boot", .host = "host"};
  store.update_run(run.id, {.status = RunStatus::failed,
                            .end = Timestamp{99},
                            .exit_code = 3,
                            .signal = 9,
                            .child = child});
  const Run ended = store.run(run.id);
  CHECK(ended.status == RunStatus::failed);
  CHECK(ended.end == Timestamp{99});
  CHECK(ended.exit_code == 3);
  CHECK(ended.signal == 9);
  CHECK(ended.child == child);
  CHECK(ended.name == "name");
  store.update_run(run.id, {.status = RunStatus::running});
  const Run resumed = store.run(run.id);
  CHECK_FALSE(resumed.end.has_value());
  CHECK_FALSE(resumed.exit_code.has_value());
}

TEST_CASE_FIXTURE(Fixture, "a deleted run takes no writes until it is restored") {
  const Run run = start();
  store.delete_run(run.id);
  CHECK(store.run(run.id).lifecycle == Lifecycle::deleted);
  CHECK(store.run(run.id).deleted.has_value());
  CHECK_ERROR(log_param(run.id, "a", "b"), ErrorKind::conflict, "run restore");
  CHECK_ERROR(store.update_run(run.id, {.name = "x"}), ErrorKind::conflict, "deleted");
  CHECK_ERROR(store.delete_run(run.id), ErrorKind::conflict, "deleted");
  CHECK_ERROR(MetricWriter(store, run.id), ErrorKind::conflict, "deleted");
  store.restore_run(run.id);
  log_param(run.id, "a", "b");
  CHECK_ERROR(store.restore_run(run.id), ErrorKind::conflict, "not deleted");
}

TEST_CASE_FIXTURE(Fixture, "a run is found by id, prefix, name and age") {
  const Run first = store.create_run(
      {.id = "aaaa1111", .experiment_id = "0", .name = "alpha", .start = Timestamp{10}});
  const Run second = store.create_run(
      {.id = "aaaa2222", .experiment_id = "0", .name = "beta", .start = Timestamp{30}});
  const Run third = store.create_run(
      {.id = "bbbb3333", .experiment_id = "0", .name = "beta", .start = Timestamp{20}});
  CHECK(store.resolve("aaaa1111") == first.id);
  CHECK(store.resolve("aaaa1") == first.id);
  CHECK(store.resolve("alpha") == first.id);
  CHECK(store.resolve("@last") == second.id);
  CHECK(store.resolve("@last~2") == first.id);
  CHECK_ERROR(store.resolve("@last~3"), ErrorKind::not_found, "fewer");
  CHECK_ERROR(store.resolve("@lastly"), ErrorKind::usage, "@last~1");
  CHECK_ERROR(store.resolve("aaaa"), ErrorKind::usage, "aaaa2222 (beta), aaaa1111 (alpha)");
  CHECK_ERROR(store.resolve("beta"), ErrorKind::usage, "bbbb3333");
  CHECK_ERROR(store.resolve("bbb"), ErrorKind::not_found, "bbb");
  CHECK_ERROR(store.resolve("alpah"), ErrorKind::not_found, "did you mean 'alpha'");
  CHECK_ERROR(store.run("aaaa"), ErrorKind::not_found, "no run 'aaaa'");
  store.delete_run(third.id);
  CHECK(store.resolve("beta") == second.id);
  CHECK(store.resolve("bbbb") == third.id);
}

TEST_CASE_FIXTURE(Fixture, "children name their parent in a tag") {
  const Run parent = start("parent");
  const Run child = start("child", {{std::string(tag_names::parent), parent.id}});
  const Run gone = start("gone", {{std::string(tag_names::parent), parent.id}});
  store.delete_run(gone.id);
  const auto children = store.children(parent.id);
  REQUIRE(children.size() == 1);
  CHECK(children[0].id == child.id);
  CHECK(store.children(child.id).empty());
}

TEST_CASE_FIXTURE(Fixture, "running lists what has not ended and is not deleted") {
  const Run goes_on = start();
  const Run ended = start();
  store.update_run(ended.id, {.status = RunStatus::finished});
  store.delete_run(start().id);
  const auto running = store.running();
  REQUIRE(running.size() == 1);
  CHECK(running[0].id == goes_on.id);
}

TEST_CASE_FIXTURE(Fixture, "datasets are listed with the run that used them") {
  const Run run = start();
  const DatasetInput input{.dataset = {"mnist", "d1", "http", "http://x", "{}", "{}"},
                           .tags = {{"mlflow.data.context", "train"}}};
  store.log_inputs(run.id, {input});
  store.log_inputs(run.id, {input});
  const auto inputs = store.inputs(run.id);
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0].dataset.name == "mnist");
  CHECK(inputs[0].dataset.source == "http://x");
  CHECK(inputs[0].tags == input.tags);
  CHECK_ERROR(store.log_inputs(run.id, {{}}), ErrorKind::usage, "empty");
}

TEST_CASE_FIXTURE(Fixture, "names for completion are sorted, filtered by prefix and limited") {
  const Run run = start("r", {{"stage", "x"}});
  store.log(run.id, {.metrics = {{"loss", {}, {}}, {"loss/val", {}, {}}, {"acc", {}, {}}},
                     .params = {{"lr", "1"}}});
  const auto values = [&](RunStore::Names kind, std::string_view prefix, std::size_t limit) {
    std::vector<std::string> list;
    for (const auto& name : store.names(kind, prefix, limit)) list.push_back(name.value);
    return list;
  };
  using List = std::vector<std::string>;
  CHECK(values(RunStore::Names::metric_keys, "", 10) == List{"acc", "loss", "loss/val"});
  CHECK(values(RunStore::Names::metric_keys, "lo", 1) == List{"loss"});
  CHECK(values(RunStore::Names::param_keys, "l", 10) == List{"lr"});
  CHECK(values(RunStore::Names::tag_keys, "s", 10) == List{"stage"});
  CHECK(values(RunStore::Names::experiments, "D", 10) == List{"Default"});
  CHECK(values(RunStore::Names::run_ids, run.id.substr(0, 5), 10) == List{run.id});
  CHECK(store.names(RunStore::Names::run_ids, run.id, 1).at(0).description == "r");
}
