// How pre-tokenizers cut a text at what they match.
#pragma once

#include "tokenizer/regex.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

// What becomes of a match: "the-final--countdown", cut at "-", is
enum class Behavior {
  removed,               // the final countdown
  isolated,              // the - final - - countdown
  merged_with_previous,  // the- final- - countdown
  merged_with_next,      // the -final - -countdown
  contiguous,            // the - final -- countdown
};
Behavior behavior_of(const Node& name);

// Turns matches into pieces: those with `match` are to be dropped, the others to be kept.
void apply(Behavior behavior, std::vector<Part>& parts);

// All of the text as occurrences of a text, which is not empty, and what is between them.
void split_at_text(std::string_view text, std::string_view pattern, std::vector<Part>& into);

// "pattern" of Split and Replace: {"String": …} or {"Regex": …}.
class Pattern {
 public:
  explicit Pattern(const Node& pattern);
  void split(std::string_view text, std::vector<Part>& into) const;

 private:
  std::string text_;
  std::optional<Regex> regex_;
};

}  // namespace mlopsctl::tokens
