// How fast a model of this process answers. The tokenizer is the quick-start's, the engine a rule.
#include "mlopsctl/eval/model_latency.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

class SlowEngine final : public Engine {
 public:
  SlowEngine() { config_.max_positions = 64; }
  std::string name() const override { return "slow, none, float32"; }
  const ModelConfig& config() const override { return config_; }
  std::vector<ScoreResult> score(std::span<const ScoreRequest>, Progress&) override { return {}; }
  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const OnToken& on_token) override {
    for (const auto& request : requests) prompts.push_back(request.prompt);
    std::vector<GenerateResult> results(requests.size());
    std::vector<std::size_t> running, made(requests.size());
    for (std::size_t next = 0;;) {
      while (next < requests.size() &&
             (!requests[next].may_start || requests[next].may_start(running.empty())))
        running.push_back(next++);
      if (running.empty()) return results;
      batches.push_back(running.size());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      for (const std::size_t i : running) {
        results[i].finite = requests[i].prompt.size() != 9;
        ++made[i];
        if (results[i].finite) on_token(i, 7);
      }
      std::erase_if(running, [&](std::size_t i) {
        return !results[i].finite || made[i] == requests[i].max_new;
      });
    }
  }
  std::vector<std::vector<float>> embed(std::span<const std::vector<std::int32_t>>, Pooling,
                                        Progress&) override {
    return {};
  }
  std::vector<float> logits(std::span<const std::int32_t>) override { return {}; }

  std::vector<std::size_t> batches;  // how many ran in each step
  std::vector<std::vector<std::int32_t>> prompts;

 private:
  ModelConfig config_;
};

const Tokenizer& tokenizer() {
  static const Tokenizer loaded = Tokenizer::load(source_folder() + "/examples/chatbot/model");
  return loaded;
}

LatencyRun measure(SlowEngine& engine, const LoadPlan& plan) {
  NoProgress progress;
  return measure_engine(engine, tokenizer(), plan, progress);
}

}  // namespace

TEST_CASE("a closed loop gives the engine so many requests at a time, after the warm-ups") {
  SlowEngine engine;
  const LatencyRun run =
      measure(engine, {.input_tokens = 12, .output_tokens = 4, .requests = 5, .concurrency = 2});
  // Three alone, then five that take two places: each that ends makes room for the next.
  std::vector<std::size_t> steps(12, 1);
  steps.insert(steps.end(), 8, 2);
  steps.insert(steps.end(), 4, 1);
  CHECK(engine.batches == steps);
  REQUIRE(run.requests.size() == 5);
  for (const auto& request : run.requests) {
    CHECK(request.prompt_tokens == 12);
    CHECK(request.output_tokens == 4);
    CHECK(request.gaps.size() == 3);
    CHECK(request.due == request.sent);
    CHECK_FALSE(request.counted_chunks);
  }
  for (const double value : latency_values(run, LatencyMetric::ttft)) CHECK(value >= 2);
  for (const double value : latency_values(run, LatencyMetric::tpot)) CHECK(value >= 1.9);
  const std::set<std::vector<std::int32_t>> unique(engine.prompts.begin(), engine.prompts.end());
  CHECK(unique.size() == engine.prompts.size());
}

TEST_CASE("in an open loop requests wait for the engine, and that is told as waiting") {
  SlowEngine engine;
  const LatencyRun run = measure(engine, {.input_tokens = 5,
                                          .output_tokens = 10,
                                          .requests = 10,
                                          .warmups = 0,
                                          .concurrency = 1,
                                          .rate = 500});
  CHECK(run.requests.size() == 10);
  CHECK(engine.batches == std::vector<std::size_t>(100, 1));
  const auto queue = latency_values(run, LatencyMetric::queue);
  CHECK(queue.back() > queue.front());
}

TEST_CASE("in an open loop a request joins those that run") {
  SlowEngine engine;
  const LatencyRun run = measure(engine, {.input_tokens = 5,
                                          .output_tokens = 30,
                                          .requests = 4,
                                          .warmups = 0,
                                          .concurrency = 0,
                                          .rate = 200});
  REQUIRE(run.requests.size() == 4);
  // None waits for the end of another, which is 60 ms away.
  CHECK(*std::ranges::max_element(engine.batches) > 1);
  for (std::size_t i = 1; i < 4; ++i) CHECK(run.requests[i].sent < run.requests[0].last);
}

TEST_CASE("no request starts after the duration") {
  SlowEngine engine;
  const LatencyRun run = measure(engine, {.input_tokens = 5,
                                          .output_tokens = 5,
                                          .requests = 1000,
                                          .duration = Milliseconds{60},
                                          .warmups = 0});
  CHECK(run.requests.size() >= 1);
  CHECK(run.requests.size() < 1000);
  for (const auto& request : run.requests) CHECK(request.sent < 0.06);
}

TEST_CASE("prompts are the user's, numbers that are none are failures") {
  SlowEngine engine;
  const LatencyRun run = measure(
      engine,
      {.prompts = {"To be, or not to be"}, .output_tokens = 1, .requests = 2, .warmups = 0});
  CHECK(engine.prompts[0] == engine.prompts[1]);
  CHECK(tokenizer().decode(engine.prompts[0], true) == "To be, or not to be");
  const LatencyRun broken =
      measure(engine, {.input_tokens = 9, .output_tokens = 1, .requests = 2, .warmups = 0});
  CHECK(latency_totals(broken).failed == 2);
}

TEST_CASE("requests longer than the model are refused before any is run") {
  SlowEngine engine;
  CHECK_ERROR(measure(engine, {.input_tokens = 60, .output_tokens = 5}), ErrorKind::usage,
              "60 tokens and 5 new ones: the model has 64 positions");
  CHECK(engine.batches.empty());
}
