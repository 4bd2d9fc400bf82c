// The PromQL of what a canary is judged by without a query of the user's own (reference 1.1): plain
// http_request_duration_seconds of exact pods, Istio's and ingress-nginx' metrics. Pure.
#pragma once

#include "mlopsctl/deploy/analysis.hpp"

#include <string>
#include <string_view>

namespace mlopsctl {

enum class Side { canary, stable };

inline constexpr std::string_view success_rate_gate = "request-success-rate";
inline constexpr std::string_view duration_gate = "request-duration";

// Per cent of requests that did not end in a 5xx; an empty numerator is 0, no request is no series.
std::string success_rate_query(const AnalysisSubject& subject, Side side,
                               const std::string& window);
// Milliseconds: the 99th percentile; of ingress-nginx, which has no histogram of the canary's own
// requests, their mean.
std::string duration_query(const AnalysisSubject& subject, Side side, const std::string& window);
// Requests within the window, and those of them that failed.
std::string requests_query(const AnalysisSubject& subject, Side side, const std::string& window);
std::string failures_query(const AnalysisSubject& subject, Side side, const std::string& window);
// Cumulative counts by `le`; empty where there is no histogram.
std::string histogram_query(const AnalysisSubject& subject, Side side, const std::string& window);

}  // namespace mlopsctl
