// Against locks and run-cache entries that DVC wrote: tests/golden/dvc/pipelines.
#include "mlopsctl/data/lock_file.hpp"

#include "mlopsctl/formats/yaml_emit.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::data;

namespace {

fs::path golden(const std::string& name) {
  return fs::path(testing::source_folder()) / "tests/golden/dvc/pipelines" / name;
}

}  // namespace

TEST_CASE("a lock of DVC is written again byte for byte") {
  for (const char* name : {"t4.lock", "t6.lock", "t6-sub.lock", "t7.lock", "t12.lock"}) {
    CAPTURE(name);
    const std::string text = read_file(golden(name));
    const YamlValue root = parse_yaml(text);
    std::string again;
    for (const auto& entry : root.find("stages")->entries) {
      again = lock_text_with(again, entry.key, parse_lock_entry(entry.value, entry.key));
    }
    CHECK(again == text);
    // Setting what is there changes nothing.
    const LockFile lock = LockFile::parse(name, text);
    for (const auto& [stage, entry] : lock.entries()) {
      CHECK(lock_text_with(text, stage, entry) == text);
    }
  }
}

TEST_CASE("run-cache entries of DVC have the names that we give them, and the same text") {
  int entries = 0;
  for (const auto& file : fs::recursive_directory_iterator(golden("runs"))) {
    if (!file.is_regular_file()) continue;
    ++entries;
    const std::string text = read_file(file.path());
    const LockEntry entry = parse_lock_entry(parse_yaml(text), "entry");
    const RunCacheName name = run_cache_name(entry);
    CHECK(name.value == file.path().filename());
    CHECK(name.key == file.path().parent_path().filename());
    CHECK(emit_yaml(lock_entry_value(entry)) == text);
  }
  CHECK(entries >= 8);
}

TEST_CASE("one stage of a lock is replaced, the others keep their bytes") {
  const std::string text =
      "schema: '2.0'\n# mine\nstages:\n  a:\n    cmd: \"x\"\n  b:\n    cmd: old\n    outs:\n    - "
      "path: o\n  c:\n    cmd: [1,2]\n";
  LockEntry entry;
  entry.cmd = YamlValue::of_text("new");
  CHECK(lock_text_with(text, "b", entry) ==
        "schema: '2.0'\n# mine\nstages:\n  a:\n    cmd: \"x\"\n  b:\n    cmd: new\n  c:\n    cmd: "
        "[1,2]\n");
}

TEST_CASE("other schemas and unknown keys are refused with their line") {
  CHECK_ERROR(LockFile::parse("dvc.lock", "schema: '3.0'\nstages: {}\n"), ErrorKind::config,
              "'dvc.lock' line 1");
  CHECK_ERROR(LockFile::parse("dvc.lock", "a: {cmd: x}\n"), ErrorKind::config, "schema");
  CHECK_ERROR(LockFile::parse("dvc.lock", "schema: '2.0'\nstages:\n  a: {cmd: x, foo: 1}\n"),
              ErrorKind::config, "line 3");
  CHECK_ERROR(LockFile::parse("dvc.lock", "<<<<<<< HEAD\n"), ErrorKind::config, "");
  CHECK(LockFile::parse("dvc.lock", "").entries().empty());
}

TEST_CASE("a command that DVC folds with loss counts as the same") {
  YamlValue cmd = YamlValue::of_text(
      "$HOME $HOME\n&&  two {z} a: || echo || #c --data=x/y &&  two 0.1 a: --data=x/y\n$HOME 'a b' "
      "--lr "
      "train.py {z} {z} train.py {z} $HOME 0.1 python\n--data=x/y &&  two");
  LockEntry entry;
  entry.cmd = cmd;
  const LockFile read = LockFile::parse("dvc.lock", lock_text_with("", "s", entry));
  CHECK(same_command(read.find("s")->cmd, cmd));
  cmd.text += "x";
  CHECK_FALSE(same_command(read.find("s")->cmd, cmd));
}
