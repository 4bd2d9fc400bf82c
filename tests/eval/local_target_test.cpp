// A model in a folder as a target: which tokens are scored, and where a text ends. The tokenizer is
// the quick-start's, the engine a rule.
#include "mlopsctl/eval/local_target.hpp"

#include "support/expect_error.hpp"
#include "support/locations.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

using namespace mlopsctl;

namespace {

constexpr TokenId end_of_text = 0;

// Each token has the log-probability −(token mod 7) − 1; the most likely one is always 0. Writes
// the tokens of a script.
class RuleEngine final : public Engine {
 public:
  struct Calls {
    std::vector<ScoreRequest> scored;
    std::vector<GenerateRequest> generated;
  };
  explicit RuleEngine(std::shared_ptr<Calls> calls) : calls_(std::move(calls)) {
    config_.max_positions = 16;
    config_.vocabulary = 4096;
  }
  std::vector<TokenId> script;
  bool shares = true, finite = true;

  std::string name() const override { return "rule, none, float32"; }
  const ModelConfig& config() const override { return config_; }
  static float log_of(TokenId token) { return -static_cast<float>(token % 7) - 1; }
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests, Progress&) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) {
      calls_->scored.push_back(request);
      ScoreResult& result = results.emplace_back();
      result.finite = finite;
      for (std::size_t i = request.first; i < request.tokens.size(); ++i) {
        result.log_probabilities.push_back(log_of(request.tokens[i]));
        result.argmax.push_back(0);
      }
      if (!shares) continue;
      for (const TokenId other : request.others) result.others.push_back(log_of(other));
    }
    return results;
  }
  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const OnToken& on_token) override {
    std::vector<GenerateResult> results(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      calls_->generated.push_back(requests[i]);
      for (const TokenId token : script) {
        if (results[i].tokens.size() == requests[i].max_new) break;
        results[i].tokens.push_back(token);
        const bool stop = std::ranges::find(requests[i].stop, token) != requests[i].stop.end();
        if (stop) results[i].finish = FinishReason::stop;
        if (!on_token(i, token) || stop) break;
      }
    }
    return results;
  }
  std::vector<std::vector<float>> embed(std::span<const std::vector<std::int32_t>>, Pooling,
                                        Progress&) override {
    return {};
  }
  std::vector<float> logits(std::span<const std::int32_t>) override { return {}; }

 private:
  std::shared_ptr<Calls> calls_;
  ModelConfig config_;
};

Tokenizer tokenizer() {
  return Tokenizer::load(testing::source_folder() + "/examples/chatbot/model");
}

struct Local {
  std::shared_ptr<RuleEngine::Calls> calls = std::make_shared<RuleEngine::Calls>();
  RuleEngine* engine = nullptr;
  std::unique_ptr<Target> target;
  testing::NoProgress progress;

  explicit Local(LocalOptions options = {}) {
    auto made = std::make_unique<RuleEngine>(calls);
    engine = made.get();
    target = make_local_target(tokenizer(), std::move(made), options, {});
  }
  LikelihoodResult likelihood(const std::string& context, const std::string& continuation) {
    const std::vector<LikelihoodRequest> one{{context, continuation}};
    return target->likelihood(one, progress).front();
  }
  GenerationResult generate(const GenerationRequest& request) {
    return target->generate(std::vector<GenerationRequest>{request}, progress).front();
  }
};

std::vector<TokenId> tokens_of(const std::string& text) { return tokenizer().encode(text, false); }

}  // namespace

TEST_CASE("the tokens behind the context's are scored, of the whole text") {
  Local local;
  const auto whole = tokens_of("Who is there?"), context = tokens_of("Who is");
  const LikelihoodResult result = local.likelihood("Who is", " there?");
  CHECK(local.calls->scored[0].tokens == whole);
  CHECK(local.calls->scored[0].first == context.size());
  CHECK(result.tokens == whole.size() - context.size());
  double sum = 0;
  for (std::size_t i = context.size(); i < whole.size(); ++i) {
    sum += static_cast<double>(RuleEngine::log_of(whole[i]));
  }
  CHECK(result.sum == sum);
  CHECK_FALSE(result.greedy);
}

TEST_CASE("a space at the end of the context belongs to the continuation") {
  Local local;
  local.likelihood("Who is ", "there?");
  CHECK(local.calls->scored[0].tokens == tokens_of("Who is there?"));
  CHECK(local.calls->scored[0].first == tokens_of("Who is").size());
}

