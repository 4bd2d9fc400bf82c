// Many phrases at once in one pass over a text: an automaton after Aho and Corasick for each
// folding, so the time does not depend on how long the lists are.
#pragma once

#include "mlopsctl/quality/rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::quality {

class PhraseAutomaton {
 public:
  // `text` is not empty, folded.
  void add(std::string_view text, std::uint32_t phrase);
  void build();
  bool empty() const { return nodes_.size() == 1; }

  // Calls hit(phrase, end) for every occurrence; `end` is behind its last byte.
  template <class Hit>
  void scan(std::string_view text, Hit&& hit) const {
    std::uint32_t row = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      row = next_[row + class_of_byte_[static_cast<unsigned char>(text[at])]];
      std::uint32_t node = first_output_[row / classes_];
      while (node != 0) {
        for (const std::uint32_t phrase : nodes_[node].phrases) hit(phrase, at + 1);
        node = nodes_[node].shorter;
      }
    }
  }

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::uint32_t>> children;
    std::vector<std::uint32_t> phrases;  // that end here
    std::uint32_t shorter = 0;           // the next node with phrases among the suffixes
  };
  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<std::uint16_t, 256> class_of_byte_{};  // bytes that no phrase has are one class
  std::uint32_t classes_ = 1;
  std::vector<std::uint32_t> next_;          // node × class: where the row of the next node begins
  std::vector<std::uint32_t> first_output_;  // of a node: itself or the suffix that has phrases
};

// A response as it is and folded, each made once.
class FoldedText {
 public:
  void set(std::string_view text);
  std::string_view get(Folding how);

 private:
  std::string_view text_;
  std::array<std::string, 2> folded_;
  std::array<bool, 2> made_{};
};

class PhraseLists {
 public:
  // Returns the list's index. `within`: characters of the folded text in which a phrase must begin;
  // 0: anywhere.
  std::size_t add(const PhraseRule& rule, std::uint64_t within = 0);
  void build();
  std::size_t lists() const { return sizes_.size(); }
  std::size_t size(std::size_t list) const { return sizes_[list]; }

  // How many of each list's phrases the text contains. `stamps` is the caller's scratch.
  void count(FoldedText& text, std::span<std::uint32_t> counts,
             std::vector<std::uint64_t>& stamps) const;

 private:
  struct Phrase {
    std::uint32_t list = 0;
    std::uint32_t size = 0;  // bytes, folded
    std::uint64_t within = 0;
    bool whole_words = false;
  };
  bool counts_here(const Phrase& phrase, std::string_view text, std::size_t end) const;

  std::vector<Phrase> phrases_;
  std::vector<std::size_t> sizes_;
  std::array<PhraseAutomaton, 3> automata_;
};

}  // namespace mlopsctl::quality
