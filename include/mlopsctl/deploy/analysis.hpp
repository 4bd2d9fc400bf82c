// Gates of a canary: values from Prometheus and what they mean.
#pragma once

#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/platform/http.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl {

enum class QueryProblem { none, unreachable, refused, no_data, not_a_number, several_series };

struct QueryAnswer {
  std::optional<double> value;
  QueryProblem problem = QueryProblem::none;
  std::string text;   // of the problem, with what to look at
  std::string query;  // as sent
};

class MetricSource {
 public:
  virtual ~MetricSource() = default;
  // Instant query; never throws for what a server answers or does not.
  virtual QueryAnswer ask(const std::string& query) = 0;
  // All series of an instant vector: labels as JSON text and value. Throws Error{unavailable}.
  virtual std::vector<std::pair<std::string, double>> series(const std::string& query) = 0;
};
// GET /api/v1/query, 5 s; bearer token or user:password from the environment
// (MLOPSCTL_PROMETHEUS_TOKEN, MLOPSCTL_PROMETHEUS_USER, _PASSWORD).
std::unique_ptr<MetricSource> prometheus_source(std::unique_ptr<HttpClient> client,
                                                const std::string& url);

// What the queries are about: only pods of the new ReplicaSet count, by name. target: the
// Deployment of the canary.
struct AnalysisSubject {
  std::string name_space, target, stable_target, service, ingress, route;
  std::vector<std::string> pods, stable_pods;
  RouterKind router = RouterKind::replicas;
};

enum class GateVerdict { pass, fail, hold };
struct GateResult {
  std::string name, text;  // "request-success-rate 98.70 % < 99 %"
  GateVerdict verdict = GateVerdict::pass;
  std::optional<double> value, stable;
  std::string query;
};

// PromQL of a gate; a built-in of ingress-nginx is about requests that its canary Ingress took.
// Throws Error{config} for an unknown {{ name }} or built-in.
std::string gate_query(const MetricGate& gate, const AnalysisSubject& subject);
// In order, up to the first that fails, as Flagger does; then the comparison. Bounds are
// inclusive, with room for a billionth that PromQL's arithmetic may be off; request-duration is cut
// to whole milliseconds as Flagger cuts it. No answer (unreachable) is never a pass; what no data
// is, the gate says.
//
// The comparison takes both sides' requests of the longest window among the gates and the interval:
// failed ones by a one-sided two-proportion z-test, latency by a one-sided Mann-Whitney test on the
// histogram's classes; a latency shift also has to be one that matters, P(canary slower) >= 0.56
// (Vargha and Delaney 2000: small), because great samples find any. Too few requests on a side:
// hold.
std::vector<GateResult> judge_canary(MetricSource& source, const CanaryPlan& plan,
                                     const AnalysisSubject& subject);

}  // namespace mlopsctl
