// drift check, report, profile, profile merge and history, as a user and as cron call them.
#include "mlopsctl/platform/file_lock.hpp"

#include "support/http_server.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

using mlopsctl::testing::HttpServer;
using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

// Deterministic rows: x is spread over [0, 1) by the golden ratio, moved by `shift`.
std::string rows(int count, double shift, int first = 0, const std::string& word = "a") {
  std::string text = "at,x,size,word\n";
  for (int i = first; i < first + count; ++i) {
    const double spread = i * 0.6180339887498949;
    const double x = spread - static_cast<long>(spread) + shift;
    const int minute = i % 60, hour = i / 60;
    char at[32];
    std::snprintf(at, sizeof at, "2026-11-20T%02d:%02d:00Z", hour % 24, minute);
    text += std::string(at) + ',' + std::to_string(x) + ',' + std::to_string(i % 7) + ',' +
            (i % 3 == 0 ? word : "b") + '\n';
  }
  return text;
}

struct Data {
  Sandbox box;
  Data() {
    box.write("ref.csv", rows(600, 0));
    box.write("same.csv", rows(600, 0, 600));
    box.write("moved.csv", rows(600, 0.4));
    box.write("few.csv", rows(5, 0));
  }
  Outcome check(const std::string& current, Strings more = {}) const {
    Strings argv{"drift", "check", "ref.csv", current, "--time-column", "at"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
};

const json& feature(const json& report, const std::string& name) {
  for (const auto& one : report["features"]) {
    if (one["name"] == name) return one;
  }
  throw std::out_of_range(name);
}

}  // namespace

TEST_CASE("drift check: 0 the same, 3 drift, 4 too few rows, 2 usage, 1 no file") {
  const Data data;
  CHECK(data.check("same.csv").code == 0);
  const Outcome moved = data.check("moved.csv");
  CHECK(moved.code == 3);
  CHECK(moved.out.find("features\tx\tdrift") != std::string::npos);
  CHECK(data.check("few.csv").code == 4);
  CHECK(data.check("few.csv", {"--min-rows", "2"}).code != 4);
  CHECK(data.check("absent.csv").code == 1);
  CHECK(data.check("same.csv", {"--test", "kss"}).code == 2);
  CHECK(data.check("same.csv", {"--threshold", "ks=low"}).code == 2);
  CHECK(data.check("same.csv", {"--alpha", "2"}).code == 2);
  CHECK(data.check("same.csv", {"--top", "-1"}).code == 2);
  CHECK(data.check("same.csv", {"--min-rows", "0"}).code == 2);
  CHECK(data.box.run({"drift", "check", "ref.csv"}).code == 2);
}

TEST_CASE("drift report says the same and exits with 0") {
  const Data data;
  const Outcome report =
      data.box.run({"drift", "report", "ref.csv", "moved.csv", "--time-column", "at", "--json"});
  CHECK(report.code == 0);
  const json parsed = json::parse(report.out);
  CHECK(parsed["schema"] == "mlopsctl.drift.report/1");
  CHECK(parsed["verdict"] == "drift");
  const json& x = feature(parsed, "x");
  CHECK(x["effect_size"].get<double>() == doctest::Approx(0.4).epsilon(0.02));
  CHECK(x["direction"] == 1);
  CHECK(x["ks_p"].get<double>() < 1e-10);
  CHECK(parsed["tests"].size() >= 2);
  CHECK(data.box.run({"drift", "report", "ref.csv", "absent.csv"}).code == 1);
}

TEST_CASE("on a terminal: worst first, with both distributions and the reason last") {
  const Data data;
  const Outcome shown = data.box.run_on_terminal(
      {"drift", "check", "ref.csv", "moved.csv", "--time-column", "at", "--no-color", "--top", "1"},
      140);
  CHECK(shown.code == 3);
  CHECK(shown.out.find("FEATURE") != std::string::npos);
  CHECK(shown.out.find("▁") != std::string::npos);
  CHECK(shown.out.find("1 of 3 features drifted") != std::string::npos);
  CHECK(shown.out.find("1 of 3 features shown") != std::string::npos);
}

TEST_CASE("with --quiet a check that passes prints nothing, one that does not prints all") {
  const Data data;
  const Outcome passed = data.check("same.csv", {"-q"});
  CHECK(passed.code == 0);
  CHECK(passed.out.empty());
  CHECK(passed.err.empty());
  const Outcome drifted = data.check("moved.csv", {"-q"});
  CHECK(drifted.out.find("drift") != std::string::npos);
}

TEST_CASE("the same file twice and columns that changed are told") {
  const Data data;
  const json same = json::parse(
      data.box.output_of({"drift", "report", "ref.csv", "ref.csv", "--ignore", "at", "--json"}));
  CHECK(same.dump().find("the same file") != std::string::npos);
  data.box.write("other.csv", "at,x,word\n2026-11-20,0.5,a\n");
  const Outcome other =
      data.box.run({"drift", "check", "ref.csv", "other.csv", "--ignore", "at", "--min-rows", "1"});
  CHECK(other.out.find("lack this column") != std::string::npos);
}

TEST_CASE("a profile stands for its reference, and parts of it merge to the whole") {
  const Data data;
  const Sandbox& box = data.box;
  box.write("a.csv", rows(250, 0));
  box.write("b.csv", rows(350, 0, 250));
  const Strings ignore{"--ignore", "at"};
  const auto profile = [&](const std::string& from, const std::string& to) {
    CHECK(box.run({"drift", "profile", from, "--ignore", "at", "-o", to}).code == 0);
  };
  profile("ref.csv", "ref.profile");
  profile("a.csv", "a.profile");
  profile("b.csv", "b.profile");
  CHECK(box.run({"drift", "profile", "merge", "b.profile", "a.profile", "-o", "ab.profile"}).code ==
        0);
  json whole = json::parse(box.read("ref.profile")), merged = json::parse(box.read("ab.profile"));
  for (json* one : {&whole, &merged}) {
    one->erase("source");
    for (auto& column : (*one)["columns"]) {
      column.erase("mean");
      column.erase("squares");
    }
  }
  CHECK(whole == merged);
  CHECK(box.run({"drift", "check", "ref.profile", "same.csv", "--ignore", "at"}).code == 0);
  const Outcome moved = box.run({"drift", "check", "ref.profile", "moved.csv", "--ignore", "at"});
  CHECK(moved.code == 3);
  profile("moved.csv", "moved.profile");
  CHECK(box.run({"drift", "check", "ref.profile", "moved.profile"}).code == 3);
  CHECK(box.run({"drift", "check", "ref.profile", "same.csv", "--ignore", "at", "--preset",
                 "nannyml"})
            .code == 2);
  CHECK(box.run({"drift", "profile", "ref.csv"}).code == 2);
  CHECK(box.run({"drift", "profile", "ref.csv", "-o", "x", "--buckets", "1"}).code == 2);
  CHECK(box.run({"drift", "profile", "absent.csv", "-o", "x"}).code == 1);
  CHECK(box.run({"drift", "profile", "merge", "ref.csv", "-o", "x"}).code == 1);
  CHECK(box.output_of({"drift", "profile", "a.csv", "-o", "-"}).starts_with("{\"schema\""));
  CHECK(box.run({"drift", "profile", "a.csv", "-o", "dry.profile", "--dry-run"}).code == 0);
  CHECK_FALSE(fs::exists(box.folder() / "dry.profile"));
}

TEST_CASE(
    "checks are recorded where there is a run store, and their history can be seen and drawn") {
  const Data data;
  const Sandbox& box = data.box;
  CHECK(box.run({"drift", "history"}).code == 1);
  CHECK(data.check("same.csv").code == 0);
  CHECK_FALSE(fs::exists(box.folder() / ".mlopsctl"));
  box.output_of({"init"});
  CHECK(box.run({"drift", "history"}).code == 1);  // nothing recorded yet
  CHECK(data.check("same.csv", {"--name", "churn"}).code == 0);
  CHECK(data.check("moved.csv", {"--name", "churn"}).code == 3);
  CHECK(data.check("moved.csv", {"--name", "churn", "--no-record"}).code == 3);
  CHECK(data.check("moved.csv", {"--name", "churn", "--dry-run"}).code == 3);
  const json history = json::parse(box.output_of({"drift", "history", "churn", "--json"}));
  REQUIRE(history["checks"].size() == 2);
  CHECK(history["checks"][0]["verdict"] == "ok");
  CHECK(history["checks"][1]["verdict"] == "drift");
  CHECK(history["checks"][1]["worst_feature"] == "x");
  CHECK(history["checks"][1]["severity"] == "high");
  const std::string id = history["checks"][1]["run_id"];
  const json document =
      json::parse(box.output_of({"run", "artifact", "get", id, "drift.json", "--output", "-"}));
  CHECK(document["verdict"] == "drift");
  CHECK(
      box.output_of({"run", "plot", "churn", "--metric", "drift/max_psi"}).find("drift/max_psi") !=
      std::string::npos);
  CHECK(box.run_on_terminal({"drift", "history", "churn"}).out.find("largest PSI") !=
        std::string::npos);
  CHECK(box.run({"drift", "history", "absent"}).code == 1);
  CHECK(box.run({"drift", "history", "--limit", "0"}).code == 2);
}

TEST_CASE("a second check at the same time does nothing and says so with 4") {
  const Data data;
  const auto lock = mlopsctl::FileLock::try_lock(data.box.folder() / "check.lock");
  REQUIRE(lock);
  const Outcome second = data.check("moved.csv", {"--lock", "check.lock", "-q"});
  CHECK(second.code == 4);
  CHECK(second.out.find("not checked") != std::string::npos);
  CHECK(data.check("same.csv", {"--lock", "other.lock"}).code == 0);
}

TEST_CASE("a state file lets the next check begin where the last one ended") {
  const Data data;
  const Sandbox& box = data.box;
  const Strings since{"--window", "since-last", "--state", "s", "--name", "churn"};
  box.write("now.csv", rows(300, 0));
  CHECK(data.check("now.csv", since).code == 0);
  CHECK(json::parse(box.read("s"))["seen_until"] == "2026-11-20T04:59:00Z");
  CHECK(data.check("now.csv", since).code == 4);  // nothing new
  box.write("now.csv", rows(300, 0) + rows(300, 0.5, 300).substr(15));
  const Outcome next = data.check("now.csv", since);
  CHECK(next.code == 3);
  CHECK(next.out.find("current_rows\t300") != std::string::npos);
  CHECK(json::parse(box.read("s"))["verdict"] == "drift");
  CHECK(data.check("now.csv", {"--window", "24h"}).code == 4);  // all of it is older
  CHECK(data.check("now.csv", {"--window", "since-last"}).code == 2);
  CHECK(box.run({"drift", "check", "ref.csv", "now.csv", "--window", "1h"}).code == 2);
  CHECK(data.check("now.csv", {"--state", "s", "--name", "other"}).code == 1);
  CHECK(data.check("same.csv", {"--jitter", "1ms"}).code == 0);
  CHECK(data.check("same.csv", {"--jitter", "soon"}).code == 2);
}

TEST_CASE("rows that are too few for an answer are seen again by the next check") {
  const Data data;
  const Strings since{"--window", "since-last", "--state", "s", "--name", "churn"};
  data.box.write("now.csv", rows(300, 0));
  CHECK(data.check("now.csv", since).code == 0);
  data.box.write("now.csv", rows(320, 0));
  CHECK(data.check("now.csv", since).code == 4);  // 20 new rows
  CHECK(json::parse(data.box.read("s"))["seen_until"] == "2026-11-20T04:59:00Z");
  data.box.write("now.csv", rows(340, 0));
  const Outcome next = data.check("now.csv", since);
  CHECK(next.code == 0);
  CHECK(next.out.find("current_rows\t40") != std::string::npos);
}

TEST_CASE("a column to leave out, or the time column, may be on one side only") {
  const Data data;
  const Sandbox& box = data.box;
  const auto check = [&](Strings argv) {
    argv.insert(argv.begin(), {"drift", "check"});
    return box.run(argv);
  };
  box.write(
      "plain.csv", "x,size\n" + [] {
        std::string text;
        for (int i = 0; i < 600; ++i) {
          const double spread = i * 0.6180339887498949;
          text += std::to_string(spread - static_cast<long>(spread)) + ',' + std::to_string(i % 7) +
                  '\n';
        }
        return text;
      }());
  const Strings both{"--ignore", "at", "--ignore", "word"};
  for (const Strings& sides : {Strings{"ref.csv", "plain.csv"}, Strings{"plain.csv", "ref.csv"}}) {
    Strings argv = sides;
    argv.insert(argv.end(), both.begin(), both.end());
    CHECK(check(argv).code == 0);
  }
  CHECK(check({"plain.csv", "same.csv", "--time-column", "at", "--ignore", "word"}).code == 0);
  const Outcome typo = check({"ref.csv", "same.csv", "--ignore", "wrod", "--ignore", "at"});
  CHECK(typo.code == 2);
  CHECK(typo.err.find("did you mean 'word'?") != std::string::npos);
  CHECK(box.run({"drift", "profile", "ref.csv", "--ignore", "wrod", "-o", "p"}).code == 2);
  // Against a profile that has the column, or has not.
  CHECK(box.run({"drift", "profile", "ref.csv", "-o", "all.profile"}).code == 0);
  const Outcome against = check({"all.profile", "plain.csv", "--ignore", "at", "--ignore", "word"});
  CHECK(against.code == 0);
  CHECK(against.out.find("lack this column") == std::string::npos);
  CHECK(check({"all.profile", "same.csv", "--ignore", "wrod"}).code == 2);
}

TEST_CASE("tests that fit no column are no pass: exit code 4") {
  const Data data;
  const Outcome outcome =
      data.check("same.csv", {"--test", "fisher", "--column", "x", "--junit", "j.xml"});
  CHECK(outcome.code == 4);
  CHECK(outcome.out.find("features\tx\tnot tested") != std::string::npos);
  CHECK(data.box.read("j.xml").find("not tested") != std::string::npos);
  const Outcome one = data.check("moved.csv", {"--test", "mann-whitney"});
  CHECK(one.code == 3);
  CHECK(one.out.find("features\tword\tnot tested") != std::string::npos);
}

TEST_CASE("names and labels with quotes, line ends and bytes that are no UTF-8 break no output") {
  const Data data;
  const Sandbox& box = data.box;
  const auto table = [](int first) {
    std::string text = "\"a\"\"b\\\n</script>\",\"\xff|`\"\n";
    for (int i = first; i < first + 100; ++i) {
      text += std::to_string(i) + ",\"<b>\"\"\xfe" + std::to_string(i % 2) + "\"\n";
    }
    return text;
  };
  box.write("odd.csv", table(0));
  box.write("odder.csv", table(60));
  box.output_of({"init"});
  const Outcome outcome =
      box.run({"drift", "check", "odd.csv", "odder.csv", "--json", "--html", "p.html", "--junit",
               "j.xml", "--prometheus", "m.prom", "--name", "odd \"name\""});
  CHECK(outcome.code == 3);
  const json report = json::parse(outcome.out);
  CHECK(feature(report, "a\"b\\\n</script>")["verdict"] == "drift");
  CHECK(outcome.out.find('\xff') == std::string::npos);
  CHECK(outcome.out.find("is not UTF-8") != std::string::npos);
  const std::string metrics = box.read("m.prom");
  CHECK(metrics.find("feature=\"a\\\"b\\\\\\n</script>\"") != std::string::npos);
  CHECK(metrics.find("check=\"odd \\\"name\\\"\"") != std::string::npos);
  CHECK(metrics.find('\xff') == std::string::npos);
  const std::string page = box.read("p.html");
  CHECK(page.find("b\\\n</script>") == std::string::npos);
  CHECK(page.find('\xff') == std::string::npos);
  CHECK(box.read("j.xml").find("&lt;/script&gt;") != std::string::npos);
  CHECK(box.read("j.xml").find('\xff') == std::string::npos);
}

TEST_CASE("p-values that underflow are 0 in JSON and < 1e-300 for people") {
  const Data data;
  const Sandbox& box = data.box;
  const auto numbers = [](int first) {
    std::string text = "x\n";
    for (int i = first; i < first + 10'001; ++i) text += std::to_string(i) + '\n';
    return text;
  };
  box.write("low.csv", numbers(0));
  box.write("high.csv", numbers(20'000));
  const Outcome outcome = box.run({"drift", "check", "low.csv", "high.csv", "--json"});
  CHECK(feature(json::parse(outcome.out), "x")["ks_p"] == 0.0);
  CHECK(outcome.out.find("-0.0") == std::string::npos);
  CHECK(box.run_on_terminal({"drift", "check", "low.csv", "high.csv", "--no-color"}, 140)
            .out.find("<1e-300") != std::string::npos);
}

TEST_CASE("the page of a recorded check is with its run") {
  const Data data;
  data.box.output_of({"init"});
  CHECK(data.check("moved.csv", {"--name", "churn", "--html", "page.html"}).code == 3);
  const json history = json::parse(data.box.output_of({"drift", "history", "churn", "--json"}));
  const std::string id = history["checks"][0]["run_id"];
  const std::string page =
      data.box.output_of({"run", "artifact", "get", id, "drift.html", "--output", "-"});
  CHECK(page.find("</html>") != std::string::npos);
}

TEST_CASE("data are read by URL") {
  const Data data;
  const HttpServer server([&](const ServedRequest& request) -> ServedResponse {
    if (request.target.starts_with("/moved.csv")) return {.body = data.box.read("moved.csv")};
    if (request.target == "/ref.profile") return {.body = data.box.read("ref.profile")};
    return {.status = 404, .body = "nothing here"};
  });
  data.box.output_of({"drift", "profile", "ref.csv", "--ignore", "at", "-o", "ref.profile"});
  const Outcome moved = data.check(server.url("/moved.csv?token=geheim"), {"--json"});
  CHECK(moved.code == 3);
  const json report = json::parse(moved.out);
  CHECK(report["name"] == "moved");
  CHECK(moved.out.find("geheim") == std::string::npos);
  CHECK(report["current"].get<std::string>().find("/moved.csv") != std::string::npos);
  CHECK(data.box
            .run({"drift", "check", server.url("/ref.profile"), server.url("/moved.csv"),
                  "--ignore", "at"})
            .code == 3);
  const Outcome absent = data.check(server.url("/absent.csv"));
  CHECK(absent.code == 1);
  CHECK(absent.err.find("/absent.csv") != std::string::npos);
  CHECK(data.check("gopher://there/x.csv").code == 2);
  CHECK(data.check("s3://").code == 2);
}
