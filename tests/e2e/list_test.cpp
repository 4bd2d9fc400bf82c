// experiment …, run list, compare and plot: looking at runs.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

// Three runs: a and b share an experiment, c stands alone and has failed.
struct Three {
  Sandbox box;
  std::string a, b, c;
  Three() {
    a = start("a", "chat", {{"lr", "0.1"}, {"opt", "adam"}}, "0.5");
    b = start("b", "chat", {{"lr", "0.01"}, {"opt", "adam"}}, "0.25");
    c = start("c", "other", {{"depth", "3"}}, "nan");
    box.output_of({"run", "finish", a});
    box.output_of({"run", "finish", c, "--status", "failed"});
  }
  std::string start(const std::string& name, const std::string& experiment,
                    const std::vector<std::pair<std::string, std::string>>& params,
                    const std::string& loss) {
    Strings argv{"run", "start", "--name", name, "--experiment", experiment};
    for (const auto& [key, value] : params) argv.insert(argv.end(), {"--param", key + "=" + value});
    const std::string id = box.output_of(argv);
    box.output_of({"run", "log", id, "--step", "1", "loss=1", "extra/x=2"});
    box.output_of({"run", "log", id, "--step", "2", "loss=" + loss});
    return id;
  }
  // Names of the listed runs, in order.
  std::string names(Strings arguments) const {
    arguments.insert(arguments.begin(), {"run", "list", "--columns", "run_name"});
    std::string out = box.output_of(arguments);
    for (auto& character : out) character = character == '\n' ? ' ' : character;
    return out;
  }
};

}  // namespace

TEST_CASE("filters choose runs") {
  const Three three;
  CHECK(three.names({}) == "c b a");
  CHECK(three.names({"metrics.loss < 0.4"}) == "b");
  CHECK(three.names({"metrics.loss != 0.5"}) == "b");  // NaN compares with nothing
  CHECK(three.names({"params.lr = '0.1' OR status = 'failed'"}) == "c a");
  CHECK(three.names({"NOT (params.opt = 'adam')"}) == "c");
  CHECK(three.names({"params.lr IS NULL"}) == "c");
  CHECK(three.names({"params.lr > 0.05"}) == "a");
  CHECK(three.names({"metrics.`extra/x` = 2", "name LIKE 'b%'"}) == "b");
  CHECK(three.names({"start_time > '1h ago'", "--experiment", "chat"}) == "b a");
  CHECK(three.names({"metrics.loss:max >= 1 AND metrics.loss:min <= 0.25"}) == "b");
}

TEST_CASE("sorting puts numbers before NaN before missing, and pages go on where they ended") {
  const Three three;
  CHECK(three.names({"--sort", "metrics.loss"}) == "b a c");
  CHECK(three.names({"--sort", "metrics.loss desc"}) == "a b c");
  CHECK(three.names({"--sort", "run_name"}) == "a b c");
  const json first = json::parse(
      three.box.output_of({"run", "list", "--limit", "2", "--sort", "run_name", "--json"}));
  REQUIRE(first["runs"].size() == 2);
  const json second =
      json::parse(three.box.output_of({"run", "list", "--limit", "2", "--sort", "run_name",
                                       "--json", "--page", first["next_page"]}));
  REQUIRE(second["runs"].size() == 1);
  CHECK(second["runs"][0]["run_name"] == "c");
  CHECK(second["next_page"].is_null());
}

