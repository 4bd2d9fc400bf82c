// repro on small pipelines: what runs, what does not, what is written, and every exit code.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;

namespace {

// A repository without git: raw → data → model, with a parameter and a metric that git would keep.
void make_pipeline(const Sandbox& box) {
  box.write(".dvc/config", "");
  box.write("raw.txt", "raw\n");
  box.write("params.yaml", "lr: 0.1\nsize: 3\n");
  box.write(
      "dvc.yaml",
      "stages:\n"
      "  prepare:  # reads everything\n"
      "    cmd: cat raw.txt > data.txt\n"
      "    deps: [raw.txt]\n"
      "    outs: [data.txt]\n"
      "  train:\n"
      "    cmd: mkdir -p model && cp data.txt model/m && printf '{\"acc\":0.5}' > metrics.json\n"
      "    deps: [data.txt]\n"
      "    params: [lr, size]\n"
      "    outs: [model]\n"
      "    metrics:\n"
      "    - metrics.json:\n"
      "        cache: false\n");
}

// stage → outcome
std::map<std::string, std::string> outcomes(const Sandbox& box,
                                            std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"repro", "--json"});
  const Outcome outcome = box.run(arguments);
  CAPTURE(outcome.err);
  std::map<std::string, std::string> result;
  const json report = json::parse(outcome.out);
  for (const auto& stage : report["stages"]) result[stage["stage"]] = stage["outcome"];
  return result;
}

using Map = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("a pipeline runs once, and again only as far as something changed") {
  const Sandbox box;
  make_pipeline(box);
  CHECK(outcomes(box, {}) == Map{{"prepare", "ran"}, {"train", "ran"}});
  CHECK(box.read("model/m") == "raw\n");
  const std::string lock = box.read("dvc.lock");
  CHECK(lock.find("    params:\n      params.yaml:\n        lr: 0.1\n        size: 3\n") !=
        std::string::npos);
  CHECK(outcomes(box, {}) == Map{{"prepare", "unchanged"}, {"train", "unchanged"}});
  box.write("params.yaml", "lr: 0.10\nsize: 3.0\nother: 1\n");  // the same numbers
  CHECK(outcomes(box, {}) == Map{{"prepare", "unchanged"}, {"train", "unchanged"}});
  box.write("params.yaml", "lr: 0.2\nsize: 3\n");
  CHECK(outcomes(box, {"-n"}) == Map{{"prepare", "unchanged"}, {"train", "would run"}});
  CHECK(outcomes(box, {}) == Map{{"prepare", "unchanged"}, {"train", "ran"}});
  box.write("raw.txt", "new\n");
  CHECK(outcomes(box, {"--dry-run"}) == Map{{"prepare", "would run"}, {"train", "would run"}});
  CHECK(outcomes(box, {"-j", "2"}) == Map{{"prepare", "ran"}, {"train", "ran"}});
  CHECK(box.read("model/m") == "new\n");
  // Back to inputs that were seen before: nothing runs.
  box.write("raw.txt", "raw\n");
  CHECK(outcomes(box, {}) == Map{{"prepare", "restored"}, {"train", "restored"}});
  CHECK(box.read("model/m") == "raw\n");
  box.write("params.yaml", "lr: 0.1\nsize: 3\n");
  CHECK(outcomes(box, {}) == Map{{"prepare", "unchanged"}, {"train", "restored"}});
  CHECK(box.read("dvc.lock") == lock);
}

TEST_CASE("a parameter called size is not overlooked in the run cache") {
  const Sandbox box;
  make_pipeline(box);
  box.output_of({"repro", "-q"});
  box.write("params.yaml", "lr: 0.1\nsize: 4\n");
  CHECK(outcomes(box, {})["train"] == "ran");
  box.write("params.yaml", "lr: 0.1\nsize: 5\n");
  CHECK(outcomes(box, {"--no-run-cache"})["train"] == "ran");
}

