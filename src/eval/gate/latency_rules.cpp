// bench check: ratios of medians and 90th percentiles with a test each, and absolute limits.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/statistics.hpp"
#include "mlopsctl/eval/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl::gate {

namespace {

constexpr std::array<std::string_view, 7> statistics{"mean", "median", "min", "max",
                                                     "p90",  "p95",    "p99"};
constexpr double normal_of_mad = 1.4826;
constexpr std::string_view inconclusive = "; inconclusive: measure more requests";
constexpr double suspicion = 5;  // times alpha: likely slower, but not surely

// What was asked for: longer answers take longer.
constexpr std::array<std::string_view, 3> load_keys{"input_tokens", "output_tokens",
                                                    "prompts_sha256"};

double statistic_of(const LatencySummary& summary, std::string_view name) {
  if (name == "mean") return summary.mean;
  if (name == "median") return summary.median;
  if (name == "min") return summary.min;
  if (name == "max") return summary.max;
  if (name == "p90") return summary.p90;
  return name == "p95" ? summary.p95 : summary.p99;
}

// Values of a request that can be compared; a queue at the client is no property of what is
// measured, and gaps are judged by their mean a request, tpot.
constexpr std::array judged{LatencyMetric::ttft, LatencyMetric::tpot, LatencyMetric::e2e};

std::vector<double> sorted(std::vector<double> values) {
  std::ranges::sort(values);
  return values;
}

// Models of tests answer in less than a millisecond.
double milliseconds_of(std::string_view text) {
  for (const auto& [unit, scale] : {std::pair{"us", 1e-3}, std::pair{"ms", 1.0}}) {
    if (!text.ends_with(unit)) continue;
    if (const auto number = parse_number(text.substr(0, text.size() - 2))) return *number * scale;
  }
  return static_cast<double>(parse_duration(text).count());
}

bool is_allowed(const LatencyOptions& options, const std::string& key) {
  return std::ranges::find(options.allowed, key) != options.allowed.end();
}

std::string shown(const std::string& value) {
  return value.empty() ? std::string("absent") : quote(value);
}

void refuse(GateResult& result, const std::string& name, std::string text) {
  result.checks.push_back(
      {.subject = "latency", .name = name, .verdict = Verdict::no_answer, .text = std::move(text)});
}

bool is_comparable(const LatencyRun& before, const LatencyRun& now, const LatencyOptions& options,
                   GateResult& result) {
  auto hardware = differences(before.fingerprint, now.fingerprint, KeyKind::hardware);
  if (before.load != now.load) hardware.push_back({"load", before.load, now.load});
  for (auto& one : differences(before.fingerprint, now.fingerprint, KeyKind::quality)) {
    if (std::ranges::find(load_keys, one.key) != load_keys.end()) {
      hardware.push_back(std::move(one));
    }
  }
  for (const auto& one : hardware) {
    if (is_allowed(options, one.key)) {
      result.notes.push_back(
          fmt::format("{} differs: {} and {}", one.key, shown(one.before), shown(one.now)));
    } else {
      refuse(result, one.key,
             fmt::format("not comparable: {} was {} and is {}", one.key, shown(one.before),
                         shown(one.now)));
    }
  }
  for (const auto kind : {KeyKind::quality, KeyKind::told}) {
    for (const auto& one : differences(before.fingerprint, now.fingerprint, kind)) {
      if (std::ranges::find(load_keys, one.key) != load_keys.end()) continue;
      result.notes.push_back(
          fmt::format("{} differs: {} and {}", one.key, shown(one.before), shown(one.now)));
    }
  }
  return result.checks.empty();
}

struct Sides {
  std::string metric;
  std::vector<double> before, now;  // sorted, milliseconds
};

struct Statistic {
  const char* name;
  double quantile;
};

// The test decides together with the ratio: a median is compared by Mann-Whitney, a tail, which
// that test hardly sees, by its bootstrap interval.
Check ratio_check(const Sides& sides, const Statistic& statistic, double threshold,
                  const LatencyOptions& options) {
  Check check{.subject = "latency",
              .name = fmt::format("{} {}", statistic.name, sides.metric),
              .unit = "ms",
              .before = mlopsctl::quantile(sides.before, statistic.quantile),
              .now = mlopsctl::quantile(sides.now, statistic.quantile),
              .n = sides.now.size(),
              .is_ratio = true};
  const double ratio = *check.now / *check.before;
  check.limit = *check.before * (1 + threshold);
  check.change = ratio;
  check.interval = bootstrap_quantile_ratio(
      sides.before, sides.now, statistic.quantile,
      {.resamples = options.resamples, .seed = options.seed, .confidence = 1 - 2 * options.alpha});
  check.p = drift::mann_whitney(sides.before, sides.now, drift::Alternative::less).p;
  const double spread = normal_of_mad * median_deviation(sides.before) / median_of(sides.before);
  const bool is_median = statistic.quantile == 0.5;
  if (is_median) {
    check.detectable =
        detectable_rise(sides.before.size(), sides.now.size(), spread, options.alpha);
  } else {
    check.p.reset();
  }
  const bool sure = is_median ? *check.p < options.alpha : check.interval->low > 1 + threshold;
  const bool likely = is_median ? *check.p < suspicion * options.alpha : check.interval->low > 1;
  check.text = fmt::format("{} is {:.4g} ms, was {:.4g} ms: {:+.1f} %, {:.1f} % {} allowed",
                           check.name, *check.now, *check.before, 100 * (ratio - 1),
                           100 * threshold, ratio > 1 + threshold ? "were" : "are");
  if (!(ratio > 1 + threshold)) return check;
  if (is_median) {
    check.text += fmt::format(" (Mann-Whitney p = {})", p_text(*check.p));
  } else {
    check.text += fmt::format(" (interval {:+.1f} % to {:+.1f} %)", 100 * (check.interval->low - 1),
                              100 * (check.interval->high - 1));
  }
  if (sure) {
    check.verdict = Verdict::fail;
  } else if (likely) {
    check.verdict = Verdict::no_answer;
    check.text += inconclusive;
  } else {
    check.text += "; within the noise";
  }
  return check;
}

void compare_metric(const Sides& sides, const Baseline& baseline, const LatencyOptions& options,
                    GateResult& result) {
  const std::size_t least = std::min(sides.before.size(), sides.now.size());
  if (least < least_samples) {
    refuse(result, sides.metric,
           fmt::format("insufficient data: {} has {} and {} values, {} a side are needed",
                       sides.metric, sides.before.size(), sides.now.size(), least_samples));
    return;
  }
  if (median_of(sides.before) <= 0) return;  // all in one piece: no time between the tokens
  for (const Statistic& statistic : {Statistic{"median", 0.5}, Statistic{"p90", 0.9}}) {
    if (statistic.quantile != 0.5 && least < least_for_p90) {
      const std::string note =
          fmt::format("90th percentiles are not judged below {} requests a side", least_for_p90);
      if (std::ranges::find(result.notes, note) == result.notes.end()) {
        result.notes.push_back(note);
      }
      continue;
    }
    const auto noise = baseline.noise.find(fmt::format("{} {}", statistic.name, sides.metric));
    const double floor = noise == baseline.noise.end() ? 0 : noise->second;
    result.checks.push_back(
        ratio_check(sides, statistic, std::max(options.threshold, floor), options));
    if (floor > options.threshold) {
      result.notes.push_back(fmt::format("{} {}: the baseline's noise of {:.1f} % is the threshold",
                                         statistic.name, sides.metric, 100 * floor));
    }
  }
}

void compare_runs(const Baseline& baseline, const LatencyRun& now, const LatencyOptions& options,
                  GateResult& result) {
  const LatencyRun& before = *baseline.latency;
  if (!is_comparable(before, now, options, result)) return;
  const auto& wanted = options.metrics;
  for (const LatencyMetric metric : judged) {
    if (!wanted.empty() && std::ranges::find(wanted, metric) == wanted.end()) continue;
    Sides sides{std::string(to_string(metric)), sorted(latency_values(before, metric)),
                sorted(latency_values(now, metric))};
    const bool one_sided = sides.before.empty() != sides.now.empty();
    if (sides.before.empty() && sides.now.empty() && wanted.empty()) continue;
    if (one_sided && wanted.empty() && metric != LatencyMetric::e2e) continue;
    result.samples.push_back({sides.metric, "ms", sides.before, sides.now});
    compare_metric(sides, baseline, options, result);
  }
  const double failed_before = static_cast<double>(latency_totals(before).failed);
  const double share_before = failed_before / static_cast<double>(before.requests.size());
  const double failed = static_cast<double>(latency_totals(now).failed);
  if (failed / static_cast<double>(now.requests.size()) > share_before) {
    result.notes.push_back(fmt::format("{} of {} requests failed, {} of {} did in the baseline",
                                       failed, now.requests.size(), failed_before,
                                       before.requests.size()));
  }
}

void check_limit(const LatencyRun& now, const LatencyLimit& limit, GateResult& result) {
  const LatencySummary summary = summarize(latency_values(now, limit.metric));
  const double value = statistic_of(summary, limit.statistic);
  Check check{.subject = "limits",
              .name = fmt::format("{} {}", limit.statistic, to_string(limit.metric)),
              .unit = "ms",
              .limit = limit.milliseconds,
              .n = summary.n};
  if (summary.n < least_runs_of_limit) {
    check.verdict = Verdict::no_answer;
    check.text = fmt::format("insufficient data: {} of {} requests, {} are needed", check.name,
                             summary.n, least_runs_of_limit);
  } else {
    check.now = value;
    const bool kept = value < limit.milliseconds;
    check.verdict = kept ? Verdict::pass : Verdict::fail;
    check.text = fmt::format("{} of {} requests is {:.4f} ms, {} {:.4f} ms", check.name, summary.n,
                             value, kept ? "below" : "not below", limit.milliseconds);
  }
  result.checks.push_back(std::move(check));
}

void tell_devices(const LatencyRun& now, GateResult& result) {
  for (const DeviceState& device : now.after) {
    if (!device.throttled.empty()) {
      result.notes.push_back(
          fmt::format("{} was slowed down meanwhile: {}", device.name, device.throttled));
    }
  }
}

}  // namespace

