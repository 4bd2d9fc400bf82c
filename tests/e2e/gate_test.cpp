// eval check, bench check and the baseline commands, as a user and as CI call them.
#include "mlopsctl/eval/result_json.hpp"

#include "support/evaluations.hpp"
#include "support/page_text.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

void lose(EvalResult& result, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) result.tasks[0].examples[7 * i].metrics["acc"] = 0;
  *result.tasks[0].metrics[0].correct -= count;
  result.tasks[0].metrics[0].value -= static_cast<double>(count) / 1000;
  result.fingerprint["model_sha256"] = "bb";
}

// Results of a model and of changed ones; the baseline "chat" is of the first.
struct Project {
  Sandbox box;
  Project() {
    EvalResult good = result_of({task_of(outcomes(900, 1000))});
    good.tasks[0].examples[0].detail = R"({"prompt":"secret"})";
    box.write("good.json", eval_result_json(good));
    EvalResult warn = good, bad = good, other = good, fewer = good;
    lose(warn, 8);
    lose(bad, 30);
    other.fingerprint["tokenizer_sha256"] = "uu";
    fewer.tasks[0].examples.pop_back();
    box.write("warn.json", eval_result_json(warn));
    box.write("bad.json", eval_result_json(bad));
    box.write("other.json", eval_result_json(other));
    box.write("fewer.json", eval_result_json(fewer));
    box.write("empty.json", eval_result_json(result_of({})));
    box.write("fast.json", latency_json(latency_of(noisy(50, 0.02, 30, 1))));
    box.write("again.json", latency_json(latency_of(noisy(50, 0.02, 30, 2))));
    box.write("slow.json", latency_json(latency_of(noisy(60, 0.02, 30, 3))));
    box.write("few.json", latency_json(latency_of(noisy(50, 0.02, 4, 4))));
    LatencyRun elsewhere = latency_of(noisy(50, 0.02, 30, 5));
    elsewhere.fingerprint["cpu"] = "another CPU";
    box.write("elsewhere.json", latency_json(elsewhere));
    box.output_of({"baseline", "save", "chat", "good.json", "fast.json"});
  }
  Outcome eval(const std::string& file, Strings more = {}) const {
    Strings argv{"eval", "check", file, "--baseline", "chat"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
  Outcome bench(const std::string& file, Strings more = {}) const {
    Strings argv{"bench", "check", file, "--baseline", "chat"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
};

}  // namespace

TEST_CASE("eval check: 0 as good, 3 worse, 4 not comparable, 2 usage, 1 no file, 5 no page") {
  const Project project;
  CHECK(project.eval("good.json").code == 0);
  CHECK(project.eval("warn.json").code == 0);
  CHECK(project.eval("warn.json", {"--strict"}).code == 3);
  const Outcome bad = project.eval("bad.json");
  CHECK(bad.code == 3);
  CHECK(bad.err.find("acc of arc is 0.8700 (870 of 1000), below the baseline 0.9000 - 0.0100") !=
        std::string::npos);
  CHECK(project.eval("bad.json", {"--tolerance", "0.03"}).code == 0);
  const Outcome other = project.eval("other.json");
  CHECK(other.code == 4);
  CHECK(other.err.find("tokenizer_sha256 was 'tt' and is 'uu'") != std::string::npos);
  CHECK(project.eval("other.json", {"--allow", "tokenizer_sha256"}).code == 0);
  CHECK(project.eval("fewer.json").code == 4);
  CHECK(project.eval("fewer.json", {"--on-intersection"}).code == 0);
  CHECK(project.eval("empty.json").code == 4);
  CHECK(project.eval("fast.json").code == 4);
  CHECK(project.eval("absent.json").code == 1);
  CHECK(project.eval("good.json", {"--html", "/proc/page.html"}).code == 5);
  CHECK(project.eval("bad.json", {"--html", "/proc/page.html"}).code == 3);
  CHECK(project.box.run({"eval", "check", "good.json"}).code == 2);
  CHECK(project.box.run({"eval", "check", "good.json", "--baseline", "none"}).code == 1);
  CHECK(project.box.run({"eval", "check", "good.json", "--threshold", "0.9"}).code == 0);
  CHECK(project.box.run({"eval", "check", "bad.json", "--threshold", "0.9"}).code == 3);
  for (const Strings& wrong : std::vector<Strings>{
           {"--tolerance", "2"}, {"--alpha", "0"}, {"--alpha", "x"}, {"--threshold", "-1"}}) {
    CAPTURE(wrong[0]);
    CHECK(project.eval("good.json", wrong).code == 2);
  }
  CHECK(project.eval("good.json", {"good.json"}).code == 2);  // the same task twice
  project.box.write("broken.json", "{\"schema\": \"mlopsctl.eval.result/1\"");
  CHECK(project.eval("broken.json").code == 1);
}

TEST_CASE("eval history: checks, and since when they are at another level; 1 none, 2 usage") {
  const Project project;
  const Sandbox& box = project.box;
  CHECK(box.run({"eval", "history"}).code == 1);
  box.output_of({"init"});
  CHECK(box.run({"eval", "history"}).code == 1);  // nothing recorded yet
  for (int i = 0; i < 9; ++i) project.eval("good.json");
  for (int i = 0; i < 4; ++i) project.eval("bad.json");
  const json history = json::parse(box.output_of({"eval", "history", "chat", "--json"}));
  REQUIRE(history["checks"].size() == 13);
  CHECK(history["checks"][0]["verdict"] == "pass");
  CHECK(history["checks"][12]["verdict"] == "fail");
  CHECK(history["checks"][12]["subject"] == "bad.json");
  REQUIRE(history["changes"].size() >= 1);
  const json& change = history["changes"][0];
  CHECK(change["run_id"] == history["checks"][9]["run_id"]);
  CHECK(change["before"].get<double>() == doctest::Approx(0.9));
  CHECK(change["after"].get<double>() == doctest::Approx(0.87));
  // Nothing changed among the first ones only.
  const Outcome shown = box.run_on_terminal({"eval", "history", "--limit", "4"});
  CHECK(shown.code == 0);
  CHECK(contains(shown.out, "nothing changed for good"));
  CHECK(box.run({"eval", "history", "absent"}).code == 1);
  CHECK(box.run({"eval", "history", "--limit", "0"}).code == 2);
  CHECK(box.run({"eval", "history", "--alpha", "2"}).code == 2);
}

TEST_CASE("verdicts are readable on terminals of any width") {
  const Project project;
  for (const int columns : {20, 40, 80, 120, 200}) {
    CAPTURE(columns);
    for (const char* file : {"good.json", "bad.json", "other.json", "fewer.json"}) {
      const Outcome outcome =
          project.box.run_on_terminal({"eval", "check", file, "--baseline", "chat"}, columns);
      CHECK(outcome.code < 5);
      CHECK(contains(outcome.out, "Rules"));
    }
    CHECK(
        project.box.run_on_terminal({"bench", "check", "slow.json", "--baseline", "chat"}, columns)
            .code == 3);
    CHECK(project.box.run_on_terminal({"baseline", "show", "chat"}, columns).code == 0);
  }
}

TEST_CASE("plain numbers are compared as the specification has it") {
  const Sandbox box;
  box.write("baseline.json", R"({"accuracy": 0.91, "epoch": 3})");
  box.write("same.json", R"({"accuracy": 0.90})");
  box.write("worse.json", R"({"accuracy": 0.8999})");
  box.write("none.json", R"({"f1": 0.9})");
  const auto check = [&](const std::string& file) {
    return box.run({"eval", "check", file, "--baseline", "baseline.json"});
  };
  CHECK(check("same.json").code == 0);
  const Outcome worse = check("worse.json");
  CHECK(worse.code == 3);
  CHECK(worse.err.find("accuracy is 0.8999, below the baseline 0.9100 - 0.0100") !=
        std::string::npos);
  CHECK(check("none.json").code == 4);
  CHECK(box.run({"eval", "check", "-", "--baseline", "baseline.json"}, R"({"accuracy": 0.95})")
            .code == 0);
}

TEST_CASE("a check in CI: JSON, JUnit, page, summary, metrics, and a run that keeps them") {
  Project project;
  project.box.output_of({"init"});
  project.box.set_environment("GITHUB_STEP_SUMMARY", (project.box.folder() / "sum.md").string());
  const Outcome outcome =
      project.eval("bad.json", {"--json", "--junit", "j.xml", "--html", "p.html",
                                "--github-summary", "--prometheus", "m.prom"});
  CHECK(outcome.code == 3);
  const json report = json::parse(outcome.out);
  CHECK(report["schema"] == "mlopsctl.eval.check/1");
  CHECK(report["verdict"] == "fail");
  CHECK(report["checks"][0]["lost"] == 30);
  CHECK(report["checks"][0]["won"] == 0);
  CHECK(report["checks"][0]["high"].get<double>() < 0);
  CHECK(report["flips"].size() == 30);
  CHECK(contains(project.box.read("j.xml"), "failures=\"2\""));
  CHECK(contains(project.box.read("p.html"), "Right on both"));
  CHECK_FALSE(contains(project.box.read("p.html"), "<script"));
  CHECK(contains(project.box.read("sum.md"), "Evaluation: fail of `chat`"));
  CHECK(contains(project.box.read("m.prom"), "mlopsctl_gate_bad{check=\"chat\",kind=\"eval\"} 1"));
  const json shown = json::parse(
      project.box.output_of({"run", "show", report["run_id"].get<std::string>(), "--json"}));
  CHECK(shown["metrics"].dump().find("arc/acc") != std::string::npos);
  CHECK(project.eval("good.json", {"-q"}).out.empty());
}

TEST_CASE("results of a run are found among its artifacts") {
  const Project project;
  project.box.output_of({"init"});
  project.box.output_of({"run", "start", "--name", "candidate"});
  project.box.output_of({"run", "artifact", "add", "candidate", "bad.json"});
  CHECK(project.eval("candidate").code == 3);
  project.box.output_of({"run", "start", "--name", "nothing"});
  CHECK(project.eval("nothing").code == 1);
}

TEST_CASE("bench check: 0 as fast, 3 slower, 4 no answer, limits are strict") {
  const Project project;
  CHECK(project.bench("again.json").code == 0);
  const Outcome slow = project.bench("slow.json", {"--html", "p.html"});
  CHECK(slow.code == 3);
  CHECK(slow.err.find("were allowed") != std::string::npos);
  CHECK(contains(project.box.read("p.html"), "Distribution functions"));
  CHECK(project.bench("slow.json", {"--threshold", "0.3"}).code == 0);
  CHECK(project.bench("few.json").code == 4);
  const Outcome elsewhere = project.bench("elsewhere.json");
  CHECK(elsewhere.code == 4);
  CHECK(elsewhere.err.find("cpu was 'a CPU' and is 'another CPU'") != std::string::npos);
  CHECK(project.bench("elsewhere.json", {"--allow", "cpu"}).code == 0);
  CHECK(project.bench("good.json").code == 2);
  CHECK(project.box.run({"bench", "check", "fast.json"}).code == 2);
  const auto limited = [&](const char* file, const char* limit) {
    return project.box.run({"bench", "check", file, "--limit", limit}).code;
  };
  CHECK(limited("fast.json", "mean") == 0);
  CHECK(limited("fast.json", "mean=40ms") == 3);
  CHECK(limited("few.json", "mean") == 4);
  CHECK(limited("fast.json", "mode=1s") == 2);
  CHECK(project.bench("fast.json", {"--metric", "speed"}).code == 2);
}

TEST_CASE("bench check --ab measures in turns what the sides write, or how long they take") {
  const Project project;
  const auto ab = [&](const std::string& first, const std::string& second, Strings more = {}) {
    Strings argv{"bench", "check", "--ab", first, second};
    argv.insert(argv.end(), more.begin(), more.end());
    return project.box.run(argv);
  };
  CHECK(ab("cp fast.json {output}", "cp again.json {output}").code == 0);
  const Outcome slower =
      ab("cp 'fast.json' {output}", "cp slow.json {output}", {"--html", "p.html", "--json"});
  CHECK(slower.code == 3);
  const json report = json::parse(slower.out);
  CHECK(report["checks"][0]["n"] == 10);
  CHECK(report["checks"][0]["change"].get<double>() > 1.15);
  CHECK(contains(project.box.read("p.html"), "Distribution functions"));
  CHECK(ab("true", "true", {"--threshold", "1000"}).code == 0);  // whole processes
  CHECK(ab("false", "true").code == 1);
  CHECK(ab("true", "no-such-program-here").code == 1);
  CHECK(ab("true", "'true").code == 2);
  CHECK(ab("true", "true", {"--pairs", "1"}).code == 2);
  CHECK(ab("true", "true", {"--baseline", "chat"}).code == 2);
  CHECK(project.box.run({"bench", "check", "--ab", "true"}).code == 2);
  CHECK(project.box.run({"bench", "check", "fast.json", "slow.json", "--limit", "mean"}).code == 2);
}

TEST_CASE("a baseline is a file in the working tree; only accept, with a reason, replaces it") {
  const Project project;
  const std::string saved = project.box.read("baselines/chat.json");
  CHECK(saved.starts_with("{\"schema\": \"mlopsctl.baseline/1\""));
  CHECK_FALSE(contains(saved, "secret"));
  CHECK(project.box.run({"baseline", "save", "chat", "bad.json"}).code == 1);
  CHECK(project.box.run({"baseline", "save", "a/b", "bad.json"}).code == 2);
  CHECK(project.box.run({"baseline", "save", "empty", "empty.json"}).code == 2);
  CHECK(project.eval("bad.json").code == 3);
  CHECK(project.box.read("baselines/chat.json") == saved);  // a check changes nothing
  CHECK(project.box.run({"baseline", "accept", "chat", "bad.json"}).code == 2);
  CHECK(project.box.run({"baseline", "accept", "none", "bad.json", "--reason", "x"}).code == 1);
  CHECK(project.box.run({"baseline", "accept", "chat", "bad.json", "--reason", "x", "-n"}).code ==
        0);
  CHECK(project.box.read("baselines/chat.json") == saved);
  const std::string digest =
      json::parse(project.box.output_of({"baseline", "show", "chat", "--json"}))["digest"];
  project.box.output_of({"baseline", "accept", "chat", "bad.json", "--reason", "smaller model"});
  CHECK(project.eval("bad.json").code == 0);
  CHECK(project.bench("again.json").code == 0);  // the latency stayed
  const json shown = json::parse(project.box.output_of({"baseline", "show", "chat", "--json"}));
  CHECK(shown["history"].size() == 2);
  CHECK(shown["history"][1]["why"] == "smaller model");
  CHECK(shown["history"][1]["replaced"] == digest);
  CHECK(shown["metrics"][0]["correct"] == 870);
  const json same = json::parse(project.box.output_of(
      {"baseline", "accept", "chat", "bad.json", "--reason", "again", "--json"}));
  CHECK(same["changed"] == false);
}

TEST_CASE("baselines are listed, compared and completed") {
  const Project project;
  project.box.output_of({"baseline", "save", "slow", "slow.json", "--noise", "slow.json"});
  const json list = json::parse(project.box.output_of({"baseline", "list", "--json"}));
  REQUIRE(list["baselines"].size() == 2);
  CHECK(list["baselines"][0]["name"] == "chat");
  const std::string completed =
      project.box.run_program({"sh", "-c", "MLOPSCTL_COMPLETE=2 " + binary() + " baseline show ''"})
          .out;
  CHECK(completed.find("chat") != std::string::npos);
  project.box.write("baselines/broken.json", "{");
  CHECK(project.box.run({"baseline", "list"}).code == 5);
  CHECK(project.box.run({"baseline", "show", "broken"}).code == 1);
  const json diff =
      json::parse(project.box.output_of({"baseline", "diff", "chat", "other.json", "--json"}));
  CHECK(diff["same"] == false);
  CHECK(diff["fingerprint"][0]["key"] == "tokenizer_sha256");
  CHECK(diff["fingerprint"][0]["forbids"] == "eval check");
  CHECK(project.box.run({"baseline", "diff", "chat", "bad.json", "--exit-code"}).code == 3);
  CHECK(project.box.run({"baseline", "diff", "chat", "chat", "--exit-code"}).code == 0);
  CHECK(project.box.run({"baseline", "diff", "chat", "absent.json"}).code == 1);
}
