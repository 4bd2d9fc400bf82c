// quality check, report and rules, as a user and as cron call them.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

std::string line(int id, const std::string& text) {
  return json{{"id", id}, {"prompt", "Where is Paris?"}, {"response", text}}.dump() + "\n";
}

// `bad` of `count` responses are refusals.
std::string log(int count, int bad,
                const std::string& good = "Paris lies on the Seine, in France.") {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += line(i, i < bad ? "I'm sorry, but I can't help with that." : good);
  }
  return text;
}

struct Logs {
  Sandbox box;
  Logs() {
    box.write("good.jsonl", log(200, 1));
    box.write("bad.jsonl", log(200, 40));
    box.write("few.jsonl", log(5, 5));
  }
  Outcome check(const std::string& file, Strings more = {}) const {
    Strings argv{"quality", "check", file};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
};

const json& row(const json& report, const char* table, const std::string& name) {
  for (const auto& one : report[table]) {
    if (one["name"] == name) return one;
  }
  throw std::out_of_range(name);
}

}  // namespace

TEST_CASE(
    "quality check: 0 good, 3 over a limit, 4 too few, 5 malformed lines, 2 usage, 1 no file") {
  const Logs logs;
  CHECK(logs.check("good.jsonl").code == 0);
  CHECK(logs.check("bad.jsonl").code == 0);  // refusals have no limit of their own
  CHECK(logs.check("bad.jsonl", {"--max", "refusal=0.05"}).code == 3);
  CHECK(logs.check("bad.jsonl", {"--max", "refusal=0.25"}).code == 0);
  CHECK(logs.check("few.jsonl", {"--max", "refusal=0.05"}).code == 4);
  CHECK(logs.check("few.jsonl", {"--max", "refusal=0.05", "--min-responses", "5"}).code == 3);
  logs.box.write("empty.jsonl", "");
  CHECK(logs.check("empty.jsonl").code == 4);
  logs.box.write("damaged.jsonl", log(100, 0) + "{\"response\": \n" + log(100, 0));
  const Outcome damaged = logs.check("damaged.jsonl");
  CHECK(damaged.code == 5);
  CHECK(damaged.err.find("line 101 of 'damaged.jsonl'") != std::string::npos);
  CHECK(logs.check("damaged.jsonl", {"--max-malformed", "0.01"}).code == 0);
  CHECK(logs.check("damaged.jsonl", {"--max", "has_code=0", "--max", "refusal=0"}).code == 5);
  CHECK(logs.check("absent.jsonl").code == 1);
  CHECK(logs.box.run({"quality", "check"}).code == 2);
  for (const Strings& wrong : std::vector<Strings>{{"--max", "refusals=0.1"},
                                                   {"--max", "words=0.1"},
                                                   {"--max", "refusal=5"},
                                                   {"--max", "refusal"},
                                                   {"--max-low-score", "-1"},
                                                   {"--min-responses", "0"},
                                                   {"--confidence", "1"},
                                                   {"--max-malformed", "2"},
                                                   {"--show", "words"},
                                                   {"--worst", "-1"},
                                                   {"--field", "a["},
                                                   {"--output", "rows.txt"},
                                                   {"--alert-for", "0s"}}) {
    CAPTURE(wrong[0]);
    CHECK(logs.check("good.jsonl", wrong).code == 2);
  }
}

TEST_CASE("scores below a half are limited by default") {
  const Logs logs;
  std::string text = log(100, 0);
  for (int i = 0; i < 20; ++i) text += line(i, "It could be. I hate stupid questions.");
  logs.box.write("toxic.jsonl", text);
  const Outcome outcome = logs.check("toxic.jsonl", {"--json"});
  CHECK(outcome.code == 3);
  const json report = json::parse(outcome.out);
  CHECK(report["low_score_rate"].get<double>() == doctest::Approx(20.0 / 120));
  CHECK(report["mean_score"].get<double>() == doctest::Approx((100 + 20 * 0.3) / 120));
  CHECK(report["mean_toxicity"].get<double>() == doctest::Approx(20 * 2.0 / 3 / 120));
  CHECK(report["alerts"].size() == 20);
  CHECK(report["alerts"][0]["line"] == 101);
  CHECK(report["alerts"][0]["flags"] == "low_score");
  CHECK(logs.check("toxic.jsonl", {"--max-low-score", "0.3"}).code == 0);
}

