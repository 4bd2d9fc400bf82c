// How often gates are wrong: many checks of made-up evaluations and latencies whose truth is known.
#pragma once

#include "mlopsctl/eval/gate.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlopsctl::testing {

struct Rates {
  std::size_t checks = 0, passed = 0, warned = 0, failed = 0, no_answer = 0;
  double share(std::size_t count) const {
    return static_cast<double>(count) / static_cast<double>(checks);
  }
};

// Each check draws `n` examples anew: a share `accuracy` is right before; a share `discordance` is
// answered otherwise now, and the expected accuracy drops by `drop`.
struct QualityCase {
  std::size_t n = 1000;
  double accuracy = 0.6;
  double discordance = 0.02;
  double drop = 0;
  std::size_t tasks = 1;
};
Rates quality_rates(const QualityCase& of, std::size_t checks, std::uint64_t seed);

// Each check draws `n` requests a side: log-normal noise, and one in twenty up to three times as
// slow. The second side is slower by `slowdown`.
struct LatencyCase {
  std::size_t n = 30;
  double noise = 0.05;
  double slowdown = 0;
};
Rates latency_rates(const LatencyCase& of, std::size_t checks, std::uint64_t seed);
// The same measured in turns, up to 40 pairs. `pairs`: mean number that it took.
struct SideRates : Rates {
  double pairs = 0;
};
SideRates side_by_side_rates(const LatencyCase& of, std::size_t checks, std::uint64_t seed);

}  // namespace mlopsctl::testing
