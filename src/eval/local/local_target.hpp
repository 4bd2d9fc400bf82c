#pragma once

#include "mlopsctl/eval/local_target.hpp"

#include "eval/token_pairs.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

class LocalTarget final : public Target {
 public:
  LocalTarget(Tokenizer tokenizer, std::unique_ptr<Engine> engine, const LocalOptions& options,
              Fingerprint fingerprint);

  std::string name() const override;
  Fingerprint fingerprint() const override { return fingerprint_; }
  std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                           Progress& progress) override;
  std::vector<RollingResult> rolling(std::span<const std::string> texts,
                                     Progress& progress) override;
  std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                         Progress& progress) override;
  std::string chat_template() const override { return tokenizer_.chat_template(); }
  std::string chat_prompt(std::span<const ChatMessage> messages) const override {
    return tokenizer_.chat_prompt(messages, true);
  }

 private:
  std::vector<TokenId> encode(
      std::string_view text) const;  // with one BOS where there is to be one
  ScoredTokens tokens_of(const LikelihoodRequest& request) const;
  GenerateRequest prompt_of(const GenerationRequest& request, GenerationResult& result) const;

  Tokenizer tokenizer_;
  std::unique_ptr<Engine> engine_;
  LocalOptions options_;
  Fingerprint fingerprint_;
  std::size_t max_length_ = 0;
  std::optional<TokenId> prefix_;
  std::string prefix_text_;
  bool told_of_joined_ = false;
  std::vector<TokenId> ends_;  // a generated text ends with one of them
};

}  // namespace mlopsctl