TEST_CASE("quality report says the same and exits with 0") {
  const Logs logs;
  const Outcome outcome = logs.box.run(
      {"quality", "report", "bad.jsonl", "--max", "refusal=0.05", "--json", "--worst", "1"});
  CHECK(outcome.code == 0);
  const json report = json::parse(outcome.out);
  CHECK(report["schema"] == "mlopsctl.quality.report/1");
  CHECK(report["verdict"] == "bad");
  CHECK(report["response_field"] == "response");
  CHECK(report["rules"].get<std::string>().starts_with("spec-17@"));
  const json& refusal = row(report, "rates", "refusal");
  CHECK(refusal["rate"] == 0.2);
  CHECK(refusal["hits"] == 40);
  CHECK(refusal["verdict"] == "over");
  CHECK(report["worst"].size() == 1);
  CHECK(report["worst"][0]["id"] == "0");
  CHECK(report["languages"][0]["language"] == "en");
  logs.box.write("damaged.jsonl", "x\n" + log(100, 0));
  CHECK(logs.box.run({"quality", "report", "damaged.jsonl"}).code == 0);
}

TEST_CASE("against a reference: rates that rose and indicators that drifted") {
  const Logs logs;
  CHECK(logs.check("good.jsonl", {"--reference", "good.jsonl"}).code == 0);
  const Outcome rose = logs.check("bad.jsonl", {"--reference", "good.jsonl", "--json"});
  CHECK(rose.code == 3);
  const json report = json::parse(rose.out);
  CHECK(row(report, "rates", "refusal")["verdict"] == "rose");
  CHECK(row(report, "rates", "refusal")["reference_rate"] == 0.005);
  logs.box.write("long.jsonl",
                 log(200, 1,
                     "Paris lies on the Seine, in the north of France, where it has been for some "
                     "two thousand years."));
  const Outcome drifted = logs.check("long.jsonl", {"--reference", "good.jsonl", "--json"});
  CHECK(drifted.code == 3);
  CHECK(row(json::parse(drifted.out), "features", "words")["verdict"] == "drift");
  CHECK(logs.check("good.jsonl", {"--reference", "few.jsonl"}).code == 4);
  CHECK(logs.check("good.jsonl", {"--reference", "absent.jsonl"}).code == 1);
}

TEST_CASE("a row for each response is a table that drift check reads") {
  const Logs logs;
  logs.box.output_of({"quality", "report", "good.jsonl", "-o", "before.csv"});
  logs.box.output_of({"quality", "report", "bad.jsonl", "-o", "after.jsonl"});
  const std::string csv = logs.box.read("before.csv");
  CHECK(csv.starts_with("file,line,id,rules,uncertainty,"));
  CHECK(csv.find("good.jsonl,1,0,spec-17@") != std::string::npos);
  const json first =
      json::parse(logs.box.read("after.jsonl").substr(0, logs.box.read("after.jsonl").find('\n')));
  CHECK(first["refusal"] == true);
  CHECK(first["score"] == 1);
  CHECK(first["invalid_json"].is_null());
  const Strings ignored{"--ignore", "line", "--ignore", "id",
                        "--ignore", "file", "--ignore", "rules"};
  Strings same{"drift", "check", "before.csv", "before.csv"};
  Strings moved{"drift", "check", "before.csv", "after.jsonl"};
  same.insert(same.end(), ignored.begin(), ignored.end());
  moved.insert(moved.end(), ignored.begin(), ignored.end());
  CHECK(logs.box.run(same).code == 0);
  CHECK(logs.box.run(moved).code == 3);
}

TEST_CASE("rows never replace the log that they are made from") {
  const Logs logs;
  const std::string before = logs.box.read("good.jsonl");
  CHECK(logs.check("good.jsonl", {"-o", "good.jsonl"}).code == 2);
  CHECK(logs.check("g*.jsonl", {"-o", "./good.jsonl"}).code == 2);
  CHECK(logs.check("bad.jsonl", {"--reference", "good.jsonl", "-o", "good.jsonl"}).code == 2);
  CHECK(logs.box.read("good.jsonl") == before);
}

