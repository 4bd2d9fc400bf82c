// The small model passes, and each planted defect fails its test.
#include "mlopsctl/eval/model_test.hpp"

#include "mlopsctl/base/error.hpp"

#include "support/locations.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

using namespace mlopsctl;
using gate::Verdict;

namespace {

const std::string folder = testing::source_folder() + "/examples/chatbot/model";

std::unique_ptr<Engine> real_engine() {
  return make_cpu_engine(Checkpoint::open(folder), {.threads = 1});
}

// The real engine, with something wrong.
class Damaged : public Engine {
 public:
  enum class Defect { nan, shape, forgets_seed, batch };
  explicit Damaged(Defect defect) : defect_(defect), real_(real_engine()) {}

  std::string name() const override { return real_->name(); }
  const ModelConfig& config() const override { return real_->config(); }
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                 Progress& progress) override {
    return real_->score(requests, progress);
  }
  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const OnToken& on_token) override {
    std::vector<GenerateRequest> asked(requests.begin(), requests.end());
    for (GenerateRequest& one : asked) {
      if (defect_ == Defect::forgets_seed) one.seed += ++calls_;
    }
    auto results = real_->generate(asked, on_token);
    if (defect_ == Defect::batch && requests.size() > 1)
      results.front().log_probabilities[0] += 1e-6F;
    return results;
  }
  std::vector<std::vector<float>> embed(std::span<const std::vector<std::int32_t>> sequences,
                                        Pooling pooling, Progress& progress) override {
    return real_->embed(sequences, pooling, progress);
  }
  std::vector<float> logits(std::span<const std::int32_t> tokens) override {
    auto values = real_->logits(tokens);
    if (defect_ == Defect::nan) values[17] = std::numeric_limits<float>::quiet_NaN();
    if (defect_ == Defect::shape) values.pop_back();
    return values;
  }

 private:
  Defect defect_;
  std::unique_ptr<Engine> real_;
  std::uint64_t calls_ = 0;
};

gate::GateResult tested(Engine& engine, const gate::ModelTestOptions& options = {}) {
  testing::NoProgress progress;
  return gate::test_model(engine, Tokenizer::load(folder), options, progress);
}

std::vector<std::string> failed(const gate::GateResult& result) {
  std::vector<std::string> names;
  for (const auto& check : result.checks) {
    if (check.verdict == Verdict::fail) names.push_back(check.name);
  }
  return names;
}

}  // namespace

TEST_CASE("the small model has the right shape, begins with its prompt and repeats itself") {
  const auto engine = real_engine();
  const auto result = tested(*engine, {.mean_below = 60'000});
  CHECK(failed(result).empty());
  CHECK(result.verdict == Verdict::pass);
  REQUIRE(result.checks.size() == 8);
  CHECK(result.checks[1].text.find("expected (1, 5, ") != std::string::npos);
  CHECK(tested(*engine, {.mean_below = 1e-6}).verdict == Verdict::fail);
  CHECK(tested(*engine, {.mean_below = 60'000, .runs = 3}).verdict == Verdict::no_answer);
}

TEST_CASE("each defect fails its own test") {
  using Defect = Damaged::Defect;
  const auto broken = [](Defect defect, const gate::ModelTestOptions& options = {}) {
    Damaged engine(defect);
    return failed(tested(engine, options));
  };
  CHECK(broken(Defect::nan) == std::vector<std::string>{"finite"});
  CHECK(broken(Defect::shape) == std::vector<std::string>{"shape"});
  CHECK(broken(Defect::forgets_seed) == std::vector<std::string>{"determinism, sampled"});
  CHECK(broken(Defect::batch).empty());  // told only
  CHECK(broken(Defect::batch, {.batch_must_agree = true}) == std::vector<std::string>{"batch"});
}

TEST_CASE("prompts that cannot be answered are refused") {
  const auto engine = real_engine();
  CHECK_THROWS_AS(tested(*engine, {.prompt = ""}), Error);
  CHECK_THROWS_AS(tested(*engine, {.max_new = 1'000'000}), Error);
}