TEST_CASE("what is missing comes back from the cache, and a command is not run for it") {
  const Sandbox box;
  make_pipeline(box);
  box.output_of({"repro", "-q"});
  box.run_program({"sh", "-c", "rm -rf model data.txt"});
  CHECK(outcomes(box, {"--allow-missing"}) ==
        Map{{"prepare", "unchanged"}, {"train", "unchanged"}});
  CHECK(outcomes(box, {"--no-run-cache"}) == Map{{"prepare", "restored"}, {"train", "restored"}});
  CHECK(box.read("model/m") == "raw\n");
  box.run_program({"sh", "-c", "chmod -R u+w model; echo changed > model/m"});
  CHECK(outcomes(box, {}) == Map{{"prepare", "unchanged"}, {"train", "restored"}});
  CHECK(box.read("model/m") == "raw\n");
}

TEST_CASE("which stages run can be chosen") {
  const Sandbox box;
  make_pipeline(box);
  CHECK(outcomes(box, {"prepare"}) == Map{{"prepare", "ran"}});
  CHECK(outcomes(box, {"-s", "train"}) == Map{{"train", "ran"}});
  CHECK(outcomes(box, {"-f", "-s", "train"}) == Map{{"train", "ran"}});
  CHECK(outcomes(box, {"--downstream", "prepare", "-n", "-f"}) ==
        Map{{"prepare", "would run"}, {"train", "would run"}});
  CHECK(outcomes(box, {"--glob", "pre*", "-n"}) == Map{{"prepare", "unchanged"}});
  CHECK(outcomes(box, {"-p", "prepare", "-n"}).size() == 2);
  CHECK(outcomes(box, {"model", "-n"}).size() == 2);
  box.write("sub/dvc.yaml", "stages:\n  other:\n    cmd: echo x > o\n    outs: [o]\n");
  CHECK(outcomes(box, {"-P"})["sub/dvc.yaml:other"] == "ran");
  CHECK(outcomes(box, {"-R", "sub"}) == Map{{"sub/dvc.yaml:other", "unchanged"}});
  CHECK(outcomes(box, {"--force-downstream", "--force", "-s", "prepare"}) ==
        Map{{"prepare", "ran"}});
}

TEST_CASE("a frozen stage does not run and hides what is before it") {
  const Sandbox box;
  make_pipeline(box);
  box.output_of({"repro", "-q"});
  box.output_of({"freeze", "train"});
  CHECK(box.read("dvc.yaml").find("prepare:  # reads everything") != std::string::npos);
  CHECK(box.read("dvc.yaml").ends_with("        cache: false\n    frozen: true\n"));
  box.write("raw.txt", "other\n");
  CHECK(outcomes(box, {"train"}) == Map{{"train", "unchanged"}});
  box.output_of({"unfreeze", "train"});
  CHECK(outcomes(box, {}) == Map{{"prepare", "ran"}, {"train", "ran"}});
}

