// What Prometheus answers to an instant query (GET /api/v1/query, Prometheus' HTTP API v1).
#pragma once

#include "mlopsctl/deploy/analysis.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl {

struct PrometheusAnswer {
  QueryProblem problem = QueryProblem::none;  // none or refused
  std::string text;                           // of the problem
  // Labels as JSON text, and the value; what is no number makes the answer a refused one.
  std::vector<std::pair<std::string, double>> series;
};
// Takes any bytes. Of labels only texts are kept.
PrometheusAnswer parse_prometheus_answer(int status, std::string_view body);

// The single number that a gate needs, or what is the matter.
QueryAnswer single_value(const PrometheusAnswer& answer);

}  // namespace mlopsctl