bool is_inconclusive(const GateResult& result) {
  return result.verdict == Verdict::no_answer &&
         std::ranges::any_of(result.checks,
                             [](const Check& check) { return check.text.ends_with(inconclusive); });
}

LatencyLimit parse_latency_limit(std::string_view text) {
  LatencyLimit limit;
  std::string_view what = text;
  if (const auto equals = text.find('='); equals != text.npos) {
    limit.milliseconds = milliseconds_of(text.substr(equals + 1));
    what = text.substr(0, equals);
  }
  if (const auto colon = what.find(':'); colon != what.npos) {
    const auto metric = parse_latency_metric(what.substr(colon + 1));
    if (!metric) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} is no metric of latency", quote(what.substr(colon + 1))),
                  "ttft, tpot, gap, e2e or queue");
    }
    limit.metric = *metric;
    what = what.substr(0, colon);
  }
  limit.statistic = std::string(what);
  if (std::ranges::find(statistics, what) == statistics.end() || !(limit.milliseconds > 0)) {
    throw Error(ErrorKind::usage, fmt::format("{} is no limit", quote(text)),
                "such as mean=100ms, median:ttft=50ms or p90=250ms");
  }
  return limit;
}

GateResult check_latency(const Baseline* baseline, const LatencyRun& now,
                         const LatencyOptions& options) {
  GateResult result{.kind = Kind::bench, .baseline = baseline ? baseline->name : std::string()};
  for (const auto& [key, value] : now.fingerprint) result.facts.emplace_back(key, value);
  result.facts.emplace_back("load", now.load);
  if (baseline != nullptr && baseline->latency) {
    compare_runs(*baseline, now, options, result);
  } else if (baseline != nullptr) {
    refuse(result, "baseline", "the baseline has no latency");
  }
  for (const LatencyLimit& limit : options.limits) check_limit(now, limit, result);
  tell_devices(now, result);
  conclude(result);
  return result;
}

}  // namespace mlopsctl::gate
