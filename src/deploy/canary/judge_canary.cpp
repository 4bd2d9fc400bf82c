#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/analysis.hpp"

#include "deploy/canary/built_in_queries.hpp"
#include "deploy/canary/compare_stable.hpp"
#include "deploy/canary/query_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mlopsctl {
namespace {

bool is_built_in(const MetricGate& gate) {
  return gate.query.empty() && (gate.name == success_rate_gate || gate.name == duration_gate);
}

std::string unit_of(const MetricGate& gate) {
  if (!gate.query.empty()) return {};
  return gate.name == success_rate_gate ? " %" : " ms";
}

// Six digits, or all of them where the six would hide which side of the bound the value is on.
std::string value_text(double value, double bound) {
  std::string text = human_number(value);
  return text == human_number(bound) && value != bound ? number_text(value) : text;
}

double room(double bound) { return 1e-9 * std::abs(bound); }

GateResult judge_value(const MetricGate& gate, double value) {
  GateResult result{.name = gate.name,
                    .text = {},
                    .verdict = GateVerdict::pass,
                    .value = value,
                    .stable = {},
                    .query = {}};
  const std::string unit = unit_of(gate);
  const auto& [min, max] = gate.range;
  if (min && value < *min - room(*min)) {
    result.verdict = GateVerdict::fail;
    result.text = fmt::format("{} {}{} < {}{}", gate.name, value_text(value, *min), unit,
                              human_number(*min), unit);
  } else if (max && value > *max + room(*max)) {
    result.verdict = GateVerdict::fail;
    result.text = fmt::format("{} {}{} > {}{}", gate.name, value_text(value, *max), unit,
                              human_number(*max), unit);
  } else {
    result.text = fmt::format("{} {}{}", gate.name, human_number(value), unit);
  }
  return result;
}

GateResult judge_problem(const MetricGate& gate, const QueryAnswer& answer) {
  GateResult result{.name = gate.name,
                    .text = fmt::format("{}: {}", gate.name, answer.text),
                    .verdict = GateVerdict::fail,
                    .value = {},
                    .stable = {},
                    .query = answer.query};
  const bool quiet =
      answer.problem == QueryProblem::no_data || answer.problem == QueryProblem::not_a_number;
  const bool away = answer.problem == QueryProblem::unreachable;
  if (gate.no_data == NoData::hold && (quiet || away)) result.verdict = GateVerdict::hold;
  if (gate.no_data == NoData::pass && quiet) result.verdict = GateVerdict::pass;
  return result;
}

// Too few requests in the window for the gate, told as no data.
std::optional<QueryAnswer> too_few(MetricSource& source, const MetricGate& gate,
                                   const AnalysisSubject& subject) {
  if (gate.minimum_requests == 0 || !is_built_in(gate)) return std::nullopt;
  QueryAnswer answer =
      source.ask(requests_query(subject, Side::canary, promql_duration(gate.interval)));
  if (!answer.value) return answer;
  if (*answer.value >= static_cast<double>(gate.minimum_requests)) return std::nullopt;
  answer.problem = QueryProblem::no_data;
  answer.text = fmt::format("{} requests within {}, {} are needed for an answer",
                            human_number(std::round(*answer.value)), promql_duration(gate.interval),
                            gate.minimum_requests);
  answer.value.reset();
  return answer;
}

GateResult judge_gate(MetricSource& source, const MetricGate& gate,
                      const AnalysisSubject& subject) {
  if (const auto problem = too_few(source, gate, subject)) return judge_problem(gate, *problem);
  const QueryAnswer answer = source.ask(gate_query(gate, subject));
  if (!answer.value) return judge_problem(gate, answer);
  double value = *answer.value;
  if (gate.query.empty() && gate.name == duration_gate) value = std::trunc(value);
  GateResult result = judge_value(gate, value);
  result.query = answer.query;
  return result;
}

std::string comparison_window(const CanaryPlan& plan) {
  Milliseconds longest = plan.interval;
  for (const auto& gate : plan.metrics) longest = std::max(longest, gate.interval);
  return promql_duration(longest);
}

}  // namespace

std::string gate_query(const MetricGate& gate, const AnalysisSubject& subject) {
  const std::string window = promql_duration(gate.interval);
  if (!gate.query.empty()) return fill_query(gate.query, subject, window, gate.variables);
  if (gate.name == success_rate_gate) return success_rate_query(subject, Side::canary, window);
  if (gate.name == duration_gate) return duration_query(subject, Side::canary, window);
  throw Error(
      ErrorKind::config,
      fmt::format("the metric {} has no query and is no built-in", quote(gate.name)),
      fmt::format("give it a query; built-ins are {} and {}", success_rate_gate, duration_gate));
}

std::vector<GateResult> judge_canary(MetricSource& source, const CanaryPlan& plan,
                                     const AnalysisSubject& subject) {
  std::vector<GateResult> results;
  for (const auto& gate : plan.metrics) {
    results.push_back(judge_gate(source, gate, subject));
    if (results.back().verdict == GateVerdict::fail) return results;
  }
  if (plan.compare_to_stable) {
    const auto compared =
        compare_with_stable(source, *plan.compare_to_stable, subject, comparison_window(plan));
    results.insert(results.end(), compared.begin(), compared.end());
  }
  return results;
}

}  // namespace mlopsctl
