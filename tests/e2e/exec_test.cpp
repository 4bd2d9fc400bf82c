// run exec and run reap, seen from outside.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

json last(const Sandbox& box) {
  return json::parse(box.output_of({"run", "show", "@last", "--json"}));
}

const json* metric(const json& run, const std::string& key) {
  for (const auto& one : run["metrics"]) {
    if (one["key"] == key) return &one;
  }
  return nullptr;
}

std::string artifact(const Sandbox& box, const std::string& path) {
  return box.output_of({"run", "artifact", "get", "@last", path, "-o", "-"});
}

}  // namespace

TEST_CASE("the command's output passes through, is kept, and its success is recorded") {
  const Sandbox box;
  const Outcome outcome = box.run({"run", "exec", "--name", "n", "--param", "lr=0.1", "--", "sh",
                                   "-c", "echo out; echo err >&2"});
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "out\n");
  CHECK(outcome.err.find("err\n") != std::string::npos);
  const json run = last(box);
  CHECK(run["status"] == "FINISHED");
  CHECK(run["exit_code"] == 0);
  CHECK(run["params"]["lr"] == "0.1");
  CHECK(artifact(box, "stdout.log") == "out");
  CHECK(artifact(box, "stderr.log") == "err");
}

TEST_CASE(
    "failure, a signal and an absent program end as FAILED, KILLED and FAILED with exit code 1") {
  const Sandbox box;
  CHECK(box.run({"run", "exec", "--", "sh", "-c", "exit 7"}).code == 1);
  CHECK(last(box)["status"] == "FAILED");
  CHECK(last(box)["exit_code"] == 7);
  CHECK(box.run({"run", "exec", "--", "sh", "-c", "kill -9 $$"}).code == 1);
  CHECK(last(box)["status"] == "KILLED");
  CHECK(last(box)["signal"] == 9);
  const Outcome absent = box.run({"run", "exec", "--", "no-such-program-here"});
  CHECK(absent.code == 1);
  CHECK(absent.err.find("no-such-program-here") != std::string::npos);
  CHECK(last(box)["status"] == "FAILED");
  CHECK(box.run({"run", "exec"}).code == 2);
  CHECK(box.run({"run", "exec", "--seed", "x", "--", "true"}).code == 2);
}

TEST_CASE("metrics arrive through the file, through run log and through the Python module") {
  Sandbox box;
  box.set_environment("BINARY", mlopsctl::testing::binary());
  box.write(
      "t.py",
      "import mlopsctl, os, subprocess\n"
      "mlopsctl.log(step=1, loss=0.5, acc=float('nan'))\n"
      "mlopsctl.log_params({'depth': 3})\n"
      "with open(os.environ['MLOPSCTL_METRICS'], 'a') as f: f.write('{\"step\": 2, \"loss\": "
      "0.25}\\nbad\\n')\n"
      "subprocess.check_call([os.environ['BINARY'], 'run', 'log', '--step', '9', 'late=1'])\n");
  const Outcome outcome = box.run({"run", "exec", "--no-packages", "--", "python3", "t.py"});
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("line 4") != std::string::npos);
  const json run = last(box);
  CHECK((*metric(run, "loss"))["points"] == 2);
  CHECK((*metric(run, "acc"))["latest"] == "NaN");
  CHECK((*metric(run, "late"))["step"] == 9);
  CHECK(run["params"]["depth"] == "3");
}

TEST_CASE("--scrape follows a Hugging Face Trainer that is not changed") {
  const Sandbox box;
  box.write("hf.py",
            "print({'loss': 0.9, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': 0.1})\n"
            "print({'loss': 0.7, 'grad_norm': 1.1, 'learning_rate': 4e-05, 'epoch': 0.2})\n"
            "print({'eval_loss': 0.8, 'eval_runtime': 1.2, 'epoch': 0.2})\n");
  CHECK(box.run({"run", "exec", "--no-packages", "--scrape", "--scrape-every", "10", "--",
                 "python3", "hf.py"})
            .code == 0);
  const json run = last(box);
  REQUIRE(metric(run, "loss") != nullptr);
  CHECK((*metric(run, "loss"))["latest"] == 0.7);
  CHECK((*metric(run, "loss"))["step"] == 20);
  CHECK(metric(run, "eval_loss") != nullptr);
}

TEST_CASE("--scrape-pattern takes named groups, and a broken pattern is refused") {
  const Sandbox box;
  CHECK(box.run({"run", "exec", "--scrape-pattern", "it (?<step>\\d+) ppl (?<ppl>\\S+)", "--",
                 "echo", "it 5 ppl 12.5"})
            .code == 0);
  CHECK((*metric(last(box), "ppl"))["latest"] == 12.5);
  CHECK((*metric(last(box), "ppl"))["step"] == 5);
  CHECK(box.run({"run", "exec", "--scrape-pattern", "(", "--", "true"}).code == 2);
}

