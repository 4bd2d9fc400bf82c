// Which tokens of a prompt a log-likelihood is the sum of, as lm-evaluation-harness 0.4.13 has it
// (eval.md §1.2, 1–3 and 8).
#pragma once

#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// White space at the end of a context belongs to what follows it.
struct TextPair {
  std::string context;
  std::string whole;  // context + continuation, in which nothing has moved
};
TextPair text_pair(std::string_view context, std::string_view continuation);

struct ScoredTokens {
  std::vector<TokenId> tokens;
  std::size_t first = 1;  // of those that are scored; all behind it are
  bool truncated = false;
  bool joined = false;  // the border lies inside a token of the whole: the scores mean less
  std::string error;    // not empty: they cannot be scored
};

// What is scored are the tokens of `whole` behind as many as the context has, alone, after the
// context's own: where a token spans the border, what precedes is not as in `whole`, and the
// harness does not care. An empty context is the prefix token. Keeps the last `most` tokens; the
// continuation is never cut.
ScoredTokens scored_tokens(std::span<const TokenId> context, std::span<const TokenId> whole,
                           std::optional<TokenId> prefix, std::size_t most);

// Windows of at most `most` tokens in which each token of the text is scored once: the first begins
// with the prefix, the others with the token before; the last is moved left to be full.
std::vector<ScoredTokens> rolling_windows(std::span<const TokenId> text, TokenId prefix,
                                          std::size_t most);

}  // namespace mlopsctl