TEST_CASE("rules are printed, changed and given back; mistakes are told with their line") {
  const Logs logs;
  const std::string rules = logs.box.output_of({"quality", "rules"});
  CHECK(rules.find("phrases: [\"I'm not sure\"") != std::string::npos);
  logs.box.write("same.yaml", rules);
  CHECK(logs.box.output_of({"quality", "rules", "same.yaml"}) == rules);
  logs.box.write("ours.yaml",
                 "version: ours\nscore: {penalties: [{indicator: refusal, subtract: 0.8}]}\n");
  const json report = json::parse(
      logs.box.run({"quality", "check", "bad.jsonl", "--rules", "ours.yaml", "--json"}).out);
  CHECK(report["verdict"] == "bad");
  CHECK(report["low_score_rate"] == 0.2);
  CHECK(report["rules"].get<std::string>().starts_with("ours@"));
  logs.box.write("wrong.yaml", "toxicity:\n  wrods: [a]\n");
  const Outcome wrong = logs.box.run({"quality", "rules", "wrong.yaml"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("line 2 of 'wrong.yaml'") != std::string::npos);
  CHECK(wrong.err.find("'words'") != std::string::npos);
  CHECK(logs.check("good.jsonl", {"--rules", "wrong.yaml"}).code == 2);
  CHECK(logs.check("good.jsonl", {"--rules", "absent.yaml"}).code == 1);
  CHECK(logs.box.output_of({"quality", "rules", "--indicators"}).find("reading_ease") !=
        std::string::npos);
}

TEST_CASE("logs come from standard input, from globs and compressed") {
  const Logs logs;
  const json piped =
      json::parse(logs.box.run({"quality", "report", "-", "--json"}, log(50, 0)).out);
  CHECK(piped["responses"] == 50);
  REQUIRE(logs.box.run_program({"gzip", "good.jsonl"}).code == 0);
  const json both =
      json::parse(logs.box.output_of({"quality", "report", "[gb]*.jsonl*", "--json"}));
  CHECK(both["responses"] == 400);
  CHECK(both["worst"][0]["file"] == "bad.jsonl");
}

TEST_CASE("with --quiet a check that passes prints nothing, one that does not prints all") {
  const Logs logs;
  const Outcome passed = logs.check("good.jsonl", {"-q"});
  CHECK(passed.code == 0);
  CHECK(passed.out.empty());
  CHECK(passed.err.empty());
  const Outcome failed = logs.check("bad.jsonl", {"-q", "--max", "refusal=0"});
  CHECK(failed.code == 3);
  CHECK(failed.out.find("refusal") != std::string::npos);
}

TEST_CASE("on a terminal: what was found, the worst responses, the reason last") {
  const Logs logs;
  const Outcome shown = logs.box.run_on_terminal(
      {"quality", "check", "bad.jsonl", "--no-color", "--max", "refusal=0.05"}, 120);
  CHECK(shown.code == 3);
  CHECK(shown.out.find("INDICATOR") != std::string::npos);
  CHECK(shown.out.find("Worst responses") != std::string::npos);
  CHECK(shown.out.find("I'm sorry, but I can't") != std::string::npos);
  CHECK(shown.out.find("bad: refusal is 20 %") != std::string::npos);
  CHECK(shown.out.find("pii_iban") == std::string::npos);  // nothing to say of it
}

TEST_CASE(
    "a check writes a page, JUnit, metrics and a summary; what cannot be written turns 0 into 5") {
  Logs logs;
  logs.box.set_environment("GITHUB_STEP_SUMMARY", (logs.box.folder() / "summary.md").string());
  const Outcome outcome = logs.check(
      "bad.jsonl", {"--reference", "good.jsonl", "--html", "page.html", "--junit", "junit.xml",
                    "--prometheus", "chat.prom", "--github-summary", "--name", "chat", "--json"});
  CHECK(outcome.code == 3);
  CHECK(json::parse(outcome.out)["html"] == "page.html");
  CHECK(logs.box.read("page.html").starts_with("<!DOCTYPE html>"));
  CHECK(logs.box.read("junit.xml").find("<failure") != std::string::npos);
  CHECK(logs.box.read("chat.prom").find("mlopsctl_quality_bad{check=\"chat\"} 1\n") !=
        std::string::npos);
  CHECK(logs.box.read("summary.md").find("## ") == 0);
  CHECK(logs.check("bad.jsonl", {"--html", "one.html"}).code == 0);
  CHECK(logs.box.read("one.html").find("I&apos;m sorry") != std::string::npos);
  logs.box.write("file", "");
  CHECK(logs.check("good.jsonl", {"--junit", "file/junit.xml"}).code == 5);
  CHECK(logs.check("bad.jsonl", {"--max", "refusal=0", "--junit", "file/junit.xml"}).code == 3);
  CHECK(logs.box.run({"quality", "report", "good.jsonl", "--junit", "file/junit.xml"}).code == 5);
}

TEST_CASE("checks are recorded where there is a run store") {
  const Logs logs;
  logs.box.output_of({"init"});
  const json first = json::parse(
      logs.box.output_of({"quality", "check", "good.jsonl", "--name", "chat", "--json"}));
  logs.box.output_of({"quality", "check", "good.jsonl", "--name", "chat"});
  logs.box.output_of({"quality", "check", "good.jsonl", "--name", "chat", "--no-record"});
  const json runs = json::parse(logs.box.output_of(
      {"run", "list", "tags.`quality.check` = 'chat'", "--experiment", "quality", "--json"}));
  CHECK(runs["runs"].size() == 2);
  const std::string id = first["run_id"];
  const json run = json::parse(logs.box.output_of({"run", "show", id, "--json"}));
  CHECK(run.dump().find("quality/rate/refusal") != std::string::npos);
  CHECK(run.dump().find("quality.rules") != std::string::npos);
  CHECK(logs.box.output_of({"run", "artifact", "list", id}).find("quality.json") !=
        std::string::npos);
  CHECK(logs.box.run({"run", "plot", "chat", "--metric", "quality/low_score_rate"}).code == 0);
}
