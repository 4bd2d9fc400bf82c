// How fast an endpoint answers: what is sent when, and what is made of what comes back.
#include "mlopsctl/eval/endpoint.hpp"

#include "support/expect_error.hpp"
#include "support/mock_openai.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

LatencyRun measure(const MockOpenAi& server, const LoadPlan& plan) {
  NoProgress progress;
  return measure_endpoint({.url = server.url(), .timeout = Milliseconds{5'000}}, plan, progress);
}

}  // namespace

TEST_CASE("a closed loop: warm-ups are left out, prompts have the tokens asked for and differ") {
  const MockOpenAi server({.max_model_len = 4096});
  const LatencyRun run =
      measure(server, {.input_tokens = 50, .output_tokens = 9, .requests = 6, .concurrency = 2});
  CHECK(run.load == "closed, 2 at once");
  CHECK(run.warmups == 3);
  REQUIRE(run.requests.size() == 6);
  for (const auto& request : run.requests) {
    CHECK(request.error.empty());
    CHECK(request.prompt_tokens == 7);
    CHECK(request.output_tokens == 5);
    CHECK_FALSE(request.counted_chunks);
    CHECK(request.gaps.size() == 4);
    CHECK(request.first >= request.sent);
    CHECK(request.last >= request.first);
  }
  CHECK(run.wall > 0);
  CHECK(run.fingerprint.at("endpoint_model") == "mock");
  std::set<std::string> prompts;
  for (const auto& body : server.bodies("/v1/completions")) {
    const json asked = json::parse(body);
    CHECK(asked["prompt"].size() == 50);
    CHECK(asked["max_tokens"] == 9);
    CHECK(asked["ignore_eos"] == true);
    CHECK(asked["temperature"] == 0);
    prompts.insert(asked["prompt"].dump());
  }
  CHECK(prompts.size() == 7);  // the warm-ups are one
  CHECK(run.notes.empty());
}

TEST_CASE("times are those of the texts: not of roles, and of nothing behind the last text") {
  const MockOpenAi server({.first_delay = milliseconds(30), .token_delay = milliseconds(10)});
  NoProgress progress;
  const LatencyRun run =
      measure_endpoint({.url = server.url(), .api = EndpointApi::chat},
                       {.prompts = {"Hi"}, .requests = 3, .warmups = 0}, progress);
  // A busy machine may read the first text late, and then sees less between it and the last one.
  const auto first = latency_values(run, LatencyMetric::ttft);
  const auto each = latency_values(run, LatencyMetric::tpot);
  const auto whole = latency_values(run, LatencyMetric::e2e);
  REQUIRE(whole.size() == 3);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(first[i] >= 30);
    CHECK(whole[i] >= 70);
    CHECK(first[i] + 4 * each[i] == doctest::Approx(whole[i]));
  }
  for (const auto& request : run.requests) CHECK(request.due == request.sent);
}

TEST_CASE("an open loop sends when it is time, whatever the answers") {
  const MockOpenAi server({.first_delay = milliseconds(300)});
  const LoadPlan plan{
      .prompts = {"Hi"}, .requests = 12, .warmups = 1, .concurrency = 0, .rate = 100, .seed = 3};
  const LatencyRun run = measure(server, plan);
  const auto due = due_times(plan);
  REQUIRE(run.requests.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(run.requests[i].due == due[i]);
    CHECK(run.requests[i].sent >= due[i]);
  }
  CHECK(run.requests[1].sent < run.requests[0].last);  // it did not wait for the answer
}

TEST_CASE("failures are kept and are not repeated, warm-ups that fail end the measurement") {
  MockBehaviour behaviour;
  behaviour.fault = [](const ServedRequest&, int attempt) -> std::optional<ServedResponse> {
    if (attempt % 2 == 0) return std::nullopt;
    return ServedResponse{.status = 503, .body = "busy"};
  };
  const MockOpenAi server(std::move(behaviour));
  const LatencyRun run = measure(server, {.prompts = {"Hi"}, .requests = 4, .warmups = 1});
  CHECK(latency_totals(run).completed == 2);
  CHECK(latency_totals(run).failed == 2);
  CHECK(run.requests[0].error == "the server answered 503: busy");
  CHECK(server.bodies("/v1/completions").size() == 5);
  const MockOpenAi mute({.text = {}});
  CHECK_ERROR(measure(mute, {.prompts = {"Hi"}}), ErrorKind::unavailable, "has no text");
}

TEST_CASE("a server whose answers differ at temperature 0 is found out, the model is not blamed") {
  MockBehaviour behaviour;
  behaviour.fault = [](const ServedRequest&, int attempt) -> std::optional<ServedResponse> {
    if (attempt != 1) return std::nullopt;
    return ServedResponse{
        .body = R"({"choices":[{"text":"Grüße aus Kyoto.","finish_reason":"stop"}]})"};
  };
  const MockOpenAi server(std::move(behaviour));
  const LatencyRun run = measure(server, {.prompts = {"Hi"}, .requests = 1, .warmups = 3});
  REQUIRE(run.notes.size() == 1);
  CHECK(run.notes[0].find("the server answers one request differently") == 0);
  CHECK(run.notes[0].find("'東京 👋.' and 'Kyoto.'") != std::string::npos);
}

TEST_CASE("a server that is lost in the middle leaves the records of what came before") {
  MockBehaviour behaviour;
  behaviour.fault = [](const ServedRequest&, int attempt) -> std::optional<ServedResponse> {
    return attempt < 3 ? std::nullopt : std::optional(ServedResponse{.drop = true});
  };
  const MockOpenAi server(std::move(behaviour));
  const LatencyRun run = measure(server, {.prompts = {"Hi"}, .requests = 5, .warmups = 1});
  CHECK(latency_totals(run).completed == 2);
  CHECK(latency_totals(run).failed == 3);
}

TEST_CASE("tokens are counted by chunks, and marked, where the server tells no usage") {
  const MockOpenAi server({.usage = false, .unknown_fields = {"ignore_eos", "stream_options"}});
  const LatencyRun run = measure(server, {.prompts = {"Hi"}, .requests = 2, .warmups = 1});
  for (const auto& request : run.requests) {
    CHECK(request.counted_chunks);
    CHECK(request.output_tokens == 5);
  }
}

TEST_CASE(
    "prompts differ and have the tokens asked for beyond those made before the clock starts") {
  const MockOpenAi server({.max_model_len = 4096});
  const LatencyRun run = measure(
      server,
      {.input_tokens = 20, .output_tokens = 1, .requests = 1'100, .warmups = 1, .concurrency = 4});
  CHECK(run.requests.size() == 1'100);
  std::set<std::string> prompts;
  for (const auto& body : server.bodies("/v1/completions")) {
    const json prompt = json::parse(body)["prompt"];
    CHECK(prompt.size() == 20);
    prompts.insert(prompt.dump());
  }
  CHECK(prompts.size() == 1'101);
}

TEST_CASE("no request starts when the time is over") {
  const MockOpenAi server({.first_delay = milliseconds(20)});
  const LatencyRun run = measure(
      server,
      {.prompts = {"Hi"}, .requests = 100'000, .duration = Milliseconds{100}, .warmups = 0});
  CHECK(run.requests.size() < 10);
  CHECK(!run.requests.empty());
}

TEST_CASE("arrivals: their mean is the rate, their spread the burstiness, the same every time") {
  LoadPlan plan{.requests = 20'000, .rate = 10, .burstiness = 1, .seed = 1};
  const auto spread_of = [](const std::vector<double>& due) {  // coefficient of variation
    CHECK(std::ranges::is_sorted(due));
    double sum = 0, squares = 0;
    for (std::size_t i = 1; i < due.size(); ++i) {
      const double gap = due[i] - due[i - 1];
      sum += gap;
      squares += gap * gap;
    }
    const double n = static_cast<double>(due.size() - 1);
    return std::sqrt(squares / n - sum / n * sum / n) / (sum / n);
  };
  const auto due = due_times(plan);
  CHECK(due.front() == 0);
  CHECK(due.back() == doctest::Approx(2000).epsilon(0.01));
  CHECK(due == due_times(plan));
  CHECK(spread_of(due) == doctest::Approx(1).epsilon(0.05));
  plan.burstiness = 0.25;
  CHECK(spread_of(due_times(plan)) == doctest::Approx(2).epsilon(0.05));
  plan.burstiness = 100;
  CHECK(spread_of(due_times(plan)) == doctest::Approx(0.1).epsilon(0.05));
  CHECK(describe_load(plan) == "gamma with burstiness 100, 10 requests/s, at most 1 at once");
  CHECK(describe_load({.concurrency = 0, .rate = 8}) == "poisson, 8 requests/s");
}

TEST_CASE("loads that are none are refused") {
  CHECK_ERROR(check_load({.requests = 0}), ErrorKind::usage, "--requests");
  CHECK_ERROR(check_load({.concurrency = 0}), ErrorKind::usage, "--concurrency");
  CHECK_ERROR(check_load({.rate = -1}), ErrorKind::usage, "--rate");
  CHECK_ERROR(check_load({.burstiness = 0}), ErrorKind::usage, "--burstiness");
  CHECK_ERROR(check_load({.input_tokens = 0}), ErrorKind::usage, "--input-tokens");
  CHECK_ERROR(check_load({.output_tokens = 0}), ErrorKind::usage, "--output-tokens");
}

TEST_CASE("prompts: a line each, as text or as JSON") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "prompts.jsonl";
  const auto write = [&](const std::string& text) { std::ofstream(file) << text; };
  write(
      "plain text\r\n\n{\"prompt\": \"a\"}\n{\"messages\":[{\"role\":\"user\",\"content\":\"b\"}]}"
      "\n{no json\n");
  CHECK(read_prompts(file) == std::vector<std::string>{"plain text", "a", "b", "{no json"});
  write("\n\n");
  CHECK_ERROR(read_prompts(file), ErrorKind::usage, "has no prompt");
  write("{\"id\": 1}");
  CHECK_ERROR(read_prompts(file), ErrorKind::usage, "line 1 of");
}
