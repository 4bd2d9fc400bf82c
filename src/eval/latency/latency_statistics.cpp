#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace mlopsctl {

namespace {

constexpr double milliseconds = 1000;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct MetricInfo {
  LatencyMetric metric;
  std::string_view name, definition;
};
constexpr std::array infos{
    MetricInfo{LatencyMetric::ttft, "ttft",
               "from sending a request to its first non-empty text (a chunk with a role only does "
               "not count)"},
    MetricInfo{LatencyMetric::tpot, "tpot",
               "of each request of two or more tokens: from its first to its last text, divided by "
               "its output tokens less one"},
    MetricInfo{LatencyMetric::gap, "gap",
               "between two successive tokens of a local model or chunks of an endpoint, of all "
               "requests together"},
    MetricInfo{LatencyMetric::e2e, "e2e", "from sending a request to its last text"},
    MetricInfo{LatencyMetric::queue, "queue",
               "from when a request was due to when it was sent: waiting at the client, in none of "
               "the others"}};
constexpr std::array metrics{LatencyMetric::ttft, LatencyMetric::tpot, LatencyMetric::gap,
                             LatencyMetric::e2e, LatencyMetric::queue};

const MetricInfo& info_of(LatencyMetric metric) {
  return *std::ranges::find(infos, metric, &MetricInfo::metric);
}

// Of one request, in milliseconds; NaN if it has no such value.
double value_of(const RequestTiming& request, LatencyMetric metric) {
  switch (metric) {
    case LatencyMetric::ttft:
      return (request.first - request.sent) * milliseconds;
    case LatencyMetric::tpot:
      if (request.output_tokens < 2) return unknown;
      return (request.last - request.first) * milliseconds /
             static_cast<double>(request.output_tokens - 1);
    case LatencyMetric::e2e:
      return (request.last - request.sent) * milliseconds;
    case LatencyMetric::queue:
      return std::max(0.0, request.sent - request.due) * milliseconds;
    case LatencyMetric::gap:
      break;
  }
  return unknown;
}

}  // namespace

std::span<const LatencyMetric> latency_metrics() { return metrics; }
std::string_view to_string(LatencyMetric metric) { return info_of(metric).name; }
std::string_view definition(LatencyMetric metric) { return info_of(metric).definition; }

std::optional<LatencyMetric> parse_latency_metric(std::string_view name) {
  const auto found = std::ranges::find(infos, name, &MetricInfo::name);
  if (found == infos.end()) return std::nullopt;
  return found->metric;
}

std::vector<double> latency_values(const LatencyRun& run, LatencyMetric metric) {
  std::vector<double> values;
  for (const RequestTiming& request : run.requests) {
    if (!request.error.empty()) continue;
    if (metric == LatencyMetric::gap) {
      for (const double gap : request.gaps) values.push_back(gap * milliseconds);
      continue;
    }
    const double value = value_of(request, metric);
    if (!std::isnan(value)) values.push_back(value);
  }
  return values;
}

double quantile(std::span<const double> ascending, double q) {
  if (ascending.empty()) return unknown;
  const double place = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= ascending.size()) return ascending.back();
  const double share = place - static_cast<double>(below);
  // Infinite neighbours must not make NaN of what needs no other value.
  return share == 0 ? ascending[below]
                    : ascending[below] + share * (ascending[below + 1] - ascending[below]);
}

LatencySummary summarize(std::span<const double> values) {
  LatencySummary summary{.n = values.size(),
                         .mean = unknown,
                         .median = unknown,
                         .mad = unknown,
                         .min = unknown,
                         .max = unknown,
                         .p90 = unknown,
                         .p95 = unknown,
                         .p99 = unknown};
  if (values.empty()) return summary;
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  double sum = 0;
  for (const double value : sorted) sum += value;
  summary.mean = sum / static_cast<double>(sorted.size());
  summary.median = quantile(sorted, 0.5);
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.p90 = quantile(sorted, 0.9);
  summary.p95 = quantile(sorted, 0.95);
  summary.p99 = quantile(sorted, 0.99);
  for (double& value : sorted) value = std::abs(value - summary.median);
  std::ranges::sort(sorted);
  summary.mad = quantile(sorted, 0.5);
  return summary;
}

LatencyTotals latency_totals(const LatencyRun& run) {
  LatencyTotals totals;
  for (const RequestTiming& request : run.requests) {
    if (!request.error.empty()) {
      ++totals.failed;
      continue;
    }
    ++totals.completed;
    totals.prompt_tokens += request.prompt_tokens;
    totals.output_tokens += request.output_tokens;
    totals.counted_chunks = totals.counted_chunks || request.counted_chunks;
  }
  const auto rate = [&](std::uint64_t count) {
    return run.wall > 0 ? static_cast<double>(count) / run.wall : unknown;
  };
  totals.requests_per_second = rate(totals.completed);
  totals.output_tokens_per_second = rate(totals.output_tokens);
  totals.tokens_per_second = rate(totals.output_tokens + totals.prompt_tokens);
  return totals;
}

Slo parse_slo(std::string_view text) {
  const auto colon = text.find(':');
  const auto metric = parse_latency_metric(text.substr(0, colon));
  const auto limit = colon == std::string_view::npos ? std::optional<double>()
                                                     : parse_number(text.substr(colon + 1));
  const bool known = metric && *metric != LatencyMetric::gap && *metric != LatencyMetric::queue;
  if (!known || !limit || !(*limit > 0) || std::isinf(*limit)) {
    throw Error(ErrorKind::usage, fmt::format("{} is no promise about latency", quote(text)),
                "write ttft:100, tpot:20 or e2e:2000, in milliseconds");
  }
  return {*metric, *limit};
}

Goodput goodput(const LatencyRun& run, std::span<const Slo> slos) {
  Goodput result;
  for (const RequestTiming& request : run.requests) {
    const auto kept = [&](const Slo& slo) {
      const double value = value_of(request, slo.metric);
      return std::isnan(value) || value <= slo.milliseconds;
    };
    if (request.error.empty() && std::ranges::all_of(slos, kept)) ++result.good;
  }
  result.per_second = run.wall > 0 ? static_cast<double>(result.good) / run.wall : unknown;
  return result;
}

}  // namespace mlopsctl
