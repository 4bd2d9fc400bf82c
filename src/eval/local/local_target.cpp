#include "eval/local/local_target.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "eval/local/shared_scoring.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

constexpr const char* not_finite =
    "a logit is not a number or infinite: try --dtype float32, and look at the weights";

// Where the earliest of the stop strings begins; npos if none is there. `from`: what lies before is
// known to hold none.
std::size_t earliest_stop(const std::string& text, const std::vector<std::string>& stops,
                          std::size_t from) {
  std::size_t earliest = std::string::npos;
  for (const std::string& stop : stops) {
    if (!stop.empty()) earliest = std::min(earliest, text.find(stop, from));
  }
  return earliest;
}

// Follows the text of one request until a stop string is in it.
struct Watched {
  TokenStream stream;
  std::string text;
  std::size_t longest = 0;  // stop string

  bool goes_on(TokenId token, const std::vector<std::string>& stops) {
    const std::size_t known = text.size();
    text += stream.add(token);
    const std::size_t from = known < longest ? 0 : known - longest;
    return earliest_stop(text, stops, from) == std::string::npos;
  }
};

}  // namespace

LocalTarget::LocalTarget(Tokenizer tokenizer, std::unique_ptr<Engine> engine,
                         const LocalOptions& options, Fingerprint fingerprint)
    : tokenizer_(std::move(tokenizer)),
      engine_(std::move(engine)),
      options_(options),
      fingerprint_(std::move(fingerprint)) {
  const ModelConfig& config = engine_->config();
  max_length_ = config.max_positions;
  if (options.max_length > 0) {
    if (options.max_length > max_length_ || options.max_length < 2) {
      throw Error(ErrorKind::usage,
                  fmt::format("a length of {} tokens is not possible: the model has {} positions",
                              options.max_length, max_length_));
    }
    max_length_ = options.max_length;
    fingerprint_["max_length"] = std::to_string(max_length_);
  }
  prefix_ = tokenizer_.bos();
  if (!prefix_) prefix_ = tokenizer_.eos();
  if (!prefix_) prefix_ = config.bos;
  if (!prefix_ && !config.eos.empty()) prefix_ = config.eos.front();
  if (prefix_) prefix_text_ = tokenizer_.decode(std::vector<TokenId>{*prefix_}, false);
  ends_ = config.eos;
  if (tokenizer_.eos()) ends_.push_back(*tokenizer_.eos());
}

std::string LocalTarget::name() const {
  return fmt::format("{} ({})", options_.model.string(), engine_->name());
}

std::vector<TokenId> LocalTarget::encode(std::string_view text) const {
  const bool has_prefix = !prefix_text_.empty() && text.starts_with(prefix_text_);
  return tokenizer_.encode(text, !has_prefix);
}

ScoredTokens LocalTarget::tokens_of(const LikelihoodRequest& request) const {
  if (request.context.empty()) {
    return scored_tokens({}, tokenizer_.encode(request.continuation, false), prefix_,
                         max_length_ + 1);
  }
  const TextPair pair = text_pair(request.context, request.continuation);
  return scored_tokens(encode(pair.context), encode(pair.whole), prefix_, max_length_ + 1);
}

std::vector<LikelihoodResult> LocalTarget::likelihood(std::span<const LikelihoodRequest> requests,
                                                      Progress& progress) {
  std::vector<ScoredTokens> sequences;
  for (const LikelihoodRequest& request : requests) sequences.push_back(tokens_of(request));
  if (!told_of_joined_ && std::ranges::any_of(sequences, &ScoredTokens::joined)) {
    told_of_joined_ = true;
    progress.warning(
        "a token spans the border between a context and its continuation: is a space missing "
        "between them? (target_delimiter)");
  }
  const std::vector<TokenScore> scores = score_shared(*engine_, sequences, progress);
  std::vector<LikelihoodResult> results;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const TokenScore& score = scores[i];
    LikelihoodResult& result = results.emplace_back(
        LikelihoodResult{.sum = score.sum,
                         .greedy = score.tokens > 0 && score.matched == score.tokens,
                         .tokens = score.tokens,
                         .matched = score.matched,
                         .truncated = sequences[i].truncated,
                         .error = sequences[i].error});
    if (result.error.empty() && !score.finite) result.error = not_finite;
    tell(i, result);
  }
  return results;
}

