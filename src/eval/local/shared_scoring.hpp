// Scores sequences with one pass of the model for those that differ in their last token only: the
// choices A, B, C, D of a question.
#pragma once

#include "mlopsctl/engine/engine.hpp"

#include "eval/token_pairs.hpp"

#include <span>
#include <vector>

namespace mlopsctl {

struct TokenScore {
  double sum = 0;
  std::uint64_t tokens = 0, matched = 0;  // of them the most likely ones
  bool finite = true;
};

// Sequences with an error get no score. Result i belongs to sequence i.
std::vector<TokenScore> score_shared(Engine& engine, std::span<const ScoredTokens> sequences,
                                     Progress& progress);

}  // namespace mlopsctl
