// deploy, rollback and their siblings as far as no cluster is needed: plans, required checks, what
// is missing, completion.
#include "support/http_server.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlopsctl::testing;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

constexpr const char* plan =
    "app: chat\nimage: acme/chat@sha256:"
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";

struct Project {
  Sandbox box;
  Project() {
    box.write("deploy.yaml", plan);
    box.write("baseline.json", R"({"accuracy": 0.9})");
    box.write("good.json", R"({"accuracy": 0.91})");
    box.write("bad.json", R"({"accuracy": 0.5})");
    box.set_environment("KUBECONFIG", (box.folder() / "no-such-config").string());
  }
  Outcome deploy(const std::string& strategy, const Strings& more) const {
    Strings line{"deploy", strategy};
    line.insert(line.end(), more.begin(), more.end());
    return box.run(line);
  }
};

}  // namespace

TEST_CASE("a required check that did not pass refuses with 3, one that is missing with 4") {
  Project project;
  project.box.set_environment("PATH", "/nowhere");
  const Outcome none = project.deploy("rolling", {"--require-eval", "chat"});
  CHECK(none.code == 4);
  CHECK(has(none.err + none.out, "there is no evaluation 'chat'"));
  project.box.output_of({"init", "--project", "."});
  CHECK(project.deploy("blue-green", {"--require-eval", "chat"}).code == 4);
  const auto check = [&](const char* file) {
    return project.box.run(
        {"eval", "check", file, "--baseline", "baseline.json", "--name", "chat"});
  };
  REQUIRE(check("bad.json").code == 3);
  const Outcome bad = project.deploy("blue-green", {"--require-eval", "chat", "--json"});
  CHECK(bad.code == 3);
  const json refused = json::parse(bad.out);
  CHECK(refused["schema"] == "mlopsctl.deploy.blue-green/1");
  CHECK(refused["outcome"] == "refused");
  CHECK(refused["required"][0]["passed"] == false);
  // Drift is another kind of check: the same name is none.
  CHECK(project.deploy("rolling", {"--require-drift-free", "chat"}).code == 4);
  REQUIRE(check("good.json").code == 0);
  // The last one counts; now it is kubectl that is missing.
  CHECK(project.deploy("rolling", {"--require-eval", "chat"}).code == 1);
}

TEST_CASE("a refusal is told as any other end: JUnit XML, Markdown and messages") {
  Project project;
  project.box.output_of({"init", "--project", "."});
  project.box.run({"eval", "check", "bad.json", "--baseline", "baseline.json", "--name", "chat"});
  const HttpServer people([](const ServedRequest&) -> ServedResponse { return {}; });
  project.box.set_environment("HOOK", people.url("/hook"));
  project.box.set_environment("GITHUB_STEP_SUMMARY",
                              (project.box.folder() / "summary.md").string());
  const Strings outputs{"--require-eval",   "chat",          "--junit", "refused.xml",
                        "--github-summary", "--webhook-env", "HOOK"};
  CHECK(project.deploy("rolling", outputs).code == 3);
  const std::string junit = project.box.read("refused.xml");
  CHECK(has(junit, "evaluation chat"));
  CHECK(has(junit, "<failure"));
  CHECK(has(project.box.read("summary.md"), "refused"));
  REQUIRE(people.requests().size() == 1);
  const json message = json::parse(people.requests()[0].body);
  CHECK(message["title"] == "refused");
  CHECK(message["app"] == "chat");

  Strings rehearsal = outputs;
  rehearsal.push_back("--dry-run");
  CHECK(project.deploy("rolling", rehearsal).code == 3);
  CHECK(people.requests().size() == 1);
}

TEST_CASE("wrong lines and wrong plans are told before anything is attempted") {
  const Project project;
  CHECK(project.deploy("rolling", {"--set", "replicas=many"}).code == 2);
  CHECK(project.deploy("rolling", {"--timeout", "10ms"}).code == 2);
  CHECK(project.deploy("blue-green", {"--notify-on", "sometimes"}).code == 2);
  CHECK(project.deploy("blue-green", {"--slack-webhook-env", "NOT_SET"}).code == 2);
  CHECK(project.deploy("rolling", {"--skip-analysis"}).code == 2);
  CHECK(project.deploy("rolling", {"--file", "absent.yaml"}).code == 1);
  project.box.write("wrong.yaml", "app: chat\nstrategie: canary\n");
  const Outcome wrong = project.deploy("rolling", {"--file", "wrong.yaml"});
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "strategie"));
  project.box.write("empty.yaml", "app: chat\n");
  CHECK(has(project.deploy("rolling", {"--file", "empty.yaml"}).err, "no image"));
  const Sandbox elsewhere;
  const Outcome none = elsewhere.run({"deploy", "blue-green"});
  CHECK(none.code == 1);
  CHECK(has(none.err, "mlopsctl deploy init"));
  for (const char* verb : {"status", "history", "promote", "pause", "resume", "abort"}) {
    CAPTURE(verb);
    CHECK(elsewhere.run({"deploy", verb}).code == 2);
  }
  CHECK(elsewhere.run({"rollback"}).code == 2);
}

TEST_CASE("without kubectl everything that needs a cluster says what to install") {
  Project project;
  project.box.set_environment("PATH", "/nowhere");
  for (const Strings& line : std::vector<Strings>{{"deploy", "rolling"},
                                                  {"deploy", "status"},
                                                  {"deploy", "history"},
                                                  {"deploy", "promote"},
                                                  {"deploy", "resume"},
                                                  {"rollback"},
                                                  {"smoke"}}) {
    CAPTURE(line.back());
    const Outcome outcome = project.box.run(line);
    CHECK(outcome.code == 1);
    CHECK(has(outcome.err, "kubectl"));
  }
  CHECK(project.box.run({"deploy", "history", "--local"}).code == 0);
}

TEST_CASE("the shell completes apps and keys of the plan") {
  const Project project;
  const auto complete = [&](const std::string& words, int index) {
    return project.box
        .run_program(
            {"sh", "-c",
             "MLOPSCTL_COMPLETE=" + std::to_string(index) + " " + binary() + " " + words + " ''"})
        .out;
  };
  CHECK(has(complete("deploy status", 2), "chat\tof deploy.yaml"));
  CHECK(has(complete("deploy rolling --set", 3), "canary.stepWeight="));
  CHECK(has(complete("deploy", 1), "blue-green"));
}
