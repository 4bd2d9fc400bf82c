#include "fuzz/prometheus_answer_check.hpp"

#include "mlopsctl/base/text.hpp"

#include "deploy/canary/compare_stable.hpp"
#include "deploy/canary/prometheus_answer.hpp"
#include "fuzz/require.hpp"

#include <cmath>

namespace mlopsctl::fuzz {

void check_prometheus_answer(std::string_view body) {
  for (const int status : {200, 400}) {
    const PrometheusAnswer answer = parse_prometheus_answer(status, body);
    const bool refused = answer.problem != QueryProblem::none;
    require(refused == !answer.text.empty(), "a problem without a text, or the other way round");
    require(!refused || answer.series.empty(), "series of a refused answer");
    require(is_valid_utf8(answer.text) && answer.text.size() < 2000, "a text nobody can read");
    const QueryAnswer single = single_value(answer);
    require(single.value.has_value() == (single.problem == QueryProblem::none),
            "a value with a problem");
    require(!single.value || !std::isnan(*single.value), "a value that is no number");
    require(is_valid_utf8(single.text), "a text nobody can read");
    const TwoHistograms both = align_histograms(answer.series, answer.series);
    require(both.stable == both.canary, "one histogram is two");
  }
}

}  // namespace mlopsctl::fuzz
