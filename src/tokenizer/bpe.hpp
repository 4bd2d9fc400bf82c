// The BPE model: a word to its tokens.
#pragma once

#include "tokenizer/merge.hpp"
#include "tokenizer/vocabulary.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

// What a byte is written as in the tokens of byte-level BPE: itself if it is printable in Latin-1,
// otherwise a character from U+0100 on (openai/gpt-2, encoder.py).
char32_t byte_character(std::uint8_t byte);
// The byte that a character stands for, or -1.
int character_byte(char32_t character);
void append_byte_characters(std::string& into, std::string_view bytes);

class Bpe {
 public:
  // `model`: its "model" object. Throws Error{usage} for options that are not supported.
  Bpe(const TokenizerFile& file, const Node& model);

  const Vocabulary& vocabulary() const { return vocabulary_; }

  // Appends the tokens of a word, which is not empty.
  void encode(std::string_view word, std::vector<TokenId>& into) const;
  // The same of a word whose bytes stand for byte_character()s.
  void encode_bytes(std::string_view word, std::vector<TokenId>& into) const;

 private:
  void read_options(const Node& model);
  void read_merges(const TokenizerFile& file, const Node& model);
  bool add_merges(std::span<const MergeEntry> merges, std::uint32_t rank, const Node& where);
  void find_symbols();
  template <typename Compute>
  void through_cache(std::string_view word, std::vector<TokenId>& into,
                     const Compute& compute) const;
  void merge_text(std::string_view word, std::vector<TokenId>& into) const;
  void merge_bytes(std::string_view word, std::vector<TokenId>& into) const;
  bool byte_tokens(std::string_view character, std::vector<TokenId>& into) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  TokenId unknown_ = -1;
  bool has_unknown_ = false;
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
  bool words_at_meta_ = false;               // no merge joins a "▁" to what is before it
  std::array<TokenId, 256> byte_symbols_{};  // the token of each byte_character
  bool all_bytes_ = false;                   // all of them are there
  std::array<TokenId, 256> fallback_{};      // "<0x00>" to "<0xFF>", or -1
  std::uint64_t number_;                     // names this model to the caches
};

}  // namespace mlopsctl::tokens
