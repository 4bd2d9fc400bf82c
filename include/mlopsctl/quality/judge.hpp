// Are the responses good enough? Rates are judged by the lower bound of Wilson's interval: one bad
// response of three alarms nobody.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/drift/result.hpp"
#include "mlopsctl/drift/statistics.hpp"
#include "mlopsctl/quality/log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::quality {

enum class Verdict { ok, bad, insufficient, no_data };
std::string_view to_string(Verdict verdict);  // "ok", "bad", "insufficient data", "no data"

// How many of the responses have a flag.
struct Rate {
  std::uint64_t hits = 0, of = 0;
  drift::Interval interval;
  double value() const { return of == 0 ? not_measured : double(hits) / double(of); }
};

struct RateResult {
  IndicatorInfo indicator;
  Rate current;
  std::optional<Rate> reference;
  std::optional<double> limit;
  bool over = false;  // surely above its limit
  bool rose = false;  // surely higher than in the reference, and by enough
};

struct QualityResult {
  std::string name;   // of the check
  std::string rules;  // rules_id
  Timestamp checked_at{};
  std::vector<IndicatorInfo> indicators;
  std::vector<std::string> labels;  // languages
  LogSummary current;
  std::optional<LogSummary> reference;
  JudgingRule judging;
  std::vector<RateResult> rates;            // of all flags: over, rose, bad ones by rate, the rest
  std::optional<drift::DriftResult> drift;  // of the columns, where there is a reference
  Verdict verdict = Verdict::ok;
  std::string reason;  // one sentence
  std::string run_id;  // where it was recorded, empty if nowhere

  const IndicatorTotal& total(std::string_view indicator) const;  // of the current log
};

// Fills rates, verdict and reason from the rest: bad if a rate is over its limit, rose, or a column
// drifted; no answer with fewer responses than the rules ask for.
void judge(QualityResult& result, const std::vector<RateLimit>& limits);

// "12.5 %", with as many digits as it takes to tell small rates from none.
std::string percent_text(double share);

}  // namespace mlopsctl::quality
