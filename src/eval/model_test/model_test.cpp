#include "mlopsctl/eval/model_test.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate_statistics.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace mlopsctl::gate {

namespace {

constexpr std::size_t shape_tokens = 5;
constexpr std::size_t batch = 4;
constexpr std::size_t warmups = 3;
constexpr std::size_t hash_digits = 12;

std::string hash_of(const std::vector<float>& values) {
  return sha256_hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)})
      .substr(0, hash_digits);
}

class ModelTest {
 public:
  ModelTest(Engine& engine, const Tokenizer& tokenizer, const ModelTestOptions& options,
            GateResult& result)
      : engine_(engine), tokenizer_(tokenizer), options_(options), result_(result) {
    prompt_ = tokenizer.encode(options.prompt, true);
    if (prompt_.empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("the prompt {} has no token", quote(options.prompt)));
    }
    const std::size_t most = engine.config().max_positions;
    if (prompt_.size() + options.max_new > most) {
      throw Error(ErrorKind::usage,
                  fmt::format("prompt and answer have {} tokens, the model has {} positions",
                              prompt_.size() + options.max_new, most),
                  "shorten the prompt, or lower --max-tokens");
    }
  }

  void vocabulary() {
    const std::size_t ids = tokenizer_.size(), rows = engine_.config().vocabulary;
    add("tokenizer", ids <= rows,
        fmt::format("the tokenizer has {} ids, the model {} rows of vocabulary", ids, rows));
  }

  void logits() {
    std::vector<TokenId> five;
    for (std::size_t i = 0; i < shape_tokens; ++i) five.push_back(prompt_[i % prompt_.size()]);
    const auto values = engine_.logits(five);
    const std::size_t rows = engine_.config().vocabulary;
    add("shape", values.size() == shape_tokens * rows,
        fmt::format("logits of {} tokens have {} values, expected (1, {}, {})", shape_tokens,
                    values.size(), shape_tokens, rows));
    const auto odd = std::ranges::count_if(values, [](float x) { return !std::isfinite(x); });
    add("finite", odd == 0,
        odd == 0 ? std::string("no logit is NaN or infinite")
                 : fmt::format("{} of {} logits are NaN or infinite", odd, values.size()));
  }

  void prefix() {
    const GenerateResult answer = generate(0);
    if (!answer.finite) return add("prompt", false, "a logit was NaN or infinite while generating");
    std::vector<TokenId> all = prompt_;
    all.insert(all.end(), answer.tokens.begin(), answer.tokens.end());
    const std::string text = tokenizer_.decode(all, true);
    const bool begins = text.starts_with(options_.prompt);
    const bool longer = text.size() > options_.prompt.size();
    add("prompt", begins && longer,
        fmt::format("the text {} {}, {} characters after {}", quote(shortened(text, 60)),
                    begins ? "starts with its prompt" : "does not start with its prompt",
                    text.size(), options_.prompt.size()));
  }

  void determinism() {
    for (const double temperature : {0.0, 1.0}) {
      const GenerateResult first = generate(temperature), again = generate(temperature);
      const std::string name = temperature == 0 ? "determinism, greedy" : "determinism, sampled";
      const std::string hash = hash_of(first.log_probabilities);
      if (first.tokens == again.tokens && hash == hash_of(again.log_probabilities)) {
        add(name, true,
            fmt::format("seed {} gave the same {} tokens and log-probabilities ({}) twice",
                        options_.seed, first.tokens.size(), hash));
        continue;
      }
      add(name, false, difference(first, again, fmt::format("seed {} twice", options_.seed)));
    }
  }

  void batches() {
    std::vector<GenerateRequest> requests(batch, request(0));
    for (std::size_t i = 1; i < batch; ++i) {  // neighbours of other lengths
      requests[i].prompt.resize(std::max<std::size_t>(1, prompt_.size() - i % prompt_.size()));
    }
    const GenerateResult alone = generate(0);
    const GenerateResult among = engine_.generate(requests, nullptr).front();
    const bool tokens = alone.tokens == among.tokens;
    const bool bits = tokens && alone.log_probabilities == among.log_probabilities;
    const std::string text =
        bits ? fmt::format("alone and among {} the same tokens and bits", batch)
             : difference(alone, among, fmt::format("alone and among {}", batch));
    if (options_.batch_must_agree) return add("batch", bits, text);
    result_.checks.push_back({.subject = "model",
                              .name = "batch",
                              .verdict = tokens ? Verdict::pass : Verdict::warning,
                              .text = text});
  }

  void latency() {
    if (!options_.mean_below) return;
    std::vector<double> milliseconds;
    for (std::size_t i = 0; i < warmups + options_.runs; ++i) {
      const auto start = std::chrono::steady_clock::now();
      generate(0);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - start;
      if (i >= warmups) milliseconds.push_back(took.count());
    }
    const double mean = mean_of(milliseconds);
    result_.samples.push_back({"answers", "ms", {}, milliseconds});
    Check check{.subject = "model",
                .name = "mean latency",
                .verdict = mean < *options_.mean_below ? Verdict::pass : Verdict::fail,
                .unit = "ms",
                .now = mean,
                .limit = *options_.mean_below,
                .n = milliseconds.size()};
    check.text =
        fmt::format("the mean of {} answers of {} tokens is {:.4f} ms, {} {:.4f} ms",
                    milliseconds.size(), options_.max_new, mean,
                    mean < *options_.mean_below ? "below" : "not below", *options_.mean_below);
    if (milliseconds.size() < least_runs_of_limit) {
      check.verdict = Verdict::no_answer;
      check.text = fmt::format("insufficient data: {} runs, {} are needed", milliseconds.size(),
                               least_runs_of_limit);
    }
    result_.checks.push_back(std::move(check));
  }

 private:
  void add(std::string name, bool passed, std::string text) {
    result_.checks.push_back({.subject = "model",
                              .name = std::move(name),
                              .verdict = passed ? Verdict::pass : Verdict::fail,
                              .text = std::move(text)});
  }

  GenerateRequest request(double temperature) const {
    return {.prompt = prompt_,
            .max_new = options_.max_new,
            .temperature = temperature,
            .seed = options_.seed,
            .choosable = tokenizer_.size()};
  }
  GenerateResult generate(double temperature) {
    const GenerateRequest one = request(temperature);
    return engine_.generate({&one, 1}, nullptr).front();
  }

  std::string difference(const GenerateResult& a, const GenerateResult& b,
                         const std::string& what) {
    const auto [left, right] = std::ranges::mismatch(a.tokens, b.tokens);
    if (left != a.tokens.end() || right != b.tokens.end()) {
      return fmt::format("{}: token {} of the answer differs ({} and {})", what,
                         left - a.tokens.begin() + 1, left == a.tokens.end() ? -1 : *left,
                         right == b.tokens.end() ? -1 : *right);
    }
    double most = 0;
    for (std::size_t i = 0; i < std::min(a.log_probabilities.size(), b.log_probabilities.size());
         ++i) {
      most = std::max(most, std::abs(double(a.log_probabilities[i]) - b.log_probabilities[i]));
    }
    return fmt::format("{}: the same tokens, log-probabilities differ by up to {:.2g}", what, most);
  }

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const ModelTestOptions& options_;
  GateResult& result_;
  std::vector<TokenId> prompt_;
};

}  // namespace

GateResult test_model(Engine& engine, const Tokenizer& tokenizer, const ModelTestOptions& options,
                      Progress& progress) {
  GateResult result{.kind = Kind::model_test};
  ModelTest test(engine, tokenizer, options, result);
  test.vocabulary();
  test.logits();
  test.prefix();
  test.determinism();
  test.batches();
  if (options.mean_below) progress.detail("measuring latency");
  test.latency();
  conclude(result);
  return result;
}

}  // namespace mlopsctl::gate
