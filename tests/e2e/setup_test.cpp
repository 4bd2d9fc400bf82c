// init, config, doctor, completion, help: what a new user meets first.
#include "support/locations.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE("--version and --help answer on stdout with 0") {
  const Sandbox box;
  CHECK(box.output_of({"--version"}).starts_with("mlopsctl 0."));
  CHECK(json::parse(box.output_of({"--version", "--json"}))["schema"] == "mlopsctl.version/1");
  CHECK(box.output_of({"--help"}).find("run exec") != std::string::npos);
  CHECK(box.output_of({"run", "--help"}).find("compare") != std::string::npos);
  CHECK(box.output_of({"run", "list", "--help"}).find("Examples") != std::string::npos);
}

TEST_CASE("a missing or mistyped verb is a usage error with help on stderr") {
  const Sandbox box;
  for (const std::vector<std::string>& argv : {std::vector<std::string>{},
                                               {"run"},
                                               {"run", "lsit"},
                                               {"--nope"},
                                               {"run", "list", "--nope"}}) {
    const Outcome outcome = box.run(argv);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_FALSE(outcome.err.empty());
  }
  CHECK(box.run({"run", "lsit"}).err.find("did you mean 'run list'?") != std::string::npos);
}

TEST_CASE("errors are JSON lines on stderr where JSON was asked for") {
  const Sandbox box;
  const Outcome outcome = box.run({"run", "list", "--json"});
  CHECK(outcome.code == 1);
  CHECK(outcome.out.empty());
  const json error = json::parse(outcome.err);
  CHECK(error["exit_code"] == 1);
  CHECK(error["error"]["kind"] == "not-found");
  CHECK(error["error"]["hint"].get<std::string>().find("mlopsctl init") != std::string::npos);
}

TEST_CASE("init makes a project once and is found from below") {
  const Sandbox box;
  CHECK(box.run({"init", "--dry-run"}).code == 0);
  CHECK_FALSE(fs::exists(box.folder() / ".mlopsctl"));
  CHECK(box.run({"init"}).code == 0);
  CHECK(fs::exists(box.folder() / ".mlopsctl/runs.db"));
  CHECK(box.read(".mlopsctl/.gitignore").find("/runs.db") != std::string::npos);
  const Outcome again = box.run({"init"});
  CHECK(again.code == 0);
  CHECK(again.err.find("nothing changed") != std::string::npos);
  fs::create_directories(box.folder() / "deep/er");
  CHECK(box.run_program({"sh", "-c", "cd deep/er && " + mlopsctl::testing::binary() + " run list"})
            .code == 0);
}

TEST_CASE("init chooses the root of the git working tree") {
  const Sandbox box;
  REQUIRE(box.run_program({"git", "init", "-q"}).code == 0);
  fs::create_directories(box.folder() / "sub");
  REQUIRE(
      box.run_program({"sh", "-c", "cd sub && " + mlopsctl::testing::binary() + " init"}).code ==
      0);
  CHECK(fs::exists(box.folder() / ".mlopsctl"));
  CHECK(box.run_program({"git", "status", "--porcelain"}).out.find("runs.db") == std::string::npos);
}

TEST_CASE("MLOPSCTL_HOME and --project choose another project") {
  Sandbox box;
  REQUIRE(box.run({"init", "--project", "."}).code == 0);
  fs::create_directories(box.folder() / "other");
  REQUIRE(box.run({"init", "--project", "other"}).code == 0);
  CHECK(fs::exists(box.folder() / "other/.mlopsctl/runs.db"));
  box.output_of({"run", "start", "--project", "other", "--name", "there"});
  CHECK(box.output_of({"run", "list"}).empty());
  box.set_environment("MLOPSCTL_HOME", (box.folder() / "other/.mlopsctl").string());
  CHECK(box.output_of({"run", "list"}).find("there") != std::string::npos);
  CHECK(box.run({"run", "list", "--project", "nowhere"}).code == 2);
}

TEST_CASE("settings are listed, read and written with their origin") {
  const Sandbox box;
  REQUIRE(box.run({"init"}).code == 0);
  CHECK(box.output_of({"config", "get", "experiment"}) == "Default");
  CHECK(box.run({"config", "set", "experiment", "chat", "--dry-run"}).code == 0);
  CHECK(box.output_of({"config", "get", "experiment"}) == "Default");
  CHECK(box.run({"config", "set", "experiment", "chat"}).code == 0);
  CHECK(box.output_of({"config", "get", "experiment"}) == "chat");
  CHECK(box.run({"config", "set", "list.limit", "3", "--user"}).code == 0);
  const json all = json::parse(box.output_of({"config", "list", "--json"}));
  CHECK(all["settings"][0]["origin"].get<std::string>().find("config.yaml:") != std::string::npos);
  CHECK(box.run({"config", "set", "list.limit", "none"}).code == 2);
  const Outcome typo = box.run({"config", "get", "experimnet"});
  CHECK(typo.code == 2);
  CHECK(typo.err.find("did you mean 'experiment'?") != std::string::npos);
  box.write(".mlopsctl/config.yaml", "experiment: [\n");
  CHECK(box.run({"config", "list"}).code == 2);
}

