#include "mlopsctl/base/error.hpp"

#include "eval/endpoint/endpoint_target.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mlopsctl {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::unavailable, "the server cannot score prompts: " + what,
              "log-likelihoods need a server whose /completions knows 'echo' with 'logprobs', such "
              "as vLLM; tasks that generate text work with any");
}

// Letters and digits of ASCII: what tokenizers neither normalise nor move.
std::string essence(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') kept += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) kept += c;
  }
  return kept;
}

void check_echo(const EchoAnswer& echo, const ScoredTokens& scored, std::string_view continuation) {
  const std::size_t sent = scored.tokens.size();
  if (!echo.has_logprobs) refuse("it ignores 'logprobs'");
  const std::size_t got = echo.logprobs.size();
  if (got != sent && got != sent + 1) {  // one more was generated, if no end of sequence came
    refuse(fmt::format("for a prompt of {} tokens it gives {} log-probabilities{}", sent, got,
                       got < sent ? ", so it ignores 'echo'" : ", so it adds tokens of its own"));
  }
  if (echo.usage.prompt && *echo.usage.prompt != sent) {
    refuse(fmt::format("it counts {} tokens in a prompt of {}", *echo.usage.prompt, sent));
  }
  if (essence(echo.text).find(essence(continuation)) == std::string::npos) {
    refuse(
        "the text that it gives back is not the prompt, so it ignores 'echo' or has another "
        "tokenizer");
  }
}

}  // namespace

void check_score_error(const HttpResponse* response, const std::string& error) {
  if (response == nullptr || response->status < 400) return;
  const std::string said = error_message(response->body);
  if (said.find("echo") != std::string::npos || said.find("logprobs") != std::string::npos)
    refuse(error);
}

LikelihoodResult read_echo(const EchoAnswer& echo, const ScoredTokens& scored,
                           std::string_view continuation) {
  check_echo(echo, scored, continuation);
  LikelihoodResult result{.truncated = scored.truncated};
  for (std::size_t i = scored.first; i < scored.tokens.size(); ++i) {
    if (std::isnan(echo.logprobs[i])) {
      result.error = fmt::format("the server gave no log-probability for token {}", i);
      return result;
    }
    if (std::isnan(echo.best[i])) refuse("it does not tell the most likely tokens (top_logprobs)");
    result.sum += echo.logprobs[i];
    ++result.tokens;
    if (echo.logprobs[i] >= echo.best[i]) ++result.matched;
  }
  result.greedy = result.matched == result.tokens;
  return result;
}

}  // namespace mlopsctl
