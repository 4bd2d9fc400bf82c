// Text to token ids and back, exactly as Hugging Face's `tokenizers` does it for the same
// tokenizer.json (eval.md §2.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

using TokenId = std::int32_t;

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

// Immutable and safe to use from many threads.
class Tokenizer {
 public:
  // Reads tokenizer.json and, where they are there, tokenizer_config.json, special_tokens_map.json
  // and chat_template.jinja. Throws Error{not_found}, Error{corrupt} or, for a model, normalizer,
  // pre-tokenizer or post-processor that this program does not know, Error{usage} that names it.
  static Tokenizer load(const std::filesystem::path& folder);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // `add_special`: apply the post-processor's template (a BOS, say). Invalid UTF-8 is replaced by
  // U+FFFD as the library's callers do.
  std::vector<TokenId> encode(std::string_view text, bool add_special) const;
  // What `tokenizers` calls decode, with clean-up off.
  std::string decode(std::span<const TokenId> ids, bool skip_special) const;

  // Ids below this one exist, added tokens included; a model's rows may be more.
  std::size_t size() const;
  std::optional<TokenId> id_of(std::string_view token) const;  // as written in the vocabulary
  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;
  bool is_special(TokenId id) const;

  bool has_chat_template() const;
  std::string chat_template() const;  // as it is written; empty if there is none
  // The prompt that the model's chat template makes of a conversation. Throws Error{usage} if there
  // is no template, or if it uses something that this program does not know.
  std::string chat_prompt(std::span<const ChatMessage> messages, bool add_generation_prompt) const;

  std::string fingerprint() const;  // sha256 of tokenizer.json, hexadecimal

  struct Data;  // private to the layer

 private:
  friend class TokenStream;
  explicit Tokenizer(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;
};

// Decodes one token after another. Bytes of a character that is not complete are held back, so that
// what comes out is always valid UTF-8 and all of it together equals decode() of all tokens.
class TokenStream {
 public:
  TokenStream(const Tokenizer& tokenizer, bool skip_special);
  ~TokenStream();
  TokenStream(TokenStream&&) noexcept;
  TokenStream& operator=(TokenStream&&) noexcept;

  std::string add(TokenId id);  // the text that is certain now, often empty
  std::string finish();         // what was held back, invalid bytes as U+FFFD

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl
