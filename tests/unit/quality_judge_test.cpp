#include "mlopsctl/quality/judge.hpp"

#include "support/measured.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::quality;

namespace {

// A log in which `hits` of `responses` have a flag.
LogSummary log_with(const char* flag, int hits, int responses) {
  const Indicators& indicators = mlopsctl::testing::default_indicators();
  LogSummary log;
  log.lines = log.responses = static_cast<std::uint64_t>(responses);
  log.totals.resize(indicators.size());
  for (std::size_t i = 0; i < indicators.size(); ++i) {
    for (int row = 0; row < responses; ++row) {
      log.totals[i].add(indicators.all()[i].name == flag && row < hits ? 1 : 0);
    }
  }
  return log;
}

QualityResult judged(int hits, int responses, double limit,
                     std::optional<std::pair<int, int>> reference = {}) {
  QualityResult result;
  result.indicators = mlopsctl::testing::default_indicators().all();
  result.current = log_with("refusal", hits, responses);
  if (reference) result.reference = log_with("refusal", reference->first, reference->second);
  judge(result, {{"refusal", limit}});
  return result;
}

}  // namespace

TEST_CASE("a rate is over its limit if Wilson's lower bound is") {
  CHECK(judged(10, 100, 0.05).verdict == Verdict::bad);  // 5.52 % at least
  CHECK(judged(9, 100, 0.05).verdict == Verdict::ok);    // 4.81 % at least
  CHECK(judged(9, 100, 0.05).rates.front().indicator.name == "refusal");
  const RateResult rate = judged(10, 100, 0.05).rates.front();
  CHECK(rate.current.interval.low == doctest::Approx(0.0552291).epsilon(1e-5));
  CHECK(rate.current.interval.high == doctest::Approx(0.1743657).epsilon(1e-5));
  CHECK(judged(10, 100, 0.05).reason.find("refusal is 10 % (at least 5.52 %), the limit is 5 %") ==
        0);
}

TEST_CASE("a limit of 0 allows none") {
  CHECK(judged(1, 100'000, 0).verdict == Verdict::bad);
  CHECK(judged(0, 100'000, 0).verdict == Verdict::ok);
}

TEST_CASE("one bad response of three alarms nobody") {
  CHECK(judged(1, 3, 0.05).verdict == Verdict::insufficient);
  CHECK(judged(29, 29, 0.05).verdict == Verdict::insufficient);
  CHECK(judged(30, 30, 0.05).verdict == Verdict::bad);
  CHECK(judged(0, 0, 0.05).verdict == Verdict::no_data);
}

TEST_CASE("a rate rose if the intervals part and the rise is a hundredth") {
  CHECK(judged(60, 1000, 1, {{10, 1000}}).verdict == Verdict::bad);
  CHECK(judged(60, 1000, 1, {{10, 1000}}).reason == "refusal rose from 1 % to 6 %");
  CHECK(judged(16, 1000, 1, {{10, 1000}}).verdict == Verdict::ok);            // could be chance
  CHECK(judged(1500, 100'000, 1, {{1000, 100'000}}).verdict == Verdict::ok);  // sure, but small
  CHECK(judged(10, 1000, 1, {{60, 1000}}).verdict == Verdict::ok);            // fell
  CHECK(judged(60, 1000, 1, {{0, 10}}).verdict == Verdict::insufficient);
}

TEST_CASE("small rates keep the digits that tell them from none") {
  CHECK(percent_text(0) == "0 %");
  CHECK(percent_text(0.00012) == "0.012 %");
  CHECK(percent_text(0.125) == "12.5 %");
  CHECK(percent_text(1) == "100 %");
}
