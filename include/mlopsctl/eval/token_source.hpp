// Where the token ids of an endpoint's texts come from: a tokenizer that is here, or the server.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl {

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // Without special tokens, in the order of the texts.
  virtual std::vector<std::vector<TokenId>> encode(const std::vector<std::string>& texts) = 0;
  // What stands for an empty context: BOS, else EOS.
  virtual std::optional<TokenId> prefix() = 0;
  virtual std::uint64_t max_length() { return 0; }  // of a sequence; 0: not known
  virtual std::string fingerprint() const { return {}; }
  // As Target's.
  virtual std::string chat_template() const { return {}; }
  virtual std::string chat_prompt(std::span<const ChatMessage> messages) const = 0;
};

// Of a folder with tokenizer.json. Throws as Tokenizer::load does.
std::shared_ptr<TokenSource> local_tokens(const std::filesystem::path& folder);

}  // namespace mlopsctl