TEST_CASE("an empty context is the prefix token, once") {
  Local local;
  local.likelihood("", "Who");
  const auto text = tokens_of("Who");
  REQUIRE(local.calls->scored[0].tokens.size() == text.size() + 1);
  CHECK(local.calls->scored[0].tokens[0] == end_of_text);
  CHECK(local.calls->scored[0].first == 1);
  local.likelihood("", "<|endoftext|>Who");
  CHECK(local.calls->scored[1].tokens == local.calls->scored[0].tokens);
  CHECK(local.likelihood("Who", "").error == "the continuation has no token of its own");
}

TEST_CASE("a context that is too long loses its left end, a continuation nothing") {
  Local local;
  std::string context = "a";
  for (int i = 0; i < 30; ++i) context += " a";
  const LikelihoodResult result = local.likelihood(context, " b c");
  CHECK(result.truncated);
  CHECK(result.tokens == 2);
  CHECK(local.calls->scored[0].tokens.size() == 17);
  CHECK(local.likelihood("x", context).error.find("the continuation has") == 0);
}

TEST_CASE("choices of one token share a pass, with and without the engine's help") {
  for (const bool shares : {true, false}) {
    Local local;
    local.engine->shares = shares;
    const std::vector<LikelihoodRequest> requests{
        {"Answer:", " A"}, {"Answer:", " B"}, {"Answer:", " A"}, {"Other:", " B"}};
    const auto results = local.target->likelihood(requests, local.progress);
    if (shares) CHECK(local.calls->scored.size() == 2);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto token = tokens_of(requests[i].continuation);
      REQUIRE(token.size() == 1);
      CHECK(results[i].sum == static_cast<double>(RuleEngine::log_of(token[0])));
    }
  }
}

TEST_CASE("rolling windows score each token once") {
  Local local;
  std::string text = "a";
  for (int i = 0; i < 39; ++i) text += " a";
  const auto tokens = tokens_of(text);
  REQUIRE(tokens.size() == 40);
  const std::vector<std::string> texts{text, "Who", ""};
  const auto results = local.target->rolling(texts, local.progress);
  CHECK(results[0].tokens == 40);
  double sum = 0;
  for (const TokenId token : tokens) sum += static_cast<double>(RuleEngine::log_of(token));
  CHECK(results[0].sum == doctest::Approx(sum));
  CHECK(results[1].tokens == tokens_of("Who").size());
  CHECK(results[2].error == "the text has no tokens");
  for (const ScoreRequest& request : local.calls->scored) CHECK(request.tokens.size() <= 17);
}

TEST_CASE("a logit that is no number makes an error, not a score") {
  Local local;
  local.engine->finite = false;
  CHECK(local.likelihood("a", " b").error.find("not a number") != std::string::npos);
}

TEST_CASE("a text ends before the earliest stop string, also one that spans tokens") {
  Local local;
  local.engine->script = tokens_of("To be, or not to be.\nThat is the question.");
  GenerationResult result =
      local.generate({.prompt = "x", .max_tokens = 12, .stop = {"be,", "o be"}});
  CHECK(result.text == "T");
  CHECK(result.finish_reason == "stop");
  CHECK(result.completion_tokens < 5);
  result = local.generate({.prompt = "x", .max_tokens = 3, .stop = {""}});
  CHECK(result.text == tokenizer().decode(std::span(local.engine->script).first(3), true));
  CHECK(result.finish_reason == "length");
  local.engine->script = {tokens_of("To")[0], end_of_text, tokens_of("be")[0]};
  result = local.generate({.prompt = "x", .max_tokens = 12});
  CHECK(result.text == "To");
  CHECK(result.finish_reason == "stop");
}

TEST_CASE("a prompt leaves room for what is to be written") {
  Local local;
  local.engine->script = {1};
  std::string prompt = "a";
  for (int i = 0; i < 30; ++i) prompt += " a";
  local.generate({.prompt = prompt, .max_tokens = 6});
  CHECK(local.calls->generated[0].prompt.size() == 10);
  CHECK(local.calls->generated[0].choosable == tokenizer().size());
  local.generate({.prompt = "", .max_tokens = 6});
  CHECK(local.calls->generated[1].prompt == std::vector<TokenId>{end_of_text});
  CHECK(local.generate({.prompt = "a", .max_tokens = 16}).error.find("no room") !=
        std::string::npos);
}

TEST_CASE("a shorter length is possible, a longer one is not") {
  Local local({.max_length = 4});
  CHECK(local.likelihood("a a a a a a", " b").truncated);
  CHECK(local.target->fingerprint().at("max_length") == "4");
  CHECK_ERROR(Local({.max_length = 17}), ErrorKind::usage, "16 positions");
}
