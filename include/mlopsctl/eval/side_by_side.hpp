// Two things measured in turns until it is clear whether the second is slower: what disturbs the
// machine disturbs both.
#pragma once

#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/eval/gate_statistics.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mlopsctl::gate {

// One measurement of the first thing or the second, in seconds.
using MeasureSide = std::function<double(bool second)>;

struct SideBySide {
  std::vector<double> first, second;  // pair by pair
  std::uint32_t looks = 0;            // how often it was looked at them
  PairedRatio ratio;                  // at the last look
};

// One warm-up each, then pairs in the order AB BA AB …; after `pairs`, twice and four times as many
// it is looked whether they decide (RatioRule::looks must be 3), each time at a third of alpha.
// Seconds must be above 0: Error{usage}.
SideBySide measure_side_by_side(const MeasureSide& measure, std::uint32_t pairs,
                                const RatioRule& rule);

// One check: pass, fail, or no answer where they did not decide.
GateResult judge_side_by_side(const SideBySide& sides, const RatioRule& rule);

}  // namespace mlopsctl::gate
