#include "mlopsctl/quality/judge.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace mlopsctl::quality {

namespace {

Rate rate_of(const IndicatorTotal& total, double confidence) {
  Rate rate{static_cast<std::uint64_t>(std::llround(total.sum())), total.count(), {}};
  rate.interval = drift::wilson_interval(rate.hits, rate.of, confidence);
  return rate;
}

bool has_risen(const RateResult& rate, const JudgingRule& rule) {
  if (!rate.indicator.bad || !rate.reference) return false;
  const bool enough =
      rate.current.of >= rule.least_responses && rate.reference->of >= rule.least_responses;
  return enough && rate.current.interval.low > rate.reference->interval.high &&
         rate.current.value() - rate.reference->value() >= rule.least_rise;
}

void fill_rates(QualityResult& result, const std::vector<RateLimit>& limits) {
  for (std::size_t i = 0; i < result.indicators.size(); ++i) {
    if (result.indicators[i].kind != IndicatorKind::flag) continue;
    RateResult rate{.indicator = result.indicators[i]};
    rate.current = rate_of(result.current.totals[i], result.judging.confidence);
    if (result.reference) {
      rate.reference = rate_of(result.reference->totals[i], result.judging.confidence);
    }
    const auto limit = std::ranges::find(limits, rate.indicator.name, &RateLimit::indicator);
    if (limit != limits.end()) {
      rate.limit = limit->most;
      rate.over = rate.current.of >= result.judging.least_responses &&
                  rate.current.interval.low > limit->most;
    }
    rate.rose = has_risen(rate, result.judging);
    result.rates.push_back(std::move(rate));
  }
  const auto order = [](const RateResult& rate) {
    const double value = rate.current.of == 0 ? -1 : rate.current.value();
    return std::tuple(!rate.over, !rate.rose, !rate.indicator.bad, -value);
  };
  std::ranges::stable_sort(result.rates, std::ranges::less{}, order);
}

std::string over_text(const RateResult& rate) {
  return fmt::format("{} is {} (at least {}), the limit is {}", rate.indicator.name,
                     percent_text(rate.current.value()), percent_text(rate.current.interval.low),
                     percent_text(*rate.limit));
}

std::string rose_text(const RateResult& rate) {
  return fmt::format("{} rose from {} to {}", rate.indicator.name,
                     percent_text(rate.reference->value()), percent_text(rate.current.value()));
}

std::vector<std::string> reasons_of(const QualityResult& result) {
  std::vector<std::string> reasons;
  for (const RateResult& rate : result.rates) {
    if (rate.over) reasons.push_back(over_text(rate));
    if (rate.rose) reasons.push_back(rose_text(rate));
  }
  if (result.drift && result.drift->verdict == drift::Verdict::drift) {
    std::vector<std::string> names;
    for (const auto& feature : result.drift->features) {
      if (feature.verdict == drift::Verdict::drift && names.size() < 4) {
        names.push_back(feature.name);
      }
    }
    const std::size_t more = result.drift->drifted_features - names.size();
    reasons.push_back(
        names.empty() ? result.drift->reason
                      : fmt::format("drift of {}{}", join(names, ", "),
                                    more > 0 ? fmt::format(" and {} more", more) : std::string()));
  }
  return reasons;
}

std::string shortened_reason(std::vector<std::string> reasons) {
  constexpr std::size_t most = 3;
  const std::size_t more = reasons.size() > most ? reasons.size() - most : 0;
  if (more > 0) reasons.resize(most);
  return join(reasons, "; ") + (more > 0 ? fmt::format("; and {} more", more) : std::string());
}

std::string good_reason(const QualityResult& result) {
  const auto limits = std::ranges::count_if(
      result.rates, [](const RateResult& rate) { return rate.limit.has_value(); });
  std::string reason = limits == 1  ? "the limit is kept"
                       : limits > 0 ? fmt::format("all {} limits are kept", limits)
                                    : "no limit was given";
  if (result.drift) reason += ", no rate rose, and nothing drifted";
  return reason;
}

// Too few responses on a side for any answer; empty if there are enough.
std::string shortage(const QualityResult& result) {
  const std::uint64_t least = result.judging.least_responses;
  if (result.current.responses < least) {
    return fmt::format("{} responses are fewer than {}", result.current.responses, least);
  }
  if (result.reference && result.reference->responses < least) {
    return fmt::format("{} responses of the reference are fewer than {}",
                       result.reference->responses, least);
  }
  return {};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::bad:
      return "bad";
    case Verdict::insufficient:
      return "insufficient data";
    case Verdict::no_data:
      return "no data";
  }
  return "";
}

const IndicatorTotal& QualityResult::total(std::string_view indicator) const {
  const auto found = std::ranges::find(indicators, indicator, &IndicatorInfo::name);
  if (found == indicators.end()) {
    throw Error(ErrorKind::bug, fmt::format("no indicator {}", quote(indicator)));
  }
  return current.totals.at(static_cast<std::size_t>(found - indicators.begin()));
}

void judge(QualityResult& result, const std::vector<RateLimit>& limits) {
  fill_rates(result, limits);
  if (result.current.responses == 0) {
    result.verdict = Verdict::no_data;
    result.reason = result.current.lines == 0 ? "the log is empty" : "no line holds a response";
    return;
  }
  result.reason = shortage(result);
  if (!result.reason.empty()) {
    result.verdict = Verdict::insufficient;
    return;
  }
  auto reasons = reasons_of(result);
  result.verdict = reasons.empty() ? Verdict::ok : Verdict::bad;
  result.reason = reasons.empty() ? good_reason(result) : shortened_reason(std::move(reasons));
}

std::string percent_text(double share) {
  const double percent = 100 * share;
  if (std::isnan(share)) return "-";
  return percent > 0 && percent < 1 ? fmt::format("{:.2g} %", percent)
                                    : fmt::format("{:.3g} %", percent);
}

}  // namespace mlopsctl::quality