TEST_CASE("config set without a project says what to do") {
  const Sandbox box;
  const Outcome outcome = box.run({"config", "set", "experiment", "x"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("mlopsctl init") != std::string::npos);
}

TEST_CASE("doctor is content with a fresh project and finds a run whose process is gone") {
  const Sandbox box;
  CHECK(box.run({"doctor"}).code == 0);
  REQUIRE(box.run({"init"}).code == 0);
  CHECK(box.run({"doctor"}).code == 0);
  // The shell that follows is gone as soon as it has started the run.
  box.run_program({"sh", "-c", mlopsctl::testing::binary() + " run start --follow-shell; true"});
  const Outcome outcome = box.run({"doctor", "--json"});
  CHECK(outcome.code == 3);
  CHECK(json::parse(outcome.out)["summary"].get<std::string>().find("1 of") != std::string::npos);
  CHECK(box.run({"doctor", "--nope"}).code == 2);
}

TEST_CASE("completion scripts, exit codes and manual pages are printed") {
  const Sandbox box;
  CHECK(box.output_of({"completion", "bash"}).find("complete -F _mlopsctl mlopsctl") !=
        std::string::npos);
  CHECK(box.run({"completion", "csh"}).code == 2);
  CHECK(box.output_of({"help", "exit-codes"}).find("3\tbad-answer") != std::string::npos);
  CHECK(box.run({"help", "man", "pages"}).code == 0);
  CHECK(box.read("pages/mlopsctl-run-list.1").starts_with(".TH"));
}

TEST_CASE("the committed manual pages are those of this program") {
  const Sandbox box;
  REQUIRE(box.run({"help", "man", "pages"}).code == 0);
  const Outcome difference =
      box.run_program({"diff", "-r", "pages", mlopsctl::testing::source_folder() + "/man"});
  INFO("run: mlopsctl help man man/");
  INFO(difference.out);
  CHECK(difference.code == 0);
}

TEST_CASE("the shell completes commands, options and names of the project") {
  Sandbox box;
  REQUIRE(box.run({"init"}).code == 0);
  const std::string id =
      box.output_of({"run", "start", "--name", "baseline", "--experiment", "chat"});
  REQUIRE(box.run({"run", "log", id, "loss=1", "--param", "lr=0.1"}).code == 0);
  const auto complete = [&](const std::vector<std::string>& words) {
    Sandbox* sandbox = &box;
    std::string line =
        "MLOPSCTL_COMPLETE=" + std::to_string(words.size() - 1) + " " + mlopsctl::testing::binary();
    for (const auto& word : words) line += " '" + word + "'";
    return sandbox->run_program({"sh", "-c", line}).out;
  };
  CHECK(complete({"run", "show", ""}).find(id) != std::string::npos);
  CHECK(complete({"run", "show", id.substr(0, 3)}).find("baseline") != std::string::npos);
  CHECK(complete({"run", "start", "--experiment", "c"}).find("chat") != std::string::npos);
  CHECK(complete({"run", "plot", id, "--metric", ""}).find("loss") != std::string::npos);
  CHECK(complete({"run", "list", "--sort", "params."}).find("params.lr") != std::string::npos);
  CHECK(complete({"config", "get", "run."}).find("run.git") != std::string::npos);
  box.output_of({"data", "init", "--no-scm"});
  box.write("photos/train/cat.jpg", "meow");
  box.write("dvc.yaml", "stages:\n  train:\n    cmd: x\n    outs: [model]\n");
  box.output_of({"data", "add", "photos"});
  box.output_of({"data", "remote", "add", "store", "../store"});
  CHECK(complete({"data", "checkout", "ph"}).find("photos/\tdata\nphotos.dvc\t") !=
        std::string::npos);
  CHECK(complete({"data", "checkout", "photos/"}).find("\nphotos/train/\t") != std::string::npos);
  CHECK(complete({"data", "status", "photos/train/"}).find("photos/train/cat.jpg") !=
        std::string::npos);
  CHECK(complete({"repro", "t"}).find("train") != std::string::npos);
  CHECK(complete({"data", "push", "--remote", ""}).find("store\t") != std::string::npos);
  CHECK(complete({"plots", "show", "--template", "conf"}).find("confusion_normalized") !=
        std::string::npos);
}

TEST_CASE("a reader that stops early does not make noise") {
  const Sandbox box;
  REQUIRE(box.run({"init"}).code == 0);
  const Outcome outcome =
      box.run_program({"sh", "-c", mlopsctl::testing::binary() + " --help | head -1"});
  CHECK(outcome.err.empty());
}
