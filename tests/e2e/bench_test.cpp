// bench run and show, and the cache's commands, against a real model and a server of the test's
// own.
#include "support/locations.hpp"
#include "support/mock_openai.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using mlopsctl::testing::MockBehaviour;
using mlopsctl::testing::MockOpenAi;
using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

std::string model() { return mlopsctl::testing::source_folder() + "/examples/chatbot/model"; }

Outcome bench(const Sandbox& box, const std::string& target, Strings more = {}) {
  Strings argv{"bench", "run", target, "--output-tokens", "4", "-n", "3"};
  argv.insert(argv.end(), more.begin(), more.end());
  return box.run(argv);
}

const json& metric(const json& report, const std::string& name) {
  for (const auto& one : report["metrics"])
    if (one["metric"] == name) return one;
  throw std::out_of_range(name);
}

MockBehaviour failing_from(int first) {
  MockBehaviour behaviour;
  behaviour.fault = [=](const ServedRequest&, int attempt) -> std::optional<ServedResponse> {
    if (attempt < first) return std::nullopt;
    return ServedResponse{.status = 503, .body = "busy"};
  };
  return behaviour;
}

}  // namespace

TEST_CASE("bench run: 0 done, 5 some failed, 1 all failed or nobody there, 2 usage") {
  const Sandbox box;
  const MockOpenAi good;
  CHECK(bench(box, good.url()).code == 0);
  const MockOpenAi flaky(failing_from(4));
  const Outcome partial = bench(box, flaky.url());
  CHECK(partial.code == 5);
  CHECK(partial.err.find("the server answered 503: busy") != std::string::npos);
  const MockOpenAi broken(failing_from(3));
  CHECK(bench(box, broken.url()).code == 1);
  CHECK(bench(box, MockOpenAi(failing_from(0)).url()).code == 1);
  CHECK(bench(box, "http://127.0.0.1:1").code == 1);
  CHECK(bench(box, "no-such-folder").code == 1);
  for (const Strings& wrong : std::vector<Strings>{{"--requests", "0"},
                                                   {"--concurrency", "0"},
                                                   {"--rate", "0"},
                                                   {"--rate", "5", "--burstiness", "0"},
                                                   {"--slo", "fast"},
                                                   {"--input-tokens", "0"},
                                                   {"--warmup", "-1"},
                                                   {"--timeout", "0s"},
                                                   {"--duration", "long"},
                                                   {"--api", "smoke"},
                                                   {"--api-key-env", "NO_SUCH_VARIABLE"},
                                                   {"--prefix-token", "-1"}}) {
    CAPTURE(wrong[0]);
    CHECK(bench(box, good.url(), wrong).code == 2);
  }
  CHECK(bench(box, "http://user:secret@h/v1").code == 2);
  CHECK(box.run({"bench", "run"}).code == 2);
}

TEST_CASE("a model in a folder is measured, recorded, written and shown again") {
  const Sandbox box;
  box.output_of({"init"});
  const Outcome outcome = bench(
      box, model(),
      {"-o", "r.json", "--json", "--input-tokens", "16", "--name", "small", "--threads", "1"});
  REQUIRE(outcome.code == 0);
  const json report = json::parse(outcome.out);
  CHECK(report["schema"] == "mlopsctl.bench.run/1");
  CHECK(report["completed"] == 3);
  CHECK(report["prompt_tokens"] == 48);
  CHECK(report["output_tokens"] == 12);
  CHECK(metric(report, "ttft")["n"] == 3);
  CHECK(metric(report, "gap")["n"] == 9);
  CHECK(metric(report, "ttft")["definition"].get<std::string>().find("first non-empty text") !=
        std::string::npos);
  CHECK(report["fingerprint"]["model_sha256"].get<std::string>().size() == 64);
  CHECK(report["fingerprint"].contains("cpu"));
  const json again =
      json::parse(box.output_of({"bench", "show", "r.json", "--json", "--slo", "e2e:100000"}));
  CHECK(again["metrics"] == report["metrics"]);
  CHECK(again["good"] == 3);
  const std::string run = report["run_id"];
  CHECK(json::parse(box.output_of({"bench", "show", run, "--json"}))["metrics"] ==
        report["metrics"]);
  const json recorded = json::parse(box.output_of({"run", "show", run, "--json"}));
  CHECK(recorded["params"]["model_sha256"] == report["fingerprint"]["model_sha256"]);
  CHECK(box.run({"bench", "show", "-"}, box.read("r.json")).code == 0);
  CHECK(bench(box, model(), {"--input-tokens", "1000000"}).code ==
        2);  // more than it has positions
}

