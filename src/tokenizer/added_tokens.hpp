// The "added_tokens" of a tokenizer.json: tokens that are looked for in the text before anything
// else happens to it.
#pragma once

#include "tokenizer/normalizer.hpp"
#include "tokenizer/vocabulary.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlopsctl::tokens {

struct AddedToken {
  std::string content;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = true;
  bool special = false;
  friend bool operator==(const AddedToken&, const AddedToken&) = default;
};

// Finds the leftmost of many texts, of those that begin at the same place the longest.
class TextFinder {
 public:
  void add(std::string_view text, TokenId id);
  bool empty() const { return nodes_.size() == 1; }

  struct Found {
    std::size_t begin = 0, end = 0;
    TokenId id = -1;
  };
  std::optional<Found> find(std::string_view text, std::size_t from) const;

 private:
  struct TrieNode {
    TokenId id = -1;
    std::vector<std::pair<unsigned char, std::uint32_t>> children;
  };
  std::uint32_t child(std::uint32_t node, unsigned char byte) const;  // 0 if there is none

  std::vector<TrieNode> nodes_{1};
  std::array<bool, 256> first_{};
};

class AddedTokens {
 public:
  // A token that the model knows has the model's id; new ones go on after it.
  AddedTokens(const Node& list, const Vocabulary& vocabulary, const Normalizer& normalizer);

  // A part of a text: a token, or something to be encoded.
  struct Piece {
    std::size_t begin = 0, end = 0;
    std::optional<TokenId> id;
  };
  // The text as it came, cut at the tokens that are not normalized, and a normalized text at those
  // that are.
  void split_raw(std::string_view text, std::vector<Piece>& into) const;
  void split_normalized(std::string_view text, std::vector<Piece>& into) const;

  std::optional<TokenId> find(const std::string& content) const;
  // As decoders see it: the normalized form, if that is what is looked for.
  const std::string* text_of(TokenId id) const;
  const AddedToken* token(TokenId id) const;
  bool is_special(std::string_view content) const;
  std::size_t bound() const { return bound_; }  // every id is less

 private:
  void split(const TextFinder& finder, std::string_view text, std::vector<Piece>& into) const;

  std::unordered_map<TokenId, AddedToken> tokens_;
  std::unordered_map<TokenId, std::string> normalized_;
  std::unordered_map<std::string, TokenId> ids_;
  std::unordered_map<std::string, bool> special_;
  TextFinder raw_finder_, normalized_finder_;
  std::size_t bound_ = 0;
};

}  // namespace mlopsctl::tokens
