// plots show, diff and templates on small repositories: what is drawn, what is written, and every
// exit code. tests/interop/dvc_plots_test.sh compares the JSON with DVC's.
#include "support/page_text.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::page_data;
using mlopsctl::testing::Sandbox;
using nlohmann::json;

namespace {

void git(const Sandbox& box, std::vector<std::string> argv) {
  argv.insert(argv.begin(), {"git", "-c", "user.name=t", "-c", "user.email=t@t"});
  const Outcome outcome = box.run_program(argv);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
}

void make_repository(const Sandbox& box) {
  git(box, {"init", "-q", "-b", "main", "."});
  box.write(".dvc/config", "");
  box.write("train.csv", "epoch,loss\n0,2.5\n1,1.25\n");
  box.write("dvc.yaml", "plots:\n- train.csv:\n    x: epoch\n    title: Training\n");
  git(box, {"add", "-A"});
  git(box, {"commit", "-q", "-m", "one"});
}

}  // namespace

TEST_CASE("plots show writes one page with what dvc.yaml declares") {
  const Sandbox box;
  make_repository(box);
  CHECK(box.output_of({"plots", "show"}) == "dvc_plots/index.html");
  const json data = page_data(box.read("dvc_plots/index.html"));
  CHECK(data["runs"] == json{"workspace"});
  CHECK(data["charts"][0]["title"] == "Training");
  CHECK(data["charts"][0]["xLabel"] == "epoch");
  CHECK(data["charts"][0]["yLabel"] == "loss");
  CHECK(data["charts"][0]["curves"][0]["y"] == json{2.5, 1.25});
  CHECK(page_data(box.output_of({"plots", "show", "-o", "-"})) == data);
  CHECK(box.output_of({"plots", "show", "-o", "report"}) == "report/index.html");
  box.output_of({"plots", "show", "-o", "nowhere", "--dry-run"});
  CHECK_FALSE(std::filesystem::exists(box.folder() / "nowhere"));
}

TEST_CASE("plots diff lays revisions over each other") {
  const Sandbox box;
  make_repository(box);
  box.write("train.csv", "epoch,loss\n0,2\n1,1\n");
  box.output_of({"plots", "diff"});
  const json data = page_data(box.read("dvc_plots/index.html"));
  CHECK(data["runs"] == json{"workspace", "HEAD"});
  CHECK(data["charts"][0]["curves"][1]["y"] == json{2.5, 1.25});
  CHECK(box.run({"plots", "diff", "nothing-of-this-name"}).code == 1);
}

TEST_CASE("--json is DVC's JSON with a schema; numbers that JSON has not are texts") {
  const Sandbox box;
  make_repository(box);
  box.write("n.json", R"([{"a": 1, "b": NaN}])");
  const json read = json::parse(box.output_of({"plots", "show", "n.json", "--json"}));
  CHECK(read["schema"] == "mlopsctl.plots.show/1");
  CHECK(read["data"]["n.json"][0]["type"] == "vega");
  CHECK(read["data"]["n.json"][0]["revisions"] == json{"workspace"});
  CHECK(read["data"]["n.json"][0]["content"]["data"]["values"][0]["b"] == "NaN");
  const json spec = json::parse(box.output_of({"plots", "show", "train.csv", "--show-vega"}));
  CHECK(spec["title"]["text"] == "Training");
}

TEST_CASE("a template of the repository is used before the built-in ones") {
  const Sandbox box;
  make_repository(box);
  box.write(".dvc/plots/mine.json", R"({"data": "<DVC_METRIC_DATA>", "y": "of <DVC_METRIC_Y>"})");
  const std::vector<std::string> show{"plots", "show", "train.csv", "--show-vega", "-t"};
  auto with = [&](const char* name) {
    auto line = show;
    line.emplace_back(name);
    return box.run(line);
  };
  CHECK(json::parse(with("mine").out)["y"] == "of loss");
  const Outcome unknown = with("liner");
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("did you mean 'linear'?") != std::string::npos);
  CHECK(box.run({"plots", "show", "--show-vega"}).code == 2);
  CHECK(box.output_of({"plots", "templates"}).find("confusion_normalized") != std::string::npos);
  CHECK(json::parse(box.output_of({"plots", "templates", "scatter"}))["mark"] != nullptr);
  CHECK(box.run({"plots", "templates", "liner"}).code == 1);
}

TEST_CASE("what cannot be drawn is said, and the rest is drawn") {
  const Sandbox box;
  make_repository(box);
  box.write("dvc.yaml", "plots:\n- train.csv\n- gone.csv\n");
  const Outcome partial = box.run({"plots", "show"});
  CHECK(partial.code == 5);
  CHECK(partial.err.find("gone.csv") != std::string::npos);
  const Outcome field = box.run({"plots", "show", "train.csv", "-y", "los"});
  CHECK(field.code == 1);
  CHECK(field.err.find("has no field 'los'; it has: epoch, loss") != std::string::npos);
  const Outcome unknown = box.run({"plots", "show", "nothing.csv"});
  CHECK(unknown.code == 1);
  CHECK(unknown.err.find("no plot of dvc.yaml is called 'nothing.csv'") != std::string::npos);
  box.write("dvc.yaml", "stages: {}\n");
  const Outcome none = box.run({"plots", "show"});
  CHECK(none.code == 0);
  CHECK(none.err.find("there are no plots") != std::string::npos);
}