std::vector<RollingResult> LocalTarget::rolling(std::span<const std::string> texts,
                                                Progress& progress) {
  if (!prefix_) {
    throw Error(ErrorKind::usage, "the model has no BOS and no EOS token that could begin a text",
                "add bos_token to its tokenizer_config.json");
  }
  std::vector<ScoredTokens> windows;
  std::vector<std::size_t> ends;  // of each text's windows
  for (const std::string& text : texts) {
    const auto tokens = tokenizer_.encode(text, options_.lm_eval_compat);
    auto more = rolling_windows(tokens, *prefix_, max_length_ + 1);
    std::ranges::move(more, std::back_inserter(windows));
    ends.push_back(windows.size());
  }
  const std::vector<TokenScore> scores = score_shared(*engine_, windows, progress);
  std::vector<RollingResult> results(texts.size());
  std::size_t window = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    RollingResult& result = results[i];
    if (window == ends[i]) result.error = "the text has no tokens";
    for (; window < ends[i]; ++window) {
      result.sum += scores[window].sum;
      result.tokens += scores[window].tokens;
      result.matched += scores[window].matched;
      if (!scores[window].finite) result.error = not_finite;
    }
    tell(i, result);
  }
  return results;
}

GenerateRequest LocalTarget::prompt_of(const GenerationRequest& request,
                                       GenerationResult& result) const {
  GenerateRequest made{.max_new = request.max_tokens,
                       .stop = ends_,
                       .temperature = request.temperature,
                       .top_p = request.top_p,
                       .seed = request.seed,
                       .choosable = tokenizer_.size()};
  if (request.max_tokens >= max_length_) {
    result.error = fmt::format("{} new tokens leave no room for a prompt: the model sees {}",
                               request.max_tokens, max_length_);
    return made;
  }
  made.prompt = request.messages.empty() ? encode(request.prompt)
                                         : encode(tokenizer_.chat_prompt(request.messages, true));
  if (made.prompt.empty() && prefix_) made.prompt = {*prefix_};
  if (made.prompt.empty()) result.error = "the prompt has no tokens";
  const std::size_t room = max_length_ - request.max_tokens;
  if (made.prompt.size() > room) {
    made.prompt.erase(made.prompt.begin(), made.prompt.end() - static_cast<std::ptrdiff_t>(room));
  }
  result.prompt_tokens = made.prompt.size();
  return made;
}

std::vector<GenerationResult> LocalTarget::generate(std::span<const GenerationRequest> requests,
                                                    Progress& progress) {
  std::vector<GenerationResult> results(requests.size());
  std::vector<GenerateRequest> prompts;
  std::vector<std::size_t> places;  // of each prompt among the requests
  std::vector<Watched> watched;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    GenerateRequest prompt = prompt_of(requests[i], results[i]);
    if (!results[i].error.empty()) continue;
    prompts.push_back(std::move(prompt));
    places.push_back(i);
    std::size_t longest = 0;
    for (const std::string& stop : requests[i].stop) longest = std::max(longest, stop.size());
    watched.push_back({TokenStream(tokenizer_, true), {}, longest});
  }
  progress.start("generating", prompts.size(), "answers");
  std::vector<bool> stopped(prompts.size());
  const auto made = prompts.empty()
                        ? std::vector<GenerateResult>{}
                        : engine_->generate(prompts, [&](std::size_t i, TokenId token) {
                            stopped[i] = !watched[i].goes_on(token, requests[places[i]].stop);
                            return !stopped[i];
                          });
  for (std::size_t i = 0; i < made.size(); ++i) {
    GenerationResult& result = results[places[i]];
    std::vector<TokenId> tokens = made[i].tokens;
    result.completion_tokens = tokens.size();
    // A text does not hold what ends it, be that called special or not.
    if (made[i].finish == FinishReason::stop && !tokens.empty() && !stopped[i] &&
        std::ranges::find(ends_, tokens.back()) != ends_.end()) {
      tokens.pop_back();
    }
    result.text = tokenizer_.decode(tokens, true);
    const std::size_t cut = earliest_stop(result.text, requests[places[i]].stop, 0);
    if (cut != std::string::npos) result.text.erase(cut);
    const bool ended = cut != std::string::npos || made[i].finish == FinishReason::stop;
    result.finish_reason = ended ? "stop" : "length";
    if (!made[i].finite) result.error = not_finite;
    progress.advance(1);
  }
  progress.finish();
  for (std::size_t i = 0; i < results.size(); ++i) tell(i, results[i]);
  return results;
}

std::unique_ptr<Target> make_local_target(Tokenizer tokenizer, std::unique_ptr<Engine> engine,
                                          const LocalOptions& options, Fingerprint fingerprint) {
  return std::make_unique<LocalTarget>(std::move(tokenizer), std::move(engine), options,
                                       std::move(fingerprint));
}

}  // namespace mlopsctl
