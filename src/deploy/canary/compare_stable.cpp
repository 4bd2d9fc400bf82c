#include "deploy/canary/compare_stable.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/statistics.hpp"

#include "deploy/canary/built_in_queries.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <map>
#include <numeric>

namespace mlopsctl {
namespace {

constexpr double matters = 0.56;

struct Requests {
  std::uint64_t all = 0, failed = 0;
};

// increase() extrapolates, so counts have fractions.
std::uint64_t whole(double value) {
  return value > 0 && value < 1e15 ? static_cast<std::uint64_t>(std::llround(value)) : 0;
}

GateResult trouble(std::string name, const QueryAnswer& answer) {
  const bool quiet =
      answer.problem == QueryProblem::no_data || answer.problem == QueryProblem::not_a_number;
  return {.name = name,
          .text = fmt::format("{}: {}", name, answer.text),
          .verdict = quiet ? GateVerdict::hold : GateVerdict::fail,
          .value = {},
          .stable = {},
          .query = answer.query};
}

// Fills `count`, or gives what is the matter.
std::optional<GateResult> ask(MetricSource& source, const char* name, const std::string& query,
                              std::uint64_t& count) {
  const QueryAnswer answer = source.ask(query);
  if (!answer.value) return trouble(name, answer);
  count = whole(*answer.value);
  return std::nullopt;
}

std::string percent(std::uint64_t part, std::uint64_t all) {
  return fmt::format("{:.2f} %", 100 * static_cast<double>(part) / static_cast<double>(all));
}

GateResult compare_failures(const ComparisonGate& gate, const Requests& stable,
                            const Requests& canary) {
  const auto test = drift::two_proportions(canary.failed, canary.all, stable.failed, stable.all);
  const double p = test.statistic > 0 ? test.p / 2 : 1 - test.p / 2;  // one-sided: more failures
  const bool worse = p < gate.alpha;
  const auto share = [](const Requests& side) {
    return 100 * (1 - static_cast<double>(side.failed) / static_cast<double>(side.all));
  };
  return {
      .name = "compare-success-rate",
      .text = fmt::format("{} of {} requests failed, {} of the stable version's {} (p = {:.2g})",
                          percent(canary.failed, canary.all), canary.all,
                          percent(stable.failed, stable.all), stable.all, p),
      .verdict = worse ? GateVerdict::fail : GateVerdict::pass,
      .value = share(canary),
      .stable = share(stable),
      .query = {}};
}

GateResult compare_latency(MetricSource& source, const ComparisonGate& gate,
                           const AnalysisSubject& subject, const std::string& window) {
  GateResult result{.name = "compare-latency",
                    .text = {},
                    .verdict = GateVerdict::pass,
                    .value = {},
                    .stable = {},
                    .query = histogram_query(subject, Side::canary, window)};
  if (result.query.empty()) {
    result.text = "compare-latency: ingress-nginx has no histogram of a canary; not compared";
    return result;
  }
  HistogramSeries stable;
  HistogramSeries canary;
  try {
    stable = source.series(histogram_query(subject, Side::stable, window));
    canary = source.series(result.query);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    result.verdict = GateVerdict::fail;
    result.text = fmt::format("compare-latency: {}", error.what());
    return result;
  }
  const TwoHistograms counts = align_histograms(stable, canary);
  const auto n1 = std::accumulate(counts.stable.begin(), counts.stable.end(), std::uint64_t{0});
  const auto n2 = std::accumulate(counts.canary.begin(), counts.canary.end(), std::uint64_t{0});
  if (n1 < gate.minimum_requests || n2 < gate.minimum_requests) {
    result.verdict = GateVerdict::hold;
    result.text =
        fmt::format("compare-latency: {} and {} requests in the histograms, {} are needed", n2, n1,
                    gate.minimum_requests);
    return result;
  }
  const auto test =
      drift::mann_whitney_counts(counts.stable, counts.canary, drift::Alternative::less);
  const double slower = 1 - test.statistic / (static_cast<double>(n1) * static_cast<double>(n2));
  result.verdict = test.p < gate.alpha && slower >= matters ? GateVerdict::fail : GateVerdict::pass;
  result.value = slower;
  result.text = fmt::format(
      "a request is slower than one of the stable version with probability {:.2f} (p = {:.2g})",
      slower, test.p);
  return result;
}

double bound_of(const std::string& labels) {
  const Json parsed = Json::parse(labels, nullptr, false);
  if (!parsed.is_object()) return std::nan("");
  const auto le = parsed.find("le");
  if (le == parsed.end() || !le->is_string()) return std::nan("");
  return parse_number(le->get_ref<const std::string&>()).value_or(std::nan(""));
}

}  // namespace

TwoHistograms align_histograms(const HistogramSeries& stable, const HistogramSeries& canary) {
  struct Cumulative {
    std::optional<double> stable, canary;
  };
  std::map<double, Cumulative> classes;
  for (const auto& [labels, value] : stable) {
    if (const double le = bound_of(labels); !std::isnan(le)) classes[le].stable = value;
  }
  for (const auto& [labels, value] : canary) {
    if (const double le = bound_of(labels); !std::isnan(le)) classes[le].canary = value;
  }
  TwoHistograms counts;
  double before_stable = 0;
  double before_canary = 0;
  // Bounds that only one side has cannot be compared: their class joins the next.
  for (const auto& [le, cumulative] : classes) {
    if (!cumulative.stable || !cumulative.canary) continue;
    counts.stable.push_back(whole(*cumulative.stable - before_stable));
    counts.canary.push_back(whole(*cumulative.canary - before_canary));
    before_stable = *cumulative.stable;
    before_canary = *cumulative.canary;
  }
  return counts;
}

std::vector<GateResult> compare_with_stable(MetricSource& source, const ComparisonGate& gate,
                                            const AnalysisSubject& subject,
                                            const std::string& window) {
  constexpr const char* name = "compare-success-rate";
  Requests canary;
  Requests stable;
  for (const auto& [query, count] :
       {std::pair{requests_query(subject, Side::canary, window), &canary.all},
        std::pair{requests_query(subject, Side::stable, window), &stable.all},
        std::pair{failures_query(subject, Side::canary, window), &canary.failed},
        std::pair{failures_query(subject, Side::stable, window), &stable.failed}}) {
    if (auto problem = ask(source, name, query, *count)) return {std::move(*problem)};
  }
  if (canary.all < gate.minimum_requests || stable.all < gate.minimum_requests) {
    GateResult wait{.name = "compare-to-stable",
                    .text = fmt::format("{} requests of the canary and {} of the stable version "
                                        "within {}: {} of each are needed for an answer",
                                        canary.all, stable.all, window, gate.minimum_requests),
                    .verdict = GateVerdict::hold,
                    .value = {},
                    .stable = {},
                    .query = requests_query(subject, Side::canary, window)};
    return {std::move(wait)};
  }
  // Rounding may leave one more failure than requests.
  canary.failed = std::min(canary.failed, canary.all);
  stable.failed = std::min(stable.failed, stable.all);
  std::vector<GateResult> results;
  if (gate.success_rate) results.push_back(compare_failures(gate, stable, canary));
  const bool failed = !results.empty() && results.back().verdict == GateVerdict::fail;
  if (gate.latency && !failed) {
    results.push_back(compare_latency(source, gate, subject, window));
  }
  return results;
}

}  // namespace mlopsctl
