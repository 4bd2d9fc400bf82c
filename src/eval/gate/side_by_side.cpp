#include "mlopsctl/eval/side_by_side.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl::gate {

namespace {

double measured(const MeasureSide& measure, bool second) {
  const double seconds = measure(second);
  if (!(seconds > 0) || !std::isfinite(seconds)) {
    throw Error(ErrorKind::usage, fmt::format("the {} side took {} seconds: nothing was measured",
                                              second ? "second" : "first", seconds));
  }
  return seconds;
}

}  // namespace

SideBySide measure_side_by_side(const MeasureSide& measure, std::uint32_t pairs,
                                const RatioRule& rule) {
  SideBySide result;
  for (const bool second : {false, true}) measured(measure, second);
  while (result.looks < rule.looks && result.ratio.decision == Decision::undecided) {
    const std::size_t wanted = std::size_t{pairs} << result.looks;
    while (result.first.size() < wanted) {
      const bool second_first = result.first.size() % 2 == 1;
      const double one = measured(measure, second_first);
      const double other = measured(measure, !second_first);
      result.first.push_back(second_first ? other : one);
      result.second.push_back(second_first ? one : other);
    }
    ++result.looks;
    result.ratio = paired_ratio(result.first, result.second, rule);
  }
  return result;
}

GateResult judge_side_by_side(const SideBySide& sides, const RatioRule& rule) {
  GateResult result{.kind = Kind::bench};
  const auto milliseconds = [](std::vector<double> values) {
    for (double& value : values) value *= 1000;
    return values;
  };
  const PairedRatio& ratio = sides.ratio;
  Check check{.subject = "side by side",
              .name = "median",
              .unit = "ms",
              .before = median_of(milliseconds(sides.first)),
              .now = median_of(milliseconds(sides.second)),
              .n = sides.first.size(),
              .is_ratio = true,
              .interval = ratio.interval,
              .change = ratio.ratio,
              .p = ratio.slower};
  check.limit = *check.before * (1 + rule.threshold);
  check.text = fmt::format(
      "the second takes {:+.1f} % time beside the first ({:+.1f} % to {:+.1f} %) in {} pairs, "
      "{:.1f} % are allowed",
      100 * (ratio.ratio - 1), 100 * (ratio.interval.low - 1), 100 * (ratio.interval.high - 1),
      sides.first.size(), 100 * rule.threshold);
  switch (ratio.decision) {
    case Decision::pass:
      break;
    case Decision::fail:
      check.verdict = Verdict::fail;
      check.text += fmt::format(" (Wilcoxon p = {})", p_text(ratio.slower));
      break;
    case Decision::undecided:
      check.verdict = Verdict::no_answer;
      check.text += fmt::format("; inconclusive after {} looks: less noise or more --pairs decide",
                                sides.looks);
      break;
  }
  result.checks.push_back(std::move(check));
  result.samples.push_back({"time", "ms", milliseconds(sides.first), milliseconds(sides.second)});
  conclude(result);
  return result;
}

}  // namespace mlopsctl::gate
