#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Fixture {
  TemporaryFolder folder;
  RunStore store = RunStore::open(folder / "home", OpenMode::create);
  std::string run = store.create_run({.experiment_id = "0"}).id;

  std::string names() const {
    std::string list;
    for (const Artifact& artifact : store.artifacts(run)) list += artifact.path + " ";
    return list;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a file is copied into the run with its size and digest") {
  write_file_atomically(folder / "model.bin", "abc");
  const auto added = store.add_artifact(run, folder / "model.bin", "");
  REQUIRE(added.size() == 1);
  CHECK(added[0].path == "model.bin");
  CHECK(added[0].size == 3);
  CHECK(added[0].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(read_file(store.artifact_folder(run) / "model.bin") == "abc");
  CHECK(store.artifact_folder(run) == folder / "home/artifacts/0" / run / "artifacts");
}

TEST_CASE_FIXTURE(Fixture, "a folder is copied with everything below it, links to files included") {
  write_file_atomically(folder / "out/a.txt", "a");
  write_file_atomically(folder / "out/sub/b.txt", "b");
  fs::create_directory(folder / "out/empty");
  fs::create_symlink("a.txt", folder / "out/link.txt");
  fs::create_symlink(".", folder / "out/circle");
  store.add_artifact(run, folder / "out", "");
  CHECK(names() == "out/a.txt out/link.txt out/sub/b.txt ");
  store.add_artifact(run, folder / "out/sub", "renamed/deep");
  CHECK(fs::exists(store.artifact_folder(run) / "renamed/deep/b.txt"));
}

TEST_CASE_FIXTURE(Fixture, "an artifact that is added again is replaced") {
  write_file_atomically(folder / "a", "one");
  store.add_artifact(run, folder / "a", "");
  write_file_atomically(folder / "a", "three");
  store.add_artifact(run, folder / "a", "");
  REQUIRE(store.artifacts(run).size() == 1);
  CHECK(store.artifacts(run)[0].size == 5);
}

TEST_CASE_FIXTURE(Fixture, "names that leave the run's folder are refused") {
  write_file_atomically(folder / "a", "x");
  for (const std::string bad : {"../a", "x/../../a", "/etc/passwd", "a\nb", "\xff", "./.", "//"}) {
    CHECK_ERROR(store.add_artifact(run, folder / "a", bad), ErrorKind::usage, "");
    CHECK_ERROR(store.record_artifact(run, bad), ErrorKind::usage, "");
  }
  CHECK_FALSE(fs::exists(folder / "home/artifacts"));
  store.add_artifact(run, folder / "a", "./p//q/./r");
  CHECK(names() == "p/q/r ");
}

TEST_CASE_FIXTURE(Fixture, "a missing source is named and nothing is recorded") {
  CHECK_ERROR(store.add_artifact(run, folder / "absent", ""), ErrorKind::not_found, "absent");
  CHECK_ERROR(store.record_artifact(run, "absent"), ErrorKind::not_found, "absent");
  CHECK(store.artifacts(run).empty());
}

TEST_CASE_FIXTURE(Fixture, "a file that lies in the folder already is recorded in place") {
  write_file_atomically(store.artifact_folder(run) / "stdout.log", "hello\n");
  CHECK(store.record_artifact(run, "stdout.log").size == 6);
  CHECK(names() == "stdout.log ");
}

TEST_CASE_FIXTURE(Fixture, "a deleted run takes no artifacts") {
  write_file_atomically(folder / "a", "x");
  store.delete_run(run);
  CHECK_ERROR(store.add_artifact(run, folder / "a", ""), ErrorKind::conflict, "deleted");
}

TEST_CASE_FIXTURE(Fixture, "an experiment with a location of its own keeps the artifacts there") {
  const auto experiment = store.create_experiment("far", (folder / "far").string());
  const std::string id = store.create_run({.experiment_id = experiment.id}).id;
  write_file_atomically(folder / "a", "x");
  store.add_artifact(id, folder / "a", "");
  CHECK(fs::exists(folder / "far" / id / "artifacts/a"));
}
