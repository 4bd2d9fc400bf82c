// Metrics of a quality check for Prometheus.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/version.hpp"

#include "commands/check_metrics.hpp"
#include "commands/quality_documents.hpp"

#include <cmath>

namespace mlopsctl::commands {

namespace {

using quality::QualityResult;
using quality::RateResult;
using quality::Verdict;

void add_rates(CheckMetrics& metrics, const QualityResult& result) {
  for (const RateResult& rate : result.rates) {
    const MetricLabel label{"indicator", rate.indicator.name};
    if (rate.current.of == 0) continue;
    metrics.add("mlopsctl_quality_rate_ratio", "Share of the responses that have a flag.",
                rate.current.value(), {label});
    metrics.add("mlopsctl_quality_rate_low_ratio", "Lower bound of its Wilson interval.",
                rate.current.interval.low, {label});
    if (rate.limit) {
      metrics.add("mlopsctl_quality_limit_ratio", "Share that is allowed.", *rate.limit, {label});
      metrics.add("mlopsctl_quality_over_limit", "1 if the rate is surely above its limit.",
                  rate.over ? 1 : 0, {label});
    }
    if (rate.reference) {
      metrics.add("mlopsctl_quality_rose", "1 if the rate surely rose against the reference.",
                  rate.rose ? 1 : 0, {label});
    }
  }
}

void add_means(CheckMetrics& metrics, const QualityResult& result) {
  for (std::size_t i = 0; i < result.indicators.size(); ++i) {
    const auto& info = result.indicators[i];
    if (info.kind != quality::IndicatorKind::number && info.kind != quality::IndicatorKind::count) {
      continue;
    }
    const double mean = result.current.totals[i].mean();
    if (std::isnan(mean)) continue;
    metrics.add("mlopsctl_quality_mean", "Mean of a number over the responses.", mean,
                {{"indicator", info.name}});
  }
}

}  // namespace

std::vector<MetricFamily> quality_metrics(const QualityResult& result,
                                          std::optional<double> last_success_before) {
  CheckMetrics metrics(result.name);
  metrics.add("mlopsctl_quality_bad", "1 if the last check found the quality bad.",
              result.verdict == Verdict::bad ? 1 : 0);
  for (const auto verdict : {Verdict::ok, Verdict::bad, Verdict::insufficient, Verdict::no_data}) {
    metrics.add("mlopsctl_quality_verdict", "1 for the verdict of the last check.",
                result.verdict == verdict ? 1 : 0, {{"verdict", std::string(to_string(verdict))}});
  }
  metrics.add("mlopsctl_quality_responses", "Responses that were measured.",
              static_cast<double>(result.current.responses));
  metrics.add("mlopsctl_quality_malformed_lines", "Lines that were no JSON.",
              static_cast<double>(result.current.malformed));
  if (result.drift) {
    metrics.add("mlopsctl_quality_drifted_indicators", "Indicators that drifted.",
                static_cast<double>(result.drift->drifted_features));
  }
  add_rates(metrics, result);
  add_means(metrics, result);
  metrics.add("mlopsctl_quality_info", "How the check was made.", 1,
              {{"rules", result.rules}, {"version", std::string(version_info().version)}});
  metrics.add_times({"mlopsctl_quality_last_run_timestamp_seconds",
                     "mlopsctl_quality_last_success_timestamp_seconds"},
                    result.checked_at,
                    result.verdict == Verdict::ok || result.verdict == Verdict::bad,
                    last_success_before);
  return metrics.take();
}

}  // namespace mlopsctl::commands
