// bench_gate_rates [CHECKS [SEED]]: how often gates raise a false alarm and how often they find a
// planted regression, as the tables of bench/README.md.
#include "support/gate_rates.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace testing = mlopsctl::testing;

namespace {

std::string percent(const testing::Rates& rates, std::size_t count) {
  return fmt::format("{:.1f} %", 100 * rates.share(count));
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::size_t checks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  fmt::print(
      "| eval check, examples x tasks | answered otherwise | true drop | fail | warning | "
      "pass |\n| --- | --- | --- | --- | --- | --- |\n");
  for (const testing::QualityCase of : {testing::QualityCase{.n = 1000, .discordance = 0.02},
                                        {.n = 1000, .discordance = 0.05},
                                        {.n = 5000, .discordance = 0.05},
                                        {.n = 1000, .discordance = 0.02, .tasks = 4},
                                        {.n = 1000, .discordance = 0.05, .drop = 0.01},
                                        {.n = 1000, .discordance = 0.05, .drop = 0.02},
                                        {.n = 1000, .discordance = 0.06, .drop = 0.03},
                                        {.n = 1000, .discordance = 0.08, .drop = 0.05}}) {
    const auto rates = testing::quality_rates(of, checks, seed);
    fmt::print("| {} x {} | {:.0f} % | {:.2f} | {} | {} | {} |\n", of.n, of.tasks,
               100 * of.discordance, of.drop, percent(rates, rates.failed),
               percent(rates, rates.warned), percent(rates, rates.passed));
  }
  fmt::print(
      "\n| bench check, requests a side | noise | true slow-down | fail | inconclusive | pass "
      "| side by side: fail | inconclusive | pass | pairs |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const double slowdown : {0.0, 0.1, 0.2}) {
    for (const std::size_t n : {10U, 30U, 100U}) {
      for (const double noise : {0.02, 0.05, 0.1}) {
        const testing::LatencyCase of{.n = n, .noise = noise, .slowdown = slowdown};
        const auto rates = testing::latency_rates(of, checks, seed);
        std::string beside = "| | | | |";
        if (n == 10) {
          const auto sides = testing::side_by_side_rates(of, checks, seed);
          beside = fmt::format("| {} | {} | {} | {:.0f} |", percent(sides, sides.failed),
                               percent(sides, sides.no_answer), percent(sides, sides.passed),
                               sides.pairs);
        }
        fmt::print("| {} | {:.0f} % | {:.0f} % | {} | {} | {} {}\n", n, 100 * noise, 100 * slowdown,
                   percent(rates, rates.failed), percent(rates, rates.no_answer),
                   percent(rates, rates.passed), beside);
      }
    }
  }
  return 0;
}
