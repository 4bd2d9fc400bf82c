// Tokens by text and by id.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "tokenizer/tokenizer_file.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

// Mixes all bytes of a short text into 64 bits; the same on every machine.
std::uint64_t hash_text(std::string_view text);

class Vocabulary {
 public:
  // Throws Error{corrupt}, from `where`, for an id that is negative or absurdly large.
  Vocabulary(std::span<const VocabularyEntry> entries, const Node& where);

  std::size_t size() const { return count_; }        // different tokens
  std::size_t bound() const { return ids_.size(); }  // every id is less
  TokenId find(std::string_view token) const;        // -1 if there is none
  // The same of many, at most `batch`: the table is larger than the caches, and looking up one at a
  // time is waiting for memory most of the time.
  static constexpr std::size_t batch = 96;
  void find(std::span<const std::string_view> tokens, std::span<TokenId> ids) const;
  std::optional<std::string_view> token(TokenId id) const;

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
  };
  static constexpr Span no_token{.begin = UINT32_MAX, .length = 0};
  struct Slot {
    std::uint64_t head = 0;  // of short tokens all bytes, of others their hash
    TokenId id = -1;
    Span span;
  };
  struct Key {
    std::uint64_t hash = 0;
    std::uint64_t head = 0;
  };
  static Key key(std::string_view token);
  std::string_view text(const Span& span) const {
    return std::string_view(bytes_).substr(span.begin, span.length);
  }
  std::size_t first_place(const Key& key) const { return key.hash >> 32U & (slots_.size() - 1); }
  std::size_t place(std::string_view token, const Key& key) const;
  void add(const VocabularyEntry& entry, const Key& key);

  std::string bytes_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<Span> ids_;    // `no_token` where there is none of that id; a token may be empty
  std::size_t count_ = 0;
};

}  // namespace mlopsctl::tokens