TEST_CASE("mistakes in a filter are pointed at") {
  const Three three;
  for (const Strings& arguments : {Strings{"metrics.loss <"},
                                   {"metrics.loss < 'x'"},
                                   {"colour = 'red'"},
                                   {"(status = 'x'"},
                                   {"--sort", "metrics."},
                                   {"--limit", "0"},
                                   {"--page", "nonsense"},
                                   {"--columns", "colour"}}) {
    Strings argv{"run", "list"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    CAPTURE(arguments);
    CHECK(three.box.run(argv).code == 2);
  }
  CHECK(three.box.run({"run", "list", "statsu = 'x'"}).err.find("status") != std::string::npos);
  CHECK(three.box.run({"run", "list", "--experiment", "chatt"}).code == 1);
}

TEST_CASE("on a terminal a list has a header and fits the width, in a pipe it has neither") {
  const Three three;
  const std::string wide = three.box.run_on_terminal({"run", "list", "--no-color"}, 120).out;
  CHECK(wide.find("STATUS") != std::string::npos);
  CHECK(wide.find("\x1b[") == std::string::npos);
  CHECK(three.box.run_on_terminal({"run", "list"}, 120).out.find("\x1b[") != std::string::npos);
  CHECK(three.box.output_of({"run", "list"}).find("STATUS") == std::string::npos);
}

TEST_CASE("comparing shows what differs and marks the best") {
  const Three three;
  const json both =
      json::parse(three.box.output_of({"run", "compare", three.a, three.b, "--json"}));
  REQUIRE(both["params"].size() == 1);
  CHECK(both["params"][0]["key"] == "lr");
  CHECK(both["metrics"][0]["best"] == three.b);
  CHECK(json::parse(three.box.output_of({"run", "compare", "a", "b", "--all", "--json"}))["params"]
            .size() == 2);
  CHECK(three.box.run_on_terminal({"run", "compare", "a", "b", "--no-color"}).out.find("0.25*") !=
        std::string::npos);
  CHECK(three.box.run({"run", "compare", "a", "b"}).code == 0);
}

TEST_CASE("--exit-code judges: 0 the same, 3 different, 4 nothing in common") {
  const Three three;
  Sandbox box;
  CHECK(three.box.run({"run", "compare", "a", "b", "--exit-code"}).code == 3);
  const std::string x = box.output_of({"run", "start", "--name", "x", "--param", "p=1"});
  const std::string y = box.output_of({"run", "start", "--name", "y", "--param", "p=1"});
  const std::string z = box.output_of({"run", "start", "--name", "z", "--param", "q=1"});
  CHECK(box.run({"run", "compare", x, y, "--exit-code"}).code == 0);
  CHECK(box.run({"run", "compare", x, z, "--exit-code"}).code == 4);
  CHECK(box.run({"run", "compare", x}).code == 2);
  CHECK(box.run({"run", "compare", x, x}).code == 2);
  CHECK(box.run({"run", "compare", x, "absent"}).code == 1);
  CHECK(box.run({"run", "compare", x, y, "--goal", "loss=up"}).code == 2);
}

TEST_CASE("plots go to the terminal, to SVG and to a page of their own") {
  const Three three;
  CHECK(three.box.output_of({"run", "plot", "a", "b", "--metric", "loss"}).find("loss") !=
        std::string::npos);
  CHECK(three.box
            .run({"run", "plot", "a", "b", "--html", "p.html", "--svg", "p.svg", "--smooth", "0.5",
                  "--log"})
            .code == 0);
  CHECK(three.box.read("p.html").starts_with("<!"));
  CHECK(three.box.read("p.html").find("http-equiv") != std::string::npos);
  CHECK(three.box.read("p.svg").find("<svg") != std::string::npos);
  CHECK(three.box.output_of({"run", "plot", "a", "--svg", "-", "--x", "time"}).find("<svg") !=
        std::string::npos);
  const Outcome typo = three.box.run({"run", "plot", "a", "--metric", "los"});
  CHECK(typo.code == 1);
  CHECK(typo.err.find("did you mean 'loss'?") != std::string::npos);
  CHECK(three.box.run({"run", "plot", "a", "--smooth", "1"}).code == 2);
  CHECK(three.box.run({"run", "plot", "a", "--width", "3"}).code == 2);
}

TEST_CASE("experiments are made, listed, renamed, deleted and restored") {
  const Three three;
  const Sandbox& box = three.box;
  CHECK(box.run({"experiment", "create", "chat"}).code == 1);
  CHECK(box.output_of({"experiment", "create", "new"}).find_first_not_of("0123456789") ==
        std::string::npos);
  CHECK(box.run({"experiment", "create"}).code == 2);
  CHECK(box.run({"experiment", "rename", "new", "newer"}).code == 0);
  CHECK(box.run({"experiment", "rename", "newer", "chat"}).code == 1);
  CHECK(box.run({"experiment", "rename", "newer"}).code == 2);
  CHECK(box.run({"experiment", "delete", "chat"}).code ==
        2);  // it has runs and nobody can be asked
  CHECK(box.run({"experiment", "delete", "chat", "--yes"}).code == 0);
  CHECK(box.run({"experiment", "delete", "absent", "--yes"}).code == 1);
  CHECK(three.names({}) == "c");
  const Outcome taken = box.run({"experiment", "create", "chat"});
  CHECK(taken.code == 1);
  CHECK(taken.err.find("restore") != std::string::npos);
  CHECK(json::parse(box.output_of({"experiment", "list", "--deleted", "--json"}))["experiments"]
            .size() == 1);
  CHECK(box.run({"experiment", "restore", "chat"}).code == 0);
  CHECK(box.run({"experiment", "restore", "absent"}).code == 1);
  CHECK(three.names({}) == "c b a");
}

TEST_CASE("commands that need a store say so where there is none") {
  const Sandbox box;
  for (const Strings& argv : {Strings{"run", "list"},
                              {"run", "show", "x"},
                              {"run", "log", "x", "a=1"},
                              {"run", "finish", "x"},
                              {"run", "compare", "x", "y"},
                              {"run", "plot", "x"},
                              {"run", "tag", "x", "a=b"},
                              {"run", "note", "x"},
                              {"run", "artifact", "list", "x"},
                              {"run", "artifact", "add", "x", "f"},
                              {"run", "artifact", "get", "x", "f"},
                              {"run", "export", "x"},
                              {"run", "delete", "x"},
                              {"run", "restore", "x"},
                              {"run", "reap"},
                              {"run", "gc"},
                              {"experiment", "list"},
                              {"experiment", "rename", "x", "y"},
                              {"experiment", "delete", "x"},
                              {"experiment", "restore", "x"}}) {
    CAPTURE(argv);
    const Outcome outcome = box.run(argv);
    CHECK(outcome.code == 1);
    CHECK(outcome.err.find("mlopsctl init") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(box.folder() / ".mlopsctl"));
}
