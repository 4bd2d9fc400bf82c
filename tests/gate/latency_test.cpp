// bench check's rules: eval.md §4.
#include "mlopsctl/base/error.hpp"

#include "support/evaluations.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using doctest::Approx;
using gate::Verdict;

namespace {

gate::GateResult compared(const std::vector<double>& before, const std::vector<double>& now,
                          const gate::LatencyOptions& options = {}) {
  const gate::Baseline baseline{.name = "old", .latency = latency_of(before)};
  return gate::check_latency(&baseline, latency_of(now), options);
}

}  // namespace

TEST_CASE("slower by more than the threshold, and surely, is a regression") {
  const auto before = noisy(100, 0.03, 30, 1);
  CHECK(compared(before, noisy(100, 0.03, 30, 2)).verdict == Verdict::pass);
  const auto slower = compared(before, noisy(115, 0.03, 30, 3));
  CHECK(slower.verdict == Verdict::fail);
  CHECK(*find_check(slower, "median e2e")->change == Approx(1.15).epsilon(0.03));
  CHECK(find_check(slower, "median e2e")->interval->low > 1.05);
  CHECK(compared(before, noisy(103, 0.001, 30, 4)).verdict == Verdict::pass);  // sure, but small
  CHECK(compared(before, noisy(70, 0.03, 30, 5)).verdict == Verdict::pass);
}

TEST_CASE("a rise that the test nearly confirms is inconclusive; one of the noise is none") {
  const std::vector<double> before{90, 95, 100, 105, 110, 115, 120, 125};
  std::vector<double> now, wild;
  for (const double value : before) now.push_back(value + 17);
  for (const double value : before) wild.push_back(value == 105 || value == 110 ? 125 : value);
  const auto result = compared(before, now);
  REQUIRE(*find_check(result, "median e2e")->change > 1.05);
  const auto noise = compared(before, wild);
  REQUIRE(*find_check(noise, "median e2e")->change > 1.05);
  CHECK(noise.verdict == Verdict::pass);
  CHECK(result.verdict == Verdict::no_answer);
  CHECK(result.reason.find("inconclusive: measure more requests") != std::string::npos);
}

TEST_CASE("a slow quarter of the requests is seen at the 90th percentile") {
  auto before = noisy(100, 0.02, 100, 1), now = noisy(100, 0.02, 100, 2);
  for (std::size_t i = 0; i < 100; i += 4) now[i] *= 3;
  const auto result = compared(before, now);
  CHECK(find_check(result, "median e2e")->verdict == Verdict::pass);
  CHECK(find_check(result, "p90 e2e")->verdict == Verdict::fail);
  CHECK(find_check(compared(noisy(100, 0.02, 20, 1), noisy(100, 0.02, 20, 2)), "p90 e2e") ==
        nullptr);
}

TEST_CASE("fewer than five a side, other hardware and another load have no answer") {
  const auto ten = noisy(100, 0.01, 10, 1);
  CHECK(compared(noisy(100, 0.01, 4, 1), ten).verdict == Verdict::no_answer);
  CHECK(compared(ten, noisy(900, 0.01, 4, 1)).reason.find("insufficient data") !=
        std::string::npos);
  const gate::Baseline baseline{.latency = latency_of(ten)};
  auto now = latency_of(ten);
  now.fingerprint["cpu"] = "another CPU";
  const auto moved = gate::check_latency(&baseline, now, {});
  CHECK(moved.verdict == Verdict::no_answer);
  CHECK(moved.reason == "not comparable: cpu was 'a CPU' and is 'another CPU'");
  CHECK(gate::check_latency(&baseline, now, {.allowed = {"cpu"}}).verdict == Verdict::pass);
  now = latency_of(ten);
  now.load = "poisson, 8 requests/s";
  CHECK(gate::check_latency(&baseline, now, {}).verdict == Verdict::no_answer);
  now = latency_of(ten);
  now.fingerprint["output_tokens"] = "256";
  CHECK(gate::check_latency(&baseline, now, {}).verdict == Verdict::no_answer);
  now = latency_of(ten);
  now.fingerprint["dtype"] = "bfloat16";  // may be what is tested
  CHECK(gate::check_latency(&baseline, now, {}).verdict == Verdict::pass);
  CHECK(gate::check_latency(&baseline, latency_of({}), {}).verdict == Verdict::no_answer);
  const gate::Baseline without{};
  CHECK(gate::check_latency(&without, now, {}).verdict == Verdict::no_answer);
}

TEST_CASE("a limit is strict and needs ten requests") {
  const auto limited = [](const std::vector<double>& values, const char* limit) {
    gate::LatencyOptions options;
    options.limits = {gate::parse_latency_limit(limit)};
    return gate::check_latency(nullptr, latency_of(values), options).verdict;
  };
  CHECK(limited(std::vector<double>(10, 99.9), "mean") == Verdict::pass);
  CHECK(limited(std::vector<double>(16, 125), "mean=125ms") == Verdict::fail);
  CHECK(limited(std::vector<double>(16, 125), "mean=126ms") == Verdict::pass);
  CHECK(limited(std::vector<double>(9, 1), "mean") == Verdict::no_answer);
  CHECK(limited(std::vector<double>(10, 100), "p90:ttft=11ms") == Verdict::pass);
  CHECK(limited(std::vector<double>(10, 100), "p90:ttft=9ms") == Verdict::fail);
  CHECK(limited(std::vector<double>(10, 0.1), "mean=200us") == Verdict::pass);
  for (const char* wrong : {"", "mode=1s", "mean=0s", "mean:what=1s", "mean=fast"}) {
    CHECK_THROWS_AS(gate::parse_latency_limit(wrong), Error);
  }
}

TEST_CASE("the baseline's own noise is the threshold where it is larger") {
  gate::Baseline baseline{.name = "old", .latency = latency_of(noisy(100, 0.01, 20, 1))};
  const auto now = latency_of(noisy(108, 0.01, 20, 2));
  CHECK(gate::check_latency(&baseline, now, {}).verdict == Verdict::fail);
  baseline.noise = gate::noise_floor(*baseline.latency, {latency_of(noisy(110, 0.01, 20, 3))});
  CHECK(baseline.noise.at("median e2e") == Approx(0.1).epsilon(0.2));
  CHECK(gate::check_latency(&baseline, now, {}).verdict == Verdict::pass);
}
