// metrics and params: what is shown, between which revisions, and the exit codes.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;

namespace {

void make_repository(const Sandbox& box) {
  box.write(".dvc/config", "");
  box.write("dvc.yaml",
            "stages:\n  s:\n    cmd: x\n    params: [lr]\n    metrics:\n    - m.json:\n        "
            "cache: false\n");
  box.write("params.yaml", "lr: 0.1\nn: 3\n");
  box.write("m.json", R"({"acc": 0.5, "deep": {"loss": 2, "list": [1]}, "word": "x"})");
  box.run_program(
      {"sh", "-c",
       "git init -q . && git config user.email a@b && git config user.name n && git add -A && "
       "git commit -qm one"});
}

}  // namespace

TEST_CASE("metrics are shown as the files have them, without lists") {
  const Sandbox box;
  make_repository(box);
  const json report = json::parse(box.output_of({"metrics", "show", "--json"}));
  REQUIRE(report["metrics"].size() == 3);
  CHECK(report["metrics"][1]["metric"] == "deep.loss");
  CHECK(report["metrics"][1]["value"] == 2);
  CHECK(box.output_of({"metrics", "show", "--format", "dvc-json"}) ==
        R"({"": {"data": {"m.json": {"data": {"acc": 0.5, "deep": {"loss": 2}, "word": "x"}}}}})");
  CHECK(box.output_of({"metrics", "show", "--format", "md"}).find("| m.json | acc | 0.5 |") !=
        std::string::npos);
  CHECK(json::parse(box.output_of({"metrics", "show", "--rev", "HEAD", "--json"}))["metrics"]
            .size() == 6);
}

TEST_CASE("differences of metrics and parameters are shown with their change") {
  const Sandbox box;
  make_repository(box);
  CHECK(box.run({"metrics", "diff", "--exit-code"}).code == 0);
  box.write("m.json", R"({"acc": 0.75, "deep": {"loss": 1}, "word": "x"})");
  box.write("params.yaml", "lr: 0.2\nn: 3\n");
  const json report = json::parse(box.output_of({"metrics", "diff", "--json"}));
  REQUIRE(report["changes"].size() == 2);
  CHECK(report["changes"][0]["change"] == 0.25);
  CHECK(report["changes"][1]["old"] == 2);
  CHECK(box.run({"metrics", "diff", "--exit-code"}).code == 3);
  CHECK(box.output_of({"params", "diff", "--format", "dvc-json"}) ==
        R"({"params.yaml": {"lr": {"old": 0.1, "new": 0.2, "diff": 0.1}}})");
  CHECK(box.run({"params", "diff", "--exit-code"}).code == 3);
  CHECK(json::parse(box.output_of({"params", "diff", "HEAD", "HEAD", "--all", "--json"}))["changes"]
            .size() == 2);
}

TEST_CASE("missing files, unknown revisions and unreadable text are told apart") {
  const Sandbox box;
  make_repository(box);
  CHECK(box.run({"metrics", "diff", "nothing"}).code == 1);
  CHECK(box.run({"params", "diff", "nothing"}).code == 1);
  CHECK(box.run({"metrics", "diff", "--exit-code", "--target", "none.json"}).code == 4);
  CHECK(box.run({"params", "diff", "--exit-code", "--target", "none.json"}).code == 4);
  const Outcome missing = box.run({"metrics", "show", "none.json"});
  CHECK(missing.code == 1);
  CHECK(missing.err.find("'none.json' does not exist") != std::string::npos);
  box.write("bad.json", "{");
  CHECK(box.run({"metrics", "show", "bad.json", "m.json"}).code == 5);
  CHECK(box.run({"metrics", "diff", "--target", "bad.json", "--target", "m.json"}).code == 5);
  CHECK(box.run({"params", "diff", "--target", "bad.json", "--target", "params.yaml"}).code == 5);
  CHECK(box.run({"metrics", "show", "--format", "xml"}).code == 2);
}
