#include "mlopsctl/eval/token_source.hpp"

namespace mlopsctl {

namespace {

class LocalTokens final : public TokenSource {
 public:
  explicit LocalTokens(const std::filesystem::path& folder) : tokenizer_(Tokenizer::load(folder)) {}

  std::vector<std::vector<TokenId>> encode(const std::vector<std::string>& texts) override {
    std::vector<std::vector<TokenId>> tokens;
    tokens.reserve(texts.size());
    for (const std::string& text : texts) tokens.push_back(tokenizer_.encode(text, false));
    return tokens;
  }
  std::optional<TokenId> prefix() override {
    const auto bos = tokenizer_.bos();
    return bos ? bos : tokenizer_.eos();
  }
  std::string fingerprint() const override { return tokenizer_.fingerprint(); }
  std::string chat_template() const override { return tokenizer_.chat_template(); }
  std::string chat_prompt(std::span<const ChatMessage> messages) const override {
    return tokenizer_.chat_prompt(messages, true);
  }

 private:
  Tokenizer tokenizer_;
};

}  // namespace

std::shared_ptr<TokenSource> local_tokens(const std::filesystem::path& folder) {
  return std::make_shared<LocalTokens>(folder);
}

}  // namespace mlopsctl
