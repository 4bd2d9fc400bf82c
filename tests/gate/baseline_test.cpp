#include "mlopsctl/base/error.hpp"

#include "support/evaluations.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

gate::Baseline full() {
  auto result = result_of({task_of(outcomes(3, 5))});
  result.tasks[0].examples[1].nll = 1.25;
  gate::Baseline baseline{.name = "chat", .quality = result, .latency = latency_of({5, 6, 7})};
  baseline.history = {{{1000}, "Ann <ann@example.org>", "first", ""},
                      {{2000}, "Bob", "better \"data\"\n", "abc"}};
  baseline.noise = {{"median e2e", 0.02}};
  return baseline;
}

}  // namespace

TEST_CASE("a baseline is the same after a file, an example and a request a line") {
  const gate::Baseline baseline = full();
  const std::string text = gate::baseline_json(baseline);
  const gate::Baseline again = gate::parse_baseline(text, "x");
  CHECK(gate::baseline_json(again) == text);
  CHECK(again.digest() == baseline.digest());
  CHECK(again.history[1].why == "better \"data\"\n");
  CHECK(again.history[1].digest == "abc");
  CHECK(again.quality->tasks[0].examples.size() == 5);
  CHECK(*again.quality->tasks[0].examples[1].nll == 1.25);
  CHECK(again.latency->requests.size() == 3);
  int lines_of_examples = 0;
  for (std::size_t at = 0; (at = text.find("\"prompt_hash\"", at)) != text.npos; ++at) {
    ++lines_of_examples;
    const auto begin = text.rfind('\n', at);
    CHECK(text.find("\"prompt_hash\"", at + 1) - at > text.find('\n', at) - at);
    CHECK(begin != text.npos);
  }
  CHECK(lines_of_examples == 5);
}

TEST_CASE("the digest is of the contents: not of name and history, but of one answer") {
  gate::Baseline baseline = full();
  const std::string digest = baseline.digest();
  baseline.name = "other";
  baseline.history.clear();
  CHECK(baseline.digest() == digest);
  baseline.quality->tasks[0].examples[4].metrics["acc"] = 1;
  CHECK(baseline.digest() != digest);
}

TEST_CASE("numbers by name are a baseline; anything else is an error that names the file") {
  const auto plain = gate::parse_baseline(R"({"accuracy": 0.91, "eval": {"loss": 2}})", "x");
  CHECK(plain.plain.at("accuracy") == 0.91);
  CHECK(plain.plain.at("eval/loss") == 2);
  for (const char* wrong :
       {"", "[]", "{}", "{\"accuracy\": \"high\"}", "{\"schema\": \"mlopsctl.baseline/1\"}",
        R"({"schema": "mlopsctl.baseline/1", "name": "a", "history": []})",
        R"({"schema": "mlopsctl.baseline/1", "name": 3, "history": []})",
        R"({"schema": "mlopsctl.baseline/1", "name": "a", "history": [{"at": "never"}]})",
        R"({"schema": "mlopsctl.other/1"})"}) {
    CAPTURE(wrong);
    try {
      gate::parse_baseline(wrong, "file.json");
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::corrupt);
      CHECK(std::string(error.what()).find("file.json") != std::string::npos);
    }
  }
  try {
    gate::parse_baseline(R"({"schema": "mlopsctl.baseline/9"})", "x");
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
  }
}

TEST_CASE("noise is measured on one machine") {
  auto other = latency_of({1, 2});
  other.fingerprint["cpu"] = "another";
  CHECK_THROWS_AS(gate::noise_floor(latency_of({1, 2}), {other}), Error);
}

TEST_CASE("names of baselines are names of files") {
  CHECK(gate::is_baseline_name("chat-2.1_a"));
  for (const char* wrong : {"", ".a", "-a", "a/b", "a b", "\xff"}) {
    CHECK_FALSE(gate::is_baseline_name(wrong));
  }
}
