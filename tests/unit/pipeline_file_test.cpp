#include "mlopsctl/data/pipeline.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace mlopsctl;
using namespace mlopsctl::data;

namespace {

PipelineFile load(const std::string& yaml, const std::map<std::string, std::string>& files = {},
                  const std::string& name = "dvc.yaml") {
  const FileReader read = [&](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  return load_pipeline_file(name, yaml, read, {});
}

std::vector<std::string> names(const PipelineFile& file) {
  std::vector<std::string> result;
  for (const auto& stage : file.stages) result.push_back(stage.name);
  return result;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a stage is read with its paths as spelled") {
  const auto file = load(
      "stages:\n  a:\n    cmd: |\n      one\n      two\n    wdir: w\n    deps: [./x, ../y]\n"
      "    params: [lr, {other.yaml: [k]}, {whole.toml: }]\n"
      "    outs:\n    - o/:\n        persist: true\n    - p: {cache: false}\n    metrics: "
      "[m.json]\n",
      {}, "sub/dvc.yaml");
  const Stage& stage = file.stages.at(0);
  CHECK(stage.address() == "sub/dvc.yaml:a");
  CHECK(stage.address("sub") == "a");
  CHECK(stage.commands() == Strings{"one", "two"});
  CHECK(stage.path_of("./x") == "sub/w/x");
  CHECK(stage.path_of("../y") == "sub/y");
  CHECK(stage.path_of(stage.outs[0].path) == "sub/w/o");
  CHECK(stage.outs[0].persist);
  CHECK_FALSE(stage.outs[1].cache);
  CHECK(stage.outs[2].role == OutRole::metric);
  REQUIRE(stage.params.size() == 3);
  CHECK(stage.params[0].keys == Strings{"lr"});
  CHECK(stage.params[2].keys.empty());
}

TEST_CASE("expressions take values from params.yaml and vars, and keep their type") {
  const auto file = load(
      "vars: [{a: {b: [{c: 1e-5}], on: true}}, more.json:x]\n"
      "stages:\n  s:\n    cmd: run ${a.b[0].c} ${a.on} ${lr} \\${HOME} ${x}\n    frozen: false\n"
      "    outs: ['${out}']\n",
      {{"params.yaml", "lr: 0.5\nout: o.txt\n"}, {"more.json", R"({"x": 3, "y": 4})"}});
  CHECK(file.stages[0].cmd.text == "run 1e-05 true 0.5 ${HOME} 3");
  CHECK(file.stages[0].outs[0].path == "o.txt");
  CHECK(file.stages[0].templated);
  REQUIRE(file.stages[0].used.size() == 3);
  CHECK(file.stages[0].used[0].file == "params.yaml");
  CHECK(file.stages[0].used[0].key == "lr");
}

TEST_CASE("a map in a command becomes options") {
  const auto file = load(
      "vars:\n- o: {lr: 0.1, deep: {name: a b}, yes: true, no: false, l: [1, x]}\n"
      "stages:\n  s:\n    cmd: run ${o}\n");
  CHECK(file.stages[0].cmd.text == "run --lr 0.1 --deep.name 'a b' --yes --l 1 x");
}

TEST_CASE("foreach names its stages after values, indexes or keys") {
  CHECK(
      names(load("stages:\n  s:\n    foreach: [a, 1, 2.5, true]\n    do: {cmd: 'x ${item}'}\n")) ==
      Strings{"s@a", "s@1", "s@2.5", "s@true"});
  CHECK(
      names(load("stages:\n  s:\n    foreach: [{v: 1}, {v: 2}]\n    do: {cmd: 'x ${item.v}'}\n")) ==
      Strings{"s@0", "s@1"});
  const auto file =
      load("stages:\n  s:\n    foreach: ${models}\n    do: {cmd: 'x ${key} ${item.lr}'}\n",
           {{"params.yaml", "models: {us: {lr: 1}, eu: {lr: 2}}\n"}});
  CHECK(names(file) == Strings{"s@us", "s@eu"});
  CHECK(file.stages[1].cmd.text == "x eu 2");
  CHECK(file.stages[1].group == "s");
  CHECK(file.stages[1].used.at(0).key == "models.eu.lr");
}

TEST_CASE("a matrix makes every combination") {
  const auto file = load(
      "stages:\n  m:\n    matrix:\n      x: [1, 2]\n      y: [{k: 1}, {k: 2}]\n"
      "    cmd: echo ${item.x} ${item.y.k} ${key}\n");
  CHECK(names(file) == Strings{"m@1-y0", "m@1-y1", "m@2-y0", "m@2-y1"});
  CHECK(file.stages[2].cmd.text == "echo 2 1 2-y0");
}

TEST_CASE("mistakes are named with file and line") {
  const auto refused = [](const std::string& yaml, const std::string& text,
                          const std::map<std::string, std::string>& files = {}) {
    CAPTURE(yaml);
    CHECK_ERROR(load(yaml, files), ErrorKind::config, text);
  };
  refused("stagess: {}\n", "'dvc.yaml' line 1: 'stagess' is no key");
  refused("stages:\n  a:\n    outs: [x]\n", "line 2: stage 'a' has no 'cmd'");
  refused("stages:\n  a:\n    cmd: 5\n", "line 3: 'cmd' is a number");
  refused("stages:\n  a:\n    cmd: x\n    frozen: 'no'\n", "line 4: 'frozen' is text");
  refused("stages:\n  a:\n    cmd: x\n    outs: [{o: {cach: false}}]\n", "did you mean 'cache'?");
  refused("stages:\n  a:\n    foreach: [1]\n", "needs both");
  refused("stages:\n  a:\n    foreach: 5\n    do: {cmd: x}\n", "'foreach' is a number");
  refused("stages:\n  a:\n    cmd: x ${y}\n", "line 3: stage 'a': 'y' is not defined");
  refused("stages:\n  a:\n    cmd: x\n    deps: ['${l}']\n", "which cannot stand here",
          {{"params.yaml", "l: [1]\n"}});
  refused("vars: [{a: 1}, {a: 2}]\nstages: {}\n", "'a' of vars exists already");
  refused("vars: [none.yaml]\nstages: {}\n", "'none.yaml' does not exist");
  refused("vars: ['${x}']\nstages: {}\n", "not allowed");
  refused("stages:\n  a:\n    cmd: ${}\n", "is no expression");
  refused("1: 2\n", "is no key");
}

TEST_CASE("stages are connected by what they read and make") {
  std::vector<Stage> stages =
      load(
          "stages:\n  c: {cmd: x, deps: [d/f], outs: [z]}\n"
          "  a: {cmd: x, outs: [d]}\n  b: {cmd: x, deps: [d, q.yaml], params: [{q.yaml: [k]}]}\n"
          "  q: {cmd: x, outs: [q.yaml]}\n")
          .stages;
  const Pipelines pipelines(stages);
  using Indexes = std::vector<std::size_t>;
  CHECK(pipelines.producers(0) == Indexes{1});
  CHECK(pipelines.producers(2) == Indexes{1, 3});
  CHECK(pipelines.consumers(1) == Indexes{0, 2});
  CHECK(pipelines.select("z", "") == Indexes{0});
  CHECK(pipelines.select("d/f", "") == Indexes{1});
  CHECK(pipelines.select("dvc.yaml", "").size() == 4);
  CHECK_ERROR(pipelines.select("nothing", ""), ErrorKind::not_found, "no stage 'nothing'");
  stages = load("stages:\n  a: {cmd: x, outs: [d]}\n  b: {cmd: x, outs: [d/e]}\n").stages;
  CHECK_ERROR(Pipelines(stages), ErrorKind::config, "lies inside the output 'd'");
  stages = load("stages:\n  a: {cmd: x, outs: [../d]}\n").stages;
  CHECK_ERROR(Pipelines(stages), ErrorKind::config, "outside of the repository");
}