TEST_CASE("a failing command stops the pipeline, and its dependents are left alone") {
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("dvc.yaml",
            "stages:\n"
            "  bad:\n    cmd: exit 3\n    outs: [x]\n"
            "  after:\n    cmd: cp x y\n    deps: [x]\n    outs: [y]\n"
            "  good:\n    cmd: echo 1 > z\n    outs: [z]\n");
  Outcome outcome = box.run({"repro"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("'exit 3' exited with 3") != std::string::npos);
  outcome = box.run({"repro", "-k"});
  CHECK(outcome.code == 5);
  CHECK(box.read("z") == "1\n");
  CHECK(outcomes(box, {"-k"}) ==
        Map{{"bad", "failed"}, {"after", "skipped"}, {"good", "unchanged"}});
  outcome = box.run({"repro", "--ignore-errors"});
  CHECK(outcome.code == 0);
}

TEST_CASE(
    "an output that was not made, and a dependency that is not there, are failures that say so") {
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("dvc.yaml",
            "stages:\n  a:\n    cmd: echo\n    outs: [x]\n  b:\n    cmd: echo\n    deps: [none]\n");
  Outcome outcome = box.run({"repro", "a"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("the output 'x' does not exist") != std::string::npos);
  outcome = box.run({"repro", "b"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("the dependency 'none' does not exist") != std::string::npos);
}

TEST_CASE("each line of a command has a shell of its own, and the environment names the stage") {
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("sub/dvc.yaml",
            "stages:\n  s:\n    wdir: w\n    cmd: |\n      X=1; cd /\n      echo "
            "\"$X|$PWD|$DVC_STAGE\" > "
            "o\n    outs: [o]\n");
  box.write("sub/w/.keep", "");
  box.output_of({"repro", "-q", "sub/dvc.yaml"});
  const std::string made = box.read("sub/w/o");
  CHECK(made.starts_with("|"));
  CHECK(made.ends_with("/sub/w|sub/dvc.yaml:s\n"));
}

TEST_CASE("what is wrong in a dvc.yaml is named with its line, and nothing runs") {
  const Sandbox box;
  box.write(".dvc/config", "");
  const auto error_of = [&](const std::string& yaml) {
    box.write("dvc.yaml", yaml);
    const Outcome outcome = box.run({"repro"});
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  CHECK(error_of("stages:\n  a:\n    cmd: x\n    dep: [y]\n")
            .find("'dvc.yaml' line 4: 'dep' is no key") != std::string::npos);
  CHECK(error_of("stages:\n  a:\n    cmd: echo ${lr}\n")
            .find("line 3: stage 'a': 'lr' is not defined") != std::string::npos);
  CHECK(error_of("stages:\n  a: {cmd: x, outs: [o]}\n  b: {cmd: x, outs: [o]}\n")
            .find("output of both") != std::string::npos);
  CHECK(error_of(
            "stages:\n  a: {cmd: x, deps: [p], outs: [o]}\n  b: {cmd: x, deps: [o], outs: [p]}\n")
            .find("in a circle") != std::string::npos);
}

TEST_CASE("repro outside of a repository, with an unknown stage, with wrong options") {
  const Sandbox box;
  CHECK(box.run({"repro"}).code == 1);
  make_pipeline(box);
  const Outcome outcome = box.run({"repro", "trian"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("did you mean 'train'?") != std::string::npos);
  CHECK(box.run({"repro", "--jobs", "0"}).code == 2);
}

TEST_CASE("an interrupted repro ends its command and keeps what was done") {
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("dvc.yaml",
            "stages:\n  one:\n    cmd: echo 1 > a\n    outs: [a]\n"
            "  two:\n    cmd: touch ready; exec sleep 60\n    deps: [a]\n    outs: [b]\n");
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    const auto ready = box.folder() / "ready";
    std::filesystem::remove(ready);
    const Outcome outcome = box.interrupt({mlopsctl::testing::binary(), "repro", "-j", "2"}, signal,
                                          [&] { return std::filesystem::exists(ready); });
    CHECK(outcome.code == code);
  }
  CHECK(box.read("dvc.lock").find("  one:\n") != std::string::npos);
  CHECK(box.read("dvc.lock").find("  two:\n") == std::string::npos);
}

TEST_CASE("stage add writes what DVC would write and refuses what DVC would refuse") {
  const Sandbox box;
  box.write(".dvc/config", "");
  box.write("dvc.yaml", "# mine\nstages:\n  a:\n    cmd: x   # first\n    outs: [o]\n");
  box.output_of({"stage", "add",    "--name",   "train",  "-d",          "o",      "-d",
                 "b.py",  "-p",     "lr,opt.x", "-p",     "other.yaml:", "--outs", "m",
                 "-M",    "s.json", "--",       "python", "b.py",        "a b"});
  CHECK(box.read("dvc.yaml") ==
        "# mine\nstages:\n  a:\n    cmd: x   # first\n    outs: [o]\n"
        "  train:\n    cmd: python b.py \"a b\"\n    deps:\n    - b.py\n    - o\n    params:\n    "
        "- lr\n"
        "    - opt.x\n    - other.yaml:\n    outs:\n    - m\n    metrics:\n    - s.json:\n        "
        "cache: false\n");
  const std::string before = box.read("dvc.yaml");
  CHECK(box.run({"stage", "add", "--name", "train", "--", "x"}).code == 1);
  CHECK(box.run({"stage", "add", "--name", "b", "--outs", "o", "--", "x"}).code == 2);
  CHECK(box.run({"stage", "add", "--name", "a/b", "--", "x"}).code == 2);
  CHECK(box.run({"stage", "add", "--", "x"}).code == 2);
  CHECK(box.read("dvc.yaml") == before);
  box.output_of({"stage", "add", "--force", "--name", "train", "--outs", "m", "--", "y"});
  CHECK(box.read("dvc.yaml").ends_with("  train:\n    cmd: y\n    outs:\n    - m\n"));
}

TEST_CASE("stages are listed and drawn") {
  const Sandbox box;
  make_pipeline(box);
  const json list = json::parse(box.output_of({"stage", "list", "--json"}));
  CHECK(list["stages"].size() == 2);
  CHECK(list["stages"][1]["stage"] == "train");
  CHECK(list["stages"][1]["line"] == 6);
  CHECK(box.output_of({"dag"}) == "train\n└── prepare");
  CHECK(box.output_of({"dag", "--mermaid"}) ==
        "flowchart TD\n\tnode1[\"prepare\"]\n\tnode2[\"train\"]\n\tnode1-->node2");
  CHECK(box.output_of({"dag", "--dot", "prepare"}) == "strict digraph {\n\"prepare\";\n}");
  CHECK(box.output_of({"dag", "--outs", "--mermaid", "prepare"}) ==
        "flowchart TD\n\tnode1[\"data.txt\"]");
  CHECK(json::parse(box.output_of({"dag", "--json"}))["edges"][0]["to"] == "train");
  CHECK(box.run({"dag", "none"}).code == 1);
  CHECK(box.run({"freeze"}).code == 2);
  CHECK(box.run({"freeze", "none"}).code == 1);
  CHECK(box.run({"unfreeze", "none"}).code == 1);
  CHECK(box.run({"stage", "list", "none"}).code == 1);
}

TEST_CASE("repro --pull fetches what others have made instead of making it again") {
  const Sandbox box;
  make_pipeline(box);
  box.write(".dvc/config", "[core]\n    remote = r\n['remote \"r\"']\n    url = ../remote\n");
  box.output_of({"data", "add", "raw.txt"});
  box.output_of({"repro"});
  box.output_of({"data", "push", "--run-cache"});
  const auto forget = [&] {
    for (const char* name : {".dvc/cache", "raw.txt", "data.txt", "model"})
      std::filesystem::remove_all(box.folder() / name);
  };
  forget();
  CHECK(box.run({"repro"}).code == 1);  // nobody has the data
  CHECK(outcomes(box, {"--pull"}) ==
        Map{{"raw.txt.dvc", "unchanged"}, {"prepare", "restored"}, {"train", "restored"}});
  CHECK(box.read("model/m") == "raw\n");
  CHECK(box.read("raw.txt") == "raw\n");
  // Without dvc.lock the results are found in the run cache of the remote.
  forget();
  std::filesystem::remove(box.folder() / "dvc.lock");
  CHECK(outcomes(box, {"--pull"}) ==
        Map{{"raw.txt.dvc", "unchanged"}, {"prepare", "restored"}, {"train", "ran"}});
  CHECK(box.read("model/m") == "raw\n");  // its metrics are git's, not the remote's
  CHECK(box.run({"repro", "--remote", "r"}).code == 2);
  CHECK(box.run({"repro", "--pull", "--remote", "none"}).code != 0);
}

TEST_CASE("what stages used and made is recorded where there is a run store") {
  const Sandbox box;
  make_pipeline(box);
  box.output_of({"repro"});
  CHECK_FALSE(std::filesystem::exists(box.folder() / ".mlopsctl"));
  box.output_of({"init"});
  box.write("raw.txt", "other\n");
  const json report = json::parse(box.output_of({"repro", "--json"}));
  const auto inputs = [&](const std::string& run) {
    Map result;
    const json shown = json::parse(box.output_of({"run", "show", run, "--json"}));
    for (const auto& one : shown["inputs"])
      result[one["name"].get<std::string>() + " " + one["digest"].get<std::string>()] =
          one["context"];
    return result;
  };
  const Map recorded = inputs(report["run_id"]);
  CHECK(recorded.size() == 4);  // and the model, and the metrics
  const std::string md5 = [&] {
    const std::string lock = box.read("dvc.lock");
    const auto at = lock.find("md5: ", lock.find("- path: raw.txt") + 30);
    return lock.substr(at + 5, 32);
  }();
  CHECK(recorded.at("raw.txt " + md5) == "used by prepare");
  CHECK(recorded.at("data.txt " + md5) == "made by prepare; used by train");
  CHECK(json::parse(box.output_of({"repro", "--json"}))["run_id"].is_null());  // nothing ran
  // Inside a run it is that run's.
  box.write("raw.txt", "third\n");
  const json outer = json::parse(box.output_of(
      {"run", "exec", "--json", "--", mlopsctl::testing::binary(), "repro", "--quiet"}));
  CHECK(inputs(outer["run_id"]).size() >= 4);
  // run exec notes what is tracked, as it is.
  box.write("own.csv", "1");
  box.output_of({"data", "add", "own.csv"});
  const json before = json::parse(box.output_of({"run", "exec", "--json", "--", "true"}));
  CHECK(inputs(before["run_id"]).at("own.csv c4ca4238a0b923820dcc509a6f75849b") == "tracked");
  box.write("own.csv", "22");
  const json after = json::parse(box.output_of({"run", "exec", "--json", "--", "true"}));
  CHECK(inputs(after["run_id"]).at("own.csv b6d767d2f8ed5d21a44b0e5886680cb9") ==
        "tracked, changed since it was recorded");
  const json none =
      json::parse(box.output_of({"run", "exec", "--no-data", "--json", "--", "true"}));
  CHECK(inputs(none["run_id"]).empty());
}

TEST_CASE("data commit takes outputs that were made by hand as the result of their stage") {
  const Sandbox box;
  make_pipeline(box);
  outcomes(box, {});
  box.write("model/m", "by hand\n");
  box.output_of({"data", "commit", "model"});
  CHECK(outcomes(box, {"--dry-run"}) == Map{{"prepare", "unchanged"}, {"train", "unchanged"}});
  std::filesystem::remove_all(box.folder() / "model");
  box.output_of({"data", "checkout"});
  CHECK(box.read("model/m") == "by hand\n");

  // That it was made of these parameters nobody has said.
  box.write("params.yaml", "lr: 0.5\nsize: 3\n");
  const std::string lock = box.read("dvc.lock");
  const Outcome refused = box.run({"data", "commit"});
  CHECK(refused.code == 1);
  CHECK(refused.err.find("lr in params.yaml changed") != std::string::npos);
  CHECK(box.read("dvc.lock") == lock);
  box.output_of({"data", "commit", "--force"});
  CHECK(outcomes(box, {"--dry-run"}) == Map{{"prepare", "unchanged"}, {"train", "unchanged"}});

  // Without a lock: all that is made already.
  std::filesystem::remove(box.folder() / "dvc.lock");
  box.output_of({"data", "commit", "--yes"});
  CHECK(outcomes(box, {"--dry-run"}) == Map{{"prepare", "unchanged"}, {"train", "unchanged"}});
}
