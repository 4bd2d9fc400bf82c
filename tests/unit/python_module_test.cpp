#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/process.hpp"

#include "support/locations.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace mlopsctl {

namespace {

struct Python {
  testing::TemporaryFolder folder;
  ProcessResult result;

  // Runs a script inside a run: lines() is what it logged.
  explicit Python(const std::string& script, bool in_run = true) {
    Environment environment{{"PYTHONPATH", testing::source_folder() + "/share/mlopsctl"},
                            {"PYTHONDONTWRITEBYTECODE", "1"}};
    if (in_run) {
      environment.emplace_back("MLOPSCTL_METRICS", (folder / "metrics.jsonl").string());
      environment.emplace_back("MLOPSCTL_RUN_ID", "0123456789abcdef0123456789abcdef");
      environment.emplace_back("MLOPSCTL_SEED", "42");
    }
    result = run_process({.argv = {"python3", "-c", "import mlopsctl\n" + script},
                          .extra_environment = environment,
                          .timeout = Milliseconds{60'000}});
  }

  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> parsed;
    for (const auto& line : split(trim(read_file(folder.path() / "metrics.jsonl")), '\n'))
      parsed.push_back(nlohmann::json::parse(line));
    return parsed;
  }
};

}  // namespace

TEST_CASE("the Python module writes one line for each call") {
  const Python python{R"(
mlopsctl.log(step=3, loss=0.5, ok=True)
mlopsctl.log({"eval/acc": 1, "eval": {"f1": 0.25}}, step=4)
mlopsctl.log({"step": 5, "loss": 0.125})
mlopsctl.log_params({"lr": 0.1}, layers=2)
mlopsctl.set_tags(stage="warm")
print(mlopsctl.run_id(), mlopsctl.seed()))"};
  REQUIRE_MESSAGE(python.result.ok(), python.result.err);
  CHECK(python.result.out == "0123456789abcdef0123456789abcdef 42\n");
  const auto lines = python.lines();
  REQUIRE(lines.size() == 5);
  CHECK(lines[0]["step"] == 3);
  CHECK(lines[0]["loss"] == 0.5);
  CHECK(lines[0]["ok"] == true);
  CHECK(lines[0]["time"].get<std::int64_t>() > 1'600'000'000'000);
  CHECK(lines[1]["eval"]["f1"] == 0.25);
  CHECK(lines[2]["step"] == 5);
  CHECK(lines[3]["params"] == nlohmann::json{{"lr", "0.1"}, {"layers", "2"}});
  CHECK(lines[4]["tags"]["stage"] == "warm");
}

TEST_CASE(
    "values with item() or a float value are numbers, not-a-number is written, anything else is "
    "refused by name") {
  const Python python{R"(
import fractions
class Scalar:
    def item(self): return 0.75
mlopsctl.log(a=Scalar(), b=fractions.Fraction(1, 4))
mlopsctl.log(c=float("nan"), d=float("-inf"))
for bad in ("0.5", None, [1], b"1", object()):
    try:
        mlopsctl.log(broken=bad)
        print("accepted", bad)
    except TypeError as error:
        assert "broken" in str(error), error
try:
    mlopsctl.log({"time": 3})
    print("accepted a reserved name")
except ValueError as error:
    assert "time" in str(error), error)"};
  REQUIRE_MESSAGE(python.result.ok(), python.result.err);
  CHECK(python.result.out.empty());
  const std::string text = read_file(python.folder.path() / "metrics.jsonl");
  CHECK(text.find("\"a\": 0.75, \"b\": 0.25") != std::string::npos);
  CHECK(text.find("\"c\": NaN, \"d\": -Infinity") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("outside a run the module says so once and does nothing") {
  const Python python{
      "mlopsctl.log(loss=1)\nmlopsctl.log(loss=2)\nprint(mlopsctl.run_id(), mlopsctl.seed())",
      false};
  CHECK(python.result.ok());
  CHECK(python.result.out == "None None\n");
  CHECK(std::count(python.result.err.begin(), python.result.err.end(), '\n') == 1);
}

TEST_CASE("training goes on when the metrics file cannot be written") {
  const Python python{R"(
import os
os.environ["MLOPSCTL_METRICS"] = "/no/such/folder/x"
mlopsctl.log(loss=1)
print("still here"))"};
  CHECK(python.result.out == "still here\n");
  CHECK(python.result.err.find("/no/such/folder/x") != std::string::npos);
}

TEST_CASE("threads and forked processes log at once without mixing their lines") {
  const Python python{R"(
import os, threading
def work(name):
    for i in range(200):
        mlopsctl.log({name: i, "padding": 1.0}, step=i)
threads = [threading.Thread(target=work, args=("t%d" % t,)) for t in range(4)]
for thread in threads: thread.start()
children = []
for c in range(4):  # while threads hold the lock now and then
    pid = os.fork()
    if pid == 0:
        work("c%d" % c)
        os._exit(0)
    children.append(pid)
for thread in threads: thread.join()
for pid in children: assert os.waitpid(pid, 0)[1] == 0)"};
  REQUIRE_MESSAGE(python.result.ok(), python.result.err);
  std::set<std::string> names;
  const auto lines = python.lines();
  CHECK(lines.size() == 1600);
  for (const auto& line : lines)
    for (const auto& item : line.items()) names.insert(item.key());
  CHECK(names.size() == 8 + 3);
}

}  // namespace mlopsctl