TEST_CASE("bench show: 1 for a file that is none or not there") {
  const Sandbox box;
  box.write("x.json", "{}");
  const Outcome outcome = box.run({"bench", "show", "x.json"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("its schema is ''") != std::string::npos);
  CHECK(box.run({"bench", "show", "absent.json"}).code == 1);
  CHECK(box.run({"bench", "show", "x.json", "--slo", "x"}).code == 2);
}

TEST_CASE("API keys come from the environment and are nowhere else") {
  Sandbox box;
  box.output_of({"init"});
  const MockOpenAi closed({.key = "s3cret-key-of-mine"});
  CHECK(bench(box, closed.url()).code == 2);
  box.set_environment("MY_KEY", "s3cret-key-of-mine");
  const Outcome outcome =
      bench(box, closed.url(), {"--api-key-env", "MY_KEY", "-o", "r.json", "--json", "--verbose"});
  CHECK(outcome.code == 0);
  CHECK((outcome.out + outcome.err + box.read("r.json")).find("s3cret") == std::string::npos);
  const Outcome found = box.run_program({"grep", "-r", "s3cret", box.folder().string()});
  CHECK(found.out.empty());
  box.set_environment("MY_KEY", "wrong-key-of-mine");
  const Outcome refused = bench(box, closed.url(), {"--api-key-env", "MY_KEY"});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("wrong-key") == std::string::npos);
}

TEST_CASE("loads: an open loop, prompts of a file, a time") {
  const Sandbox box;
  const MockOpenAi server;
  box.write("prompts.txt", "Hello\n{\"prompt\": \"World\"}\n");
  const Outcome open = bench(box, server.url(),
                             {"--rate", "200", "--prompts", "prompts.txt", "--json", "--slo",
                              "ttft:60000", "--slo", "tpot:60000"});
  REQUIRE(open.code == 0);
  const json report = json::parse(open.out);
  CHECK(report["load"] == "poisson, 200 requests/s");
  CHECK(report["good"] == 3);
  CHECK(report["fingerprint"].contains("prompts_sha256"));
  CHECK(open.out.find("prefix") != std::string::npos);  // they were sent more than once
  CHECK(bench(box, server.url(), {"--prompts", "prompts.txt", "--input-tokens", "3"}).code == 2);
  const Outcome timed =
      box.run({"bench", "run", server.url(), "--duration", "200ms", "--warmup", "0", "--json"});
  CHECK(timed.code == 0);
  CHECK(json::parse(timed.out)["wall_seconds"].get<double>() > 0.1);
}

TEST_CASE("eval cache: show and clear what was kept; 1 if there is none") {
  Sandbox box;
  box.set_environment("XDG_CACHE_HOME", (box.folder() / "cache").string());
  CHECK(box.run({"eval", "cache", "show"}).code == 1);
  CHECK(box.run({"eval", "cache", "clear", "--yes"}).code == 1);
  CHECK(box.run({"eval", "cache", "show", "http://x"}).code == 2);
  CHECK(box.run({"eval", "cache", "show", "a.db", "b.db"}).code == 2);
  CHECK(box.run({"eval", "cache", "clear", "--yes", "--target", "x", "redis://h"}).code == 2);
  CHECK(box.run({"eval", "cache", "show", "redis://127.0.0.1:1"}).code == 1);
}
