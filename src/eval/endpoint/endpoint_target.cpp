#include "eval/endpoint/endpoint_target.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace mlopsctl {

namespace {

// The tokens of texts, each distinct one asked for once.
class Encoded {
 public:
  void want(const std::string& text) {
    if (places_.emplace(text, texts_.size()).second) texts_.push_back(text);
  }
  void ask(TokenSource& source) { tokens_ = source.encode(texts_); }
  const std::vector<TokenId>& of(const std::string& text) const {
    return tokens_[places_.at(text)];
  }

 private:
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<std::string> texts_;
  std::vector<std::vector<TokenId>> tokens_;
};

class EndpointTarget final : public Target {
 public:
  EndpointTarget(const EndpointOptions& options, Progress& progress)
      : endpoint_(options, progress) {}

  std::string name() const override {
    return fmt::format("{} at {}", endpoint_.model(), endpoint_.address().base);
  }
  Fingerprint fingerprint() const override { return endpoint_.fingerprint(); }
  std::string chat_template() const override {
    const auto& here = endpoint_.options().tokenizer;
    return here ? here->chat_template() : std::string();
  }
  std::string chat_prompt(std::span<const ChatMessage> messages) const override {
    const auto& here = endpoint_.options().tokenizer;
    return here ? here->chat_prompt(messages) : Target::chat_prompt(messages);
  }
  bool sends_chats() const override { return endpoint_.options().api != EndpointApi::completions; }

  std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                           Progress& progress) override;
  std::vector<RollingResult> rolling(std::span<const std::string> texts,
                                     Progress& progress) override;
  std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                         Progress& progress) override;

 private:
  using OnScored = std::function<void(LikelihoodResult)>;
  void submit_score(const ScoredTokens& scored, std::string continuation, OnScored done);
  std::optional<TokenId> prefix();
  std::vector<TokenId> begun_tokens(const GenerationRequest& request) const;
  void need_completions() const;

  ModelEndpoint endpoint_;
};

void EndpointTarget::need_completions() const {
  if (endpoint_.options().api != EndpointApi::chat) return;
  throw Error(ErrorKind::usage, "the chat API gives no log-probabilities of a prompt",
              "use /completions (--api completions), or tasks that generate text");
}

std::optional<TokenId> EndpointTarget::prefix() {
  if (endpoint_.options().prefix_token) return endpoint_.options().prefix_token;
  return endpoint_.tokens().prefix();
}

// The ids of a prompt that begins with BOS, as chat templates make it: a server would put another
// one before the text.
std::vector<TokenId> EndpointTarget::begun_tokens(const GenerationRequest& request) const {
  const auto& here = endpoint_.options().tokenizer;
  if (!here || endpoint_.api_for(request) != EndpointApi::completions) return {};
  std::vector<TokenId> tokens = here->encode({request.prompt}).front();
  if (tokens.empty() || tokens.front() != here->prefix()) tokens.clear();
  return tokens;
}

// `scored` must stay until the queue is done.
void EndpointTarget::submit_score(const ScoredTokens& scored, std::string continuation,
                                  OnScored done) {
  if (!scored.error.empty()) return done({.truncated = scored.truncated, .error = scored.error});
  EndpointCall call{.url = endpoint_.address().base + "/completions",
                    .tokens = scored.tokens.size() + 1};
  call.body = [this, &scored](const RefusedFields&) {
    return echo_body(endpoint_.model(), scored.tokens);
  };
  call.done = [&scored, continuation = std::move(continuation), done = std::move(done)](
                  const HttpResponse* response, const std::string& error) {
    if (!error.empty()) {
      check_score_error(response, error);
      return done({.error = error});
    }
    EchoAnswer echo;
    try {
      echo = parse_echo(response->body);
    } catch (const Error& unreadable) {
      return done({.error = unreadable.what()});
    }
    done(read_echo(echo, scored, continuation));
  };
  endpoint_.queue().submit(std::move(call));
}

