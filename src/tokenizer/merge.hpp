// The merges of byte pair encoding: the table and the algorithm.
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlopsctl::tokens {

class MergeTable {
 public:
  struct Merge {
    std::uint64_t pair = ~std::uint64_t{0};
    std::uint32_t rank = 0;
    TokenId merged = -1;
  };

  explicit MergeTable(std::size_t count);
  void add(TokenId left, TokenId right, std::uint32_t rank,
           TokenId merged);  // replaces an older one
  const Merge* find(TokenId left, TokenId right) const;
  void prefetch(TokenId left, TokenId right) const {
    __builtin_prefetch(&places_[first_place(pair_of(left, right))], 1);
  }

  // Replaces the pair of lowest rank, of equal ones the leftmost, by its token until there is none.
  // Works on symbols[begin…], which shrink.
  void apply(std::vector<TokenId>& symbols, std::size_t begin) const;

 private:
  void apply_short(std::vector<TokenId>& symbols, std::size_t begin) const;
  void apply_long(std::vector<TokenId>& symbols, std::size_t begin) const;
  static std::uint64_t pair_of(TokenId left, TokenId right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32U |
           static_cast<std::uint32_t>(right);
  }
  std::size_t first_place(std::uint64_t pair) const {
    return (pair * 0x9E3779B97F4A7C15U) >> shift_;
  }

  std::vector<Merge> places_;  // a power of two, at most half full
  unsigned shift_ = 0;
};

}  // namespace mlopsctl::tokens
