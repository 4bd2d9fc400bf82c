// Log-likelihoods from an endpoint: which tokens are sent, which are summed, and when its numbers
// are not to be believed.
#include "mlopsctl/eval/endpoint.hpp"

#include "eval/token_pairs.hpp"
#include "support/expect_error.hpp"
#include "support/mock_openai.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <numeric>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using nlohmann::json;
using Ids = std::vector<TokenId>;

namespace {

EndpointOptions options_for(const MockOpenAi& server) {
  return {.url = server.url(),
          .timeout = Milliseconds{5'000},
          .first_retry = Milliseconds{1},
          .longest_retry = Milliseconds{2}};
}

std::vector<LikelihoodResult> score(const MockOpenAi& server,
                                    std::vector<LikelihoodRequest> requests) {
  NoProgress progress;
  return open_endpoint(options_for(server), progress)->likelihood(requests, progress);
}

// What the server's formula gives for bytes [from, end) of a text.
double sum_of(const std::string& text, std::size_t from) {
  double sum = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    const int before = i == 0 ? mock_bos : static_cast<unsigned char>(text[i - 1]);
    sum += mock_logprob(before, static_cast<unsigned char>(text[i]));
  }
  return sum;
}

std::string numbers(std::size_t count) {
  std::string text;
  while (text.size() < count) text += static_cast<char>('0' + text.size() % 10);
  return text;
}

}  // namespace

TEST_CASE("the continuation's log-probabilities are summed, nothing else") {
  const MockOpenAi server;
  const auto results =
      score(server, {{"The sky is", " blue"}, {"The sky is ", "blue"}, {"", "ab"}});
  REQUIRE(results.size() == 3);
  for (const auto& result : results) CHECK(result.error.empty());
  CHECK(results[0].sum == doctest::Approx(sum_of("The sky is blue", 10)));
  CHECK(results[0].tokens == 5);
  CHECK_FALSE(results[0].greedy);
  CHECK(results[1].sum == results[0].sum);  // the space belongs to the continuation
  CHECK(results[1].tokens == 5);
  CHECK(results[2].sum == doctest::Approx(sum_of("ab", 0)));  // behind BOS
  const json body = json::parse(server.bodies("/v1/completions").back());
  CHECK(body["echo"] == true);
  CHECK(body["logprobs"] == 1);
  CHECK(body["max_tokens"] == 1);
  CHECK(body["temperature"] == 0);
}

TEST_CASE("greedy: every token of the continuation is the likeliest one") {
  const MockOpenAi server;
  std::string likely = "x";
  for (int i = 0; i < 3; ++i)
    likely += static_cast<char>(mock_likeliest(static_cast<unsigned char>(likely.back())));
  // The formula leaves ASCII; what is compared are bytes.
  bool ascii = true;
  for (const char c : likely) ascii = ascii && static_cast<unsigned char>(c) < 128;
  if (!ascii) likely = std::string("x") + static_cast<char>(mock_likeliest('x'));
  const auto results = score(server, {{likely.substr(0, 1), likely.substr(1)}, {"x", "zz"}});
  CHECK(results[0].greedy);
  CHECK(results[0].matched == results[0].tokens);
  CHECK_FALSE(results[1].greedy);
}

TEST_CASE("a long context loses its left end, a continuation is never cut") {
  const MockOpenAi server({.max_model_len = 21});  // 20 of the prompt, one generated
  const std::string context = numbers(30);
  const auto results = score(server, {{context, "abcde"}, {"a", numbers(20)}, {"a", numbers(19)}});
  CHECK(results[0].truncated);
  CHECK(results[0].sum == doctest::Approx(sum_of(context + "abcde", 30)));
  CHECK(results[1].error.find("20 tokens, and a prompt at most 20") != std::string::npos);
  CHECK(results[2].error.empty());
  for (const auto& body : server.bodies("/v1/completions"))
    CHECK(json::parse(body)["prompt"].size() <= 20);
}

TEST_CASE("a continuation without a token of its own is the error of its example") {
  const MockOpenAi server;
  const auto results = score(server, {{"a", ""}, {"a", "b"}});
  CHECK(results[0].error.find("no token of its own") != std::string::npos);
  CHECK(results[1].error.empty());
}

TEST_CASE("perplexity: each token of a text is scored once, over windows that overlap by one") {
  const MockOpenAi server({.max_model_len = 9});
  NoProgress progress;
  const auto target = open_endpoint(options_for(server), progress);
  const std::string text = numbers(24);
  const std::vector<std::string> texts{text, "ab", ""};
  const auto results = target->rolling(texts, progress);
  CHECK(results[0].tokens == 24);
  CHECK(results[0].sum == doctest::Approx(sum_of(text, 0)));
  CHECK(results[1].tokens == 2);
  CHECK(results[1].sum == doctest::Approx(sum_of("ab", 0)));
  CHECK(results[2].error == "the text has no token");
}

TEST_CASE("windows are those of lm-evaluation-harness") {
  // lm_eval 0.4.13, utils.get_rolling_token_windows(range(10), 100, 4, 1), disjoint
  Ids text(10);
  std::iota(text.begin(), text.end(), 0);
  const auto windows = rolling_windows(text, 100, 5);
  REQUIRE(windows.size() == 3);
  CHECK(windows[0].tokens == Ids{100, 0, 1, 2, 3});
  CHECK(windows[0].first == 1);
  CHECK(windows[1].tokens == Ids{3, 4, 5, 6, 7});
  CHECK(windows[1].first == 1);
  CHECK(windows[2].tokens == Ids{5, 6, 7, 8, 9});
  CHECK(windows[2].first == 3);
  CHECK(rolling_windows({}, 100, 5).empty());
}