std::vector<LikelihoodResult> EndpointTarget::likelihood(
    std::span<const LikelihoodRequest> requests, Progress& progress) {
  need_completions();
  std::vector<TextPair> texts;
  Encoded encoded;
  bool empty_context = false;
  for (const LikelihoodRequest& request : requests) {
    texts.push_back(text_pair(request.context, request.continuation));
    encoded.want(texts.back().context);
    encoded.want(texts.back().whole);
    empty_context = empty_context || texts.back().context.empty();
  }
  encoded.ask(endpoint_.tokens());
  const auto begin = empty_context ? prefix() : std::nullopt;
  const std::size_t most = endpoint_.most_tokens();
  std::vector<ScoredTokens> scored;
  for (const TextPair& text : texts)
    scored.push_back(scored_tokens(encoded.of(text.context), encoded.of(text.whole), begin, most));
  std::vector<LikelihoodResult> results(requests.size());
  progress.start("log-likelihoods", requests.size(), "requests");
  for (std::size_t i = 0; i < requests.size(); ++i) {
    submit_score(scored[i], requests[i].continuation, [&, i](LikelihoodResult result) {
      results[i] = std::move(result);
      tell(i, results[i]);
      progress.advance(1);
    });
  }
  endpoint_.queue().finish();
  progress.finish();
  return results;
}

std::vector<RollingResult> EndpointTarget::rolling(std::span<const std::string> texts,
                                                   Progress& progress) {
  need_completions();
  const auto tokens = endpoint_.tokens().encode({texts.begin(), texts.end()});
  const auto begin = prefix();
  if (!begin) {
    throw Error(ErrorKind::usage, "no token is known that could stand before a text",
                "name one: --prefix-token ID (BOS, or EOS where there is no BOS)");
  }
  std::vector<RollingResult> results(texts.size());
  std::vector<std::vector<ScoredTokens>> windows;
  for (const auto& text : tokens)
    windows.push_back(rolling_windows(text, *begin, endpoint_.most_tokens()));
  std::vector<std::size_t> left(texts.size());
  progress.start("perplexity", texts.size(), "texts");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    left[i] = windows[i].size();
    if (left[i] == 0) results[i].error = "the text has no token";
    for (const ScoredTokens& window : windows[i]) {
      submit_score(window, "", [&, i](const LikelihoodResult& part) {
        results[i].sum += part.sum;
        results[i].tokens += part.tokens;
        results[i].matched += part.matched;
        if (results[i].error.empty()) results[i].error = part.error;
        if (--left[i] > 0) return;
        tell(i, results[i]);
        progress.advance(1);
      });
    }
  }
  endpoint_.queue().finish();
  progress.finish();
  return results;
}

std::vector<GenerationResult> EndpointTarget::generate(std::span<const GenerationRequest> requests,
                                                       Progress& progress) {
  std::vector<GenerationResult> results(requests.size());
  progress.start("generating", requests.size(), "requests");
  for (std::size_t i = 0; i < requests.size(); ++i) {
    GenerationRequest request = requests[i];
    if (!request.messages.empty() && endpoint_.api_for(request) == EndpointApi::completions) {
      request.prompt = endpoint_.tokens().chat_prompt(request.messages);
      request.messages.clear();
    }
    const auto reply = std::make_shared<Reply>();
    EndpointCall call = endpoint_.generation_call(request, reply, begun_tokens(request), false);
    call.done = [&, i, reply, estimated = call.tokens](const HttpResponse*,
                                                       const std::string& error) {
      GenerationResult& result = results[i];
      result.error = error;
      if (error.empty()) {
        result.text = cut_at_stops(reply->text(), requests[i].stop);
        const bool cut = result.text.size() < reply->text().size();
        result.finish_reason = cut ? "stop" : reply->finish_reason();
        result.prompt_tokens = reply->usage().prompt.value_or(0);
        result.completion_tokens = reply->usage().completion.value_or(reply->chunks());
        if (reply->usage().prompt)
          endpoint_.queue().limit().correct(estimated,
                                            result.prompt_tokens + result.completion_tokens);
      }
      tell(i, result);
      progress.advance(1);
    };
    endpoint_.queue().submit(std::move(call));
  }
  endpoint_.queue().finish();
  progress.finish();
  return results;
}

}  // namespace

std::unique_ptr<Target> open_endpoint(const EndpointOptions& options, Progress& progress) {
  return std::make_unique<EndpointTarget>(options, progress);
}

}  // namespace mlopsctl
