#include "support/gate_rates.hpp"

#include "mlopsctl/eval/side_by_side.hpp"

#include "support/evaluations.hpp"

#include <algorithm>
#include <cmath>

namespace mlopsctl::testing {

namespace {

using gate::Random;
using gate::Verdict;

void count(Rates& rates, Verdict verdict) {
  ++rates.checks;
  ++(verdict == Verdict::pass      ? rates.passed
     : verdict == Verdict::warning ? rates.warned
     : verdict == Verdict::fail    ? rates.failed
                                   : rates.no_answer);
}

// Right answers become wrong and wrong ones right so that `discordance` of all change and the
// accuracy drops by `drop`, in expectation.
int changed(int before, const QualityCase& of, Random& random) {
  const double lost = (of.discordance + of.drop) / 2 / of.accuracy;
  const double won = (of.discordance - of.drop) / 2 / (1 - of.accuracy);
  return random.uniform() < (before == 1 ? lost : won) ? 1 - before : before;
}

double request(const LatencyCase& of, double median, Random& random) {
  double value = median * std::exp(of.noise * random.normal());
  if (random.uniform() < 0.05) value *= 1 + 2 * random.uniform();
  return value;
}

}  // namespace

Rates quality_rates(const QualityCase& of, std::size_t checks, std::uint64_t seed) {
  Random random(seed);
  Rates rates;
  for (std::size_t i = 0; i < checks; ++i) {
    std::vector<TaskResult> left, right;
    for (std::size_t t = 0; t < of.tasks; ++t) {
      std::vector<int> before, now;
      for (std::size_t k = 0; k < of.n; ++k) {
        before.push_back(random.uniform() < of.accuracy ? 1 : 0);
        now.push_back(changed(before.back(), of, random));
      }
      left.push_back(task_of(before, std::to_string(t)));
      right.push_back(task_of(now, std::to_string(t)));
    }
    count(rates, checked(result_of(left), result_of(right), {.resamples = 100}).verdict);
  }
  return rates;
}

Rates latency_rates(const LatencyCase& of, std::size_t checks, std::uint64_t seed) {
  Random random(seed);
  Rates rates;
  for (std::size_t i = 0; i < checks; ++i) {
    std::vector<double> before, now;
    for (std::size_t k = 0; k < of.n; ++k) {
      before.push_back(request(of, 50, random));
      now.push_back(request(of, 50 * (1 + of.slowdown), random));
    }
    const gate::Baseline baseline{.latency = latency_of(before)};
    // Made-up requests have one shape: ttft and tpot would be the same numbers again.
    count(rates, gate::check_latency(&baseline, latency_of(now),
                                     {.resamples = 2000, .metrics = {LatencyMetric::e2e}})
                     .verdict);
  }
  return rates;
}

SideRates side_by_side_rates(const LatencyCase& of, std::size_t checks, std::uint64_t seed) {
  Random random(seed);
  SideRates rates;
  for (std::size_t i = 0; i < checks; ++i) {
    const auto measured = gate::measure_side_by_side(
        [&](bool second) { return request(of, second ? 1 + of.slowdown : 1, random); }, 10, {});
    rates.pairs += static_cast<double>(measured.first.size());
    count(rates, gate::judge_side_by_side(measured, {}).verdict);
  }
  rates.pairs /= static_cast<double>(checks);
  return rates;
}

}  // namespace mlopsctl::testing
