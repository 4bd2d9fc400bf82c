// Where the result of a drift check goes beside the report.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

std::string rows(double shift) {
  std::string text = "x,\"a <b>\"\n";
  for (int i = 0; i < 300; ++i) {
    text += std::to_string(i % 50 + shift) + ',' + std::to_string(i % 7) + '\n';
  }
  return text;
}

struct Data {
  Sandbox box;
  Data() {
    box.write("ref.csv", rows(0));
    box.write("same.csv", rows(0));
    box.write("moved.csv", rows(30));
  }
  Outcome check(const std::string& current, Strings more) const {
    Strings argv{"drift", "check", "ref.csv", current, "--no-record"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
};

}  // namespace

TEST_CASE("a check writes a page, JUnit and metrics, and the report names them") {
  const Data data;
  const Outcome outcome =
      data.check("moved.csv", {"--html", "out/page.html", "--junit", "junit.xml", "--prometheus",
                               "churn.prom", "--name", "churn", "--json"});
  CHECK(outcome.code == 3);
  const json report = json::parse(outcome.out);
  CHECK(report["html"] == "out/page.html");
  CHECK(data.box.read("out/page.html").starts_with("<!DOCTYPE html>"));
  CHECK(data.box.read("junit.xml").find("<failure") != std::string::npos);
  CHECK(data.box.read("churn.prom").find("mlopsctl_drift_detected{check=\"churn\"} 1\n") !=
        std::string::npos);
}

TEST_CASE("what cannot be written or sent is told; it turns 0 into 5 and leaves 3") {
  const Data data;
  data.box.write("file", "");
  CHECK(data.check("same.csv", {"--html", "file/page.html"}).code == 5);
  CHECK(data.check("same.csv", {"--html", "file/page.html", "--junit", "junit.xml"}).code == 5);
  CHECK_FALSE(data.box.read("junit.xml").empty());  // one failure does not keep the rest
  CHECK(data.check("moved.csv", {"--html", "file/page.html"}).code == 3);
  const Outcome quiet = data.check("same.csv", {"--html", "file/page.html", "--quiet"});
  CHECK(quiet.code == 5);
  CHECK((quiet.out + quiet.err).find("'file'") != std::string::npos);
  CHECK(data.box
            .run({"drift", "report", "ref.csv", "moved.csv", "--no-record", "--html",
                  "file/page.html"})
            .code == 5);
}

TEST_CASE("wrong options are told before the data are read") {
  const Data data;
  for (const Strings& wrong : std::vector<Strings>{{"--pushgateway", "gateway:9091"},
                                                   {"--alertmanager", "env:NOT_SET_ANYWHERE"},
                                                   {"--alert-label", "a-b=c"},
                                                   {"--alert-label", "severity=none"},
                                                   {"--alert-for", "0s"},
                                                   {"--metric-features", "some"},
                                                   {"--slack-webhook-env", "NOT_SET_ANYWHERE"},
                                                   {"--report-url", "ftp://x"}}) {
    CAPTURE(wrong);
    CHECK(data.check("absent.csv", wrong).code == 2);
  }
}

TEST_CASE("--dry-run writes nothing") {
  const Data data;
  CHECK(data.check("moved.csv", {"--dry-run", "--html", "page.html", "--prometheus", "m.prom"})
            .code == 3);
  CHECK_FALSE(std::filesystem::exists(data.box.folder() / "page.html"));
  CHECK_FALSE(std::filesystem::exists(data.box.folder() / "m.prom"));
}
