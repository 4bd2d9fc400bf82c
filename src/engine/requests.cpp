#include "engine/requests.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::engine {

namespace {

[[noreturn]] void refuse(std::size_t index, const std::string& why, const std::string& hint) {
  throw Error(ErrorKind::usage, fmt::format("request {}: {}", index, why), hint);
}

void check_ids(const ModelConfig& config, std::size_t index, std::span<const std::int32_t> tokens) {
  for (const std::int32_t token : tokens) {
    if (token < 0 || static_cast<std::uint32_t>(token) >= config.vocabulary)
      refuse(index,
             fmt::format("token {} is outside the vocabulary of {}", token, config.vocabulary),
             "is the tokenizer that of another model?");
  }
}

void check_tokens(const ModelConfig& config, std::size_t index,
                  std::span<const std::int32_t> tokens, std::size_t most) {
  if (tokens.empty()) refuse(index, "there are no tokens", "give at least one");
  if (tokens.size() > most)
    refuse(index,
           fmt::format("{} tokens are more than the {} that the model takes", tokens.size(), most),
           "cut the text, or score it in windows");
  check_ids(config, index, tokens);
}

}  // namespace

void check_requests(const ModelConfig& config, std::span<const ScoreRequest> requests) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    check_tokens(config, i, requests[i].tokens, std::size_t{config.max_positions} + 1);
    check_ids(config, i, requests[i].others);
    if (requests[i].first == 0)
      refuse(i, "the first token has nothing before it to be scored given", "put a BOS before it");
    if (requests[i].first > requests[i].tokens.size())
      refuse(i,
             fmt::format("scoring begins at token {} of {}", requests[i].first,
                         requests[i].tokens.size()),
             "");
  }
}

void check_requests(const ModelConfig& config, std::span<const GenerateRequest> requests) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const GenerateRequest& request = requests[i];
    check_tokens(config, i, request.prompt, config.max_positions);
    if (!(request.temperature >= 0) || !(request.top_p > 0) || request.top_p > 1)
      refuse(i, "the temperature is below 0 or top-p is not in (0, 1]", "");
  }
}

void check_sequences(const ModelConfig& config,
                     std::span<const std::vector<std::int32_t>> sequences) {
  for (std::size_t i = 0; i < sequences.size(); ++i)
    check_tokens(config, i, sequences[i], config.max_positions);
}

std::size_t most_new_tokens(const ModelConfig& config, const GenerateRequest& request) {
  return std::min(request.max_new, std::size_t{config.max_positions} + 1 - request.prompt.size());
}

std::size_t choosable_rows(const ModelConfig& config, const GenerateRequest& request) {
  const std::size_t rows = config.vocabulary;
  return request.choosable == 0 ? rows : std::min(request.choosable, rows);
}

}  // namespace mlopsctl::engine
