#include "deploy/canary/built_in_queries.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl {
namespace {

// Names of pods as a regular expression in a PromQL string.
std::string pod_pattern(const std::vector<std::string>& pods) {
  std::string pattern;
  for (const auto& pod : pods) {
    if (!pattern.empty()) pattern += '|';
    for (const char c : pod) pattern += c == '.' ? std::string("\\\\.") : std::string(1, c);
  }
  return pattern;
}

struct Metrics {
  std::string requests, buckets, sum, count, status;  // names; status: the label
  double to_ms = 1000;
};

Metrics metrics_of(RouterKind router) {
  switch (router) {
    case RouterKind::istio:
      return {.requests = "istio_requests_total",
              .buckets = "istio_request_duration_milliseconds_bucket",
              .sum = {},
              .count = {},
              .status = "response_code",
              .to_ms = 1};
    case RouterKind::nginx:
      return {.requests = "nginx_ingress_controller_requests",
              .buckets = {},
              .sum = "nginx_ingress_controller_response_duration_seconds_sum",
              .count = "nginx_ingress_controller_response_duration_seconds_count",
              .status = "status"};
    case RouterKind::replicas:
    case RouterKind::gateway_api:
      break;
  }
  return {.requests = "http_request_duration_seconds_count",
          .buckets = "http_request_duration_seconds_bucket",
          .sum = {},
          .count = {},
          .status = "status"};
}

// Selectors of the series of one side, each for one way in which clusters label them.
std::vector<std::string> matchers(const AnalysisSubject& subject, Side side) {
  const bool canary = side == Side::canary;
  if (subject.router == RouterKind::istio) {
    return {fmt::format(
        R"(reporter="destination",destination_workload_namespace="{}",destination_workload="{}")",
        subject.name_space, canary ? subject.target : subject.stable_target)};
  }
  if (subject.router == RouterKind::nginx) {
    return {fmt::format(R"(namespace="{}",ingress="{}",canary{}"")", subject.name_space,
                        subject.ingress, canary ? "!=" : "=")};
  }
  // Exact pods: the counters of those that are gone would count, too (reference 4.4). The second
  // pair of labels is that of the Prometheus operator; a series that has both is one to `or`.
  const std::string pods = pod_pattern(canary ? subject.pods : subject.stable_pods);
  return {fmt::format(R"(kubernetes_namespace="{}",kubernetes_pod_name=~"{}")", subject.name_space,
                      pods),
          fmt::format(R"(namespace="{}",pod=~"{}")", subject.name_space, pods)};
}

std::string counted(const std::string& function, const std::string& metric,
                    const AnalysisSubject& subject, Side side, const std::string& condition,
                    const std::string& window) {
  std::string text;
  for (const auto& matcher : matchers(subject, side)) {
    if (!text.empty()) text += " or ";
    text += fmt::format("{}({}{{{}{}}}[{}])", function, metric, matcher, condition, window);
  }
  return text;
}

std::string without_failures(const Metrics& metrics) {
  return fmt::format(R"(,{}!~"5.*")", metrics.status);
}
std::string only_failures(const Metrics& metrics) {
  return fmt::format(R"(,{}=~"5.*")", metrics.status);
}

}  // namespace

std::string success_rate_query(const AnalysisSubject& subject, Side side,
                               const std::string& window) {
  const Metrics metrics = metrics_of(subject.router);
  return fmt::format(
      "100 * (sum({}) or on() vector(0)) / sum({})",
      counted("rate", metrics.requests, subject, side, without_failures(metrics), window),
      counted("rate", metrics.requests, subject, side, "", window));
}

std::string duration_query(const AnalysisSubject& subject, Side side, const std::string& window) {
  const Metrics metrics = metrics_of(subject.router);
  if (metrics.buckets.empty()) {
    return fmt::format("{} * sum({}) / sum({})", metrics.to_ms,
                       counted("rate", metrics.sum, subject, side, "", window),
                       counted("rate", metrics.count, subject, side, "", window));
  }
  return fmt::format("{} * histogram_quantile(0.99, sum by (le) ({}))", metrics.to_ms,
                     counted("rate", metrics.buckets, subject, side, "", window));
}

std::string requests_query(const AnalysisSubject& subject, Side side, const std::string& window) {
  return fmt::format(
      "sum({}) or on() vector(0)",
      counted("increase", metrics_of(subject.router).requests, subject, side, "", window));
}

std::string failures_query(const AnalysisSubject& subject, Side side, const std::string& window) {
  const Metrics metrics = metrics_of(subject.router);
  return fmt::format("sum({}) or on() vector(0)", counted("increase", metrics.requests, subject,
                                                          side, only_failures(metrics), window));
}

std::string histogram_query(const AnalysisSubject& subject, Side side, const std::string& window) {
  const Metrics metrics = metrics_of(subject.router);
  if (metrics.buckets.empty()) return {};
  return fmt::format("sum by (le) ({})",
                     counted("increase", metrics.buckets, subject, side, "", window));
}

}  // namespace mlopsctl