TEST_CASE("git, packages, machine and environment are captured, secrets masked") {
  Sandbox box;
  REQUIRE(box.run_program({"git", "init", "-q", "-b", "work"}).code == 0);
  box.write("train.py", "print(1)\n");
  box.run_program({"git", "add", "."});
  REQUIRE(
      box.run_program({"git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"})
          .code == 0);
  box.write("train.py", "print(2)\n");
  box.write("new.txt", "x");
  box.set_environment("HF_TOKEN", "hf_secretsecretsecretsecret");
  REQUIRE(box.run({"run", "exec", "--seed", "7", "--", "python3", "train.py", "--api-key",
                   "horse-battery"})
              .code == 0);
  const json run = last(box);
  CHECK(run["tags"]["mlflow.source.git.commit"].get<std::string>().size() == 40);
  CHECK(run["tags"]["mlflow.source.git.branch"] == "work");
  CHECK(run["params"]["seed"] == "7");
  CHECK(artifact(box, "git/diff.patch").find("+print(2)") != std::string::npos);
  CHECK(artifact(box, "git/untracked.txt").find("new.txt") != std::string::npos);
  CHECK(artifact(box, "environment/packages.txt").find("==") != std::string::npos);
  const std::string environment = artifact(box, "environment/environment.json");
  CHECK(environment.find("secretsecret") == std::string::npos);
  CHECK(run.dump().find("horse-battery") == std::string::npos);
}

TEST_CASE("--json leaves stdout to the document, and --quiet silences the summary") {
  const Sandbox box;
  const Outcome outcome = box.run({"run", "exec", "--json", "--", "echo", "hello"});
  CHECK(json::parse(outcome.out)["status"] == "FINISHED");
  CHECK(outcome.err.find("hello") != std::string::npos);
  CHECK(box.run({"run", "exec", "-q", "--", "true"}).err.empty());
}

TEST_CASE("an interrupt reaches the command, and the exit code says so") {
  const Sandbox box;
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    CAPTURE(signal);
    const auto ready = box.folder() / "ready";
    std::filesystem::remove(ready);
    const Outcome outcome =
        box.interrupt({mlopsctl::testing::binary(), "run", "exec", "--", "sh", "-c",
                       "trap 'echo stopped; exit 3' INT TERM; touch ready; sleep 60 & wait"},
                      signal, [&] { return std::filesystem::exists(ready); });
    CHECK(outcome.code == code);
    CHECK(outcome.out.find("stopped") != std::string::npos);
    CHECK(last(box)["status"] != "RUNNING");
  }
}

TEST_CASE("a run whose tracker was killed is shown as gone, and reaping keeps what it left") {
  const Sandbox box;
  box.write("train.sh",
            "echo '{\"step\":1,\"loss\":1}' >>\"$MLOPSCTL_METRICS\"\ntouch ready\n"
            "until [ -e killed ]; do sleep 0.02; done\n"
            "echo '{\"step\":2,\"loss\":2}' >>\"$MLOPSCTL_METRICS\"\necho end\ntouch done\n");
  box.run_program(
      {"sh", "-c",
       mlopsctl::testing::binary() +
           " run exec -- sh train.sh & pid=$!; until [ -e ready ]; do sleep 0.02; done; "
           "kill -9 $pid; wait $pid; touch killed; until [ -e done ]; do sleep 0.02; done"});
  CHECK(last(box)["status"] == "RUNNING");
  CHECK(box.run_on_terminal({"run", "list", "--no-color"}).out.find("RUNNING (gone)") !=
        std::string::npos);
  const json reaped = json::parse(box.output_of({"run", "reap", "--json"}));
  REQUIRE(reaped["runs"].size() == 1);
  const json run = last(box);
  CHECK(run["status"] == "KILLED");
  CHECK((*metric(run, "loss"))["points"] == 2);
  CHECK(artifact(box, "stdout.log") == "end");
  CHECK(json::parse(box.output_of({"run", "reap", "--json"}))["runs"].empty());
  CHECK(box.run({"run", "reap", "--older-than", "soon"}).code == 2);
}

TEST_CASE("--verbose tells where things are") {
  const Sandbox box;
  const Outcome outcome = box.run({"run", "exec", "-v", "--", "true"});
  CHECK(outcome.err.find("process id") != std::string::npos);
  CHECK(outcome.err.find("runs.db") != std::string::npos);
  CHECK(box.run({"run", "exec", "--", "true"}).err.find("process id") == std::string::npos);
}

TEST_CASE("a reader that goes away does not end the run") {
  const Sandbox box;
  const Outcome outcome = box.run_program(
      {"bash", "-c",
       mlopsctl::testing::binary() + " run exec -- sh -c 'for i in $(seq 2000); do echo line $i; "
                                     "done; echo last >&2' | head -1"});
  CHECK(outcome.out == "line 1\n");
  const json run = last(box);
  CHECK(run["status"] == "FINISHED");
  CHECK(artifact(box, "stdout.log").ends_with("line 2000"));
}