TEST_CASE("a text that begins with the prefix token gets no second one") {
  const Ids whole{256, 7, 8};
  const ScoredTokens scored = scored_tokens({}, whole, 256, 10);
  CHECK(scored.tokens == whole);
  CHECK(scored.first == 1);
  CHECK(scored_tokens({}, Ids{7}, std::nullopt, 10).error.find("no token is known") !=
        std::string::npos);
  CHECK(text_pair("a \u00a0\n", "b").context == "a");
  CHECK(text_pair("a \u00a0\n", "b").whole == "a \u00a0\nb");
}

TEST_CASE("servers that ignore echo or logprobs are refused, so that no wrong number gets out") {
  const auto refused = [](MockBehaviour behaviour, const char* why) {
    const MockOpenAi server(std::move(behaviour));
    CHECK_ERROR(score(server, {{"The sky is", " blue"}}), ErrorKind::unavailable, why);
  };
  refused({.echo = false}, "ignores 'echo'");
  refused({.logprobs = false}, "ignores 'logprobs'");
  refused({.adds_bos = true}, "adds tokens of its own");
  MockBehaviour forbidden;
  forbidden.fault = [](const ServedRequest&, int) {
    return std::optional(ServedResponse{
        .status = 400, .body = R"({"error":{"message":"logprobs are not supported here"}})"});
  };
  refused(std::move(forbidden), "answered 400: logprobs are not supported here");
  MockBehaviour other_text;
  other_text.fault = [](const ServedRequest&, int) {
    json logprobs = json::array();
    for (int i = 0; i < 15; ++i) logprobs.push_back(-1.0);
    return std::optional(
        ServedResponse{.body = json{{"choices",
                                     {{{"index", 0},
                                       {"text", "something else"},
                                       {"logprobs", {{"token_logprobs", logprobs}}}}}}}
                                   .dump()});
  };
  refused(std::move(other_text), "is not the prompt");
}

TEST_CASE("without /tokenize a tokenizer is asked for, and a chat cannot score") {
  const MockOpenAi server({.tokenize = false});
  CHECK_ERROR(score(server, {{"a", "b"}}), ErrorKind::usage, "--tokenizer DIR");
  EndpointOptions chat = options_for(server);
  chat.api = EndpointApi::chat;
  NoProgress progress;
  const std::vector<LikelihoodRequest> requests{{"a", "b"}};
  CHECK_ERROR(open_endpoint(chat, progress)->likelihood(requests, progress), ErrorKind::usage,
              "no log-probabilities");
}

namespace {

// A tokenizer that is here: pairs of letters are one token.
class PairTokens final : public TokenSource {
 public:
  std::vector<Ids> encode(const std::vector<std::string>& texts) override {
    std::vector<Ids> all;
    for (const std::string& text : texts) {
      Ids& ids = all.emplace_back();
      for (std::size_t i = 0; i < text.size(); i += 2)
        ids.push_back(text[i] == '$' ? mock_eos : static_cast<unsigned char>(text[i]));
    }
    return all;
  }
  std::optional<TokenId> prefix() override { return mock_eos; }
  std::string fingerprint() const override { return "abc"; }
  std::string chat_template() const override { return "<>"; }
  std::string chat_prompt(std::span<const ChatMessage> messages) const override {
    return "<" + messages.front().content + ">";
  }
};

}  // namespace

TEST_CASE("a tokenizer that is here makes the ids, and a chat's prompt for /completions") {
  const MockOpenAi server({.tokenize = false});
  EndpointOptions options = options_for(server);
  options.tokenizer = std::make_shared<PairTokens>();
  options.api = EndpointApi::completions;
  NoProgress progress;
  const auto target = open_endpoint(options, progress);
  CHECK(target->fingerprint().at("tokenizer_sha256") == "abc");
  const std::vector<LikelihoodRequest> requests{{"axbx", "c"}, {"", "c"}};
  const auto results = target->likelihood(requests, progress);
  CHECK(results[0].sum == mock_logprob('b', 'c'));
  CHECK(results[1].sum == mock_logprob(mock_eos, 'c'));
  const std::vector<GenerationRequest> chat{{.messages = {{"user", "Hi"}}}};
  target->generate(chat, progress);
  CHECK(json::parse(server.bodies("/v1/completions").back())["prompt"] == "<Hi>");
  CHECK_FALSE(target->sends_chats());
  CHECK(target->chat_template() == "<>");
  CHECK(target->chat_prompt(chat[0].messages) == "<Hi>");
  // A second BOS is not asked for.
  const std::vector<GenerationRequest> begun{{.prompt = "$<Hi>"}};
  target->generate(begun, progress);
  CHECK(json::parse(server.bodies("/v1/completions").back())["prompt"] == json{mock_eos, 'H', '>'});
  options.api = EndpointApi::automatic;
  CHECK(open_endpoint(options, progress)->sends_chats());
}

TEST_CASE("scores survive a busy server, and a prompt that it finds too long is one error") {
  MockBehaviour behaviour;
  behaviour.fault = [](const ServedRequest& request, int attempt) -> std::optional<ServedResponse> {
    if (attempt < 2) return ServedResponse{.status = 502};
    if (json::parse(request.body)["prompt"].size() == 3)
      return ServedResponse{.status = 400, .body = R"({"message":"maximum context length"})"};
    return std::nullopt;
  };
  const MockOpenAi server(std::move(behaviour));
  const auto results = score(server, {{"a", "b"}, {"a", "bc"}, {"a", "bcd"}});
  CHECK(results[0].error.empty());
  CHECK(results[1].error == "the server answered 400: maximum context length");
  CHECK(results[2].sum == doctest::Approx(sum_of("abcd", 1)));
}
