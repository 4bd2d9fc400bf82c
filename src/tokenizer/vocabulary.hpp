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
  std::optional<std::string_view> token(TokenId id) const;

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
  };
  struct Slot {
    std::uint32_t hash = 0;
    TokenId id = -1;
    Span span;
  };
  std::string_view text(const Span& span) const {
    return std::string_view(bytes_).substr(span.begin, span.length);
  }
  Slot& slot(std::string_view token, std::uint64_t hash);

  std::string bytes_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<Span> ids_;    // length 0: no such id
  std::size_t count_ = 0;
};

}  // namespace mlopsctl::tokens
