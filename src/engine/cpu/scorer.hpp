// Log-probabilities from hidden states, without ever holding all logits: the vocabulary goes by in
// tiles, of which the sum, the largest and the targets are kept.
#pragma once

#include "engine/cpu/kernels.hpp"
#include "engine/cpu/pool.hpp"
#include "engine/cpu/weights.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mlopsctl::engine::cpu {

struct RowScore {
  double log_sum_exp = 0;
  std::int32_t argmax = -1;
  bool finite = true;
};

// The logit of `token` in row `row` is asked for.
struct LogitTarget {
  std::size_t row = 0;
  std::int32_t token = 0;
  float logit = 0;  // the answer
};

// Rows of `hidden` are normalised states, `head.inputs` floats each. Targets are in the order of
// their rows.
std::vector<RowScore> score_rows(const Linear& head, Pool& pool, Multiplier& multiply,
                                 std::span<const float> hidden, std::span<LogitTarget> targets);

}  // namespace mlopsctl::engine::cpu
