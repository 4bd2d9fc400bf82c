#include "support/gate_values.hpp"

#include "mlopsctl/drift/statistics.hpp"
#include "mlopsctl/eval/gate_statistics.hpp"
#include "mlopsctl/eval/latency.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace gate = mlopsctl::gate;
namespace drift = mlopsctl::drift;
using Json = nlohmann::json;

namespace {

std::vector<double> sample(const Json& request, const char* key, bool sorted = false) {
  auto values = request.at(key).get<std::vector<double>>();
  if (sorted) std::ranges::sort(values);
  return values;
}

gate::BootstrapOptions options(const Json& request) {
  return {.resamples = request.at("resamples"),
          .seed = request.at("seed"),
          .confidence = request.at("confidence")};
}

Json range(const gate::Range& interval) { return {{"low", interval.low}, {"high", interval.high}}; }

}  // namespace

Json gate_value(const Json& request) {
  const std::string function = request.at("function");
  if (function == "mcnemar") {
    const auto test = gate::mcnemar(request.at("losses"), request.at("wins"));
    return {{"worse", test.worse}, {"two_sided", test.two_sided}};
  }
  if (function == "wilcoxon") {
    const auto test = gate::wilcoxon(sample(request, "differences"));
    return {{"statistic", test.statistic}, {"greater", test.greater}};
  }
  if (function == "holm") return {{"adjusted", gate::holm(sample(request, "p"))}};
  if (function == "quantile") {
    return {{"value", mlopsctl::quantile(sample(request, "values", true), request.at("q"))}};
  }
  if (function == "median_deviation") {
    return {{"value", gate::median_deviation(sample(request, "values"))}};
  }
  if (function == "normal") {
    return {{"tail", gate::normal_tail(request.at("z"))},
            {"point", gate::normal_point(request.at("probability"))}};
  }
  if (function == "mann_whitney") {
    const auto test =
        drift::mann_whitney(sample(request, "reference", true), sample(request, "current", true),
                            drift::Alternative::less);
    return {{"statistic", test.statistic}, {"p", test.p}};
  }
  if (function == "bootstrap_mean") {
    const auto groups = request.value("groups", std::vector<std::uint32_t>{});
    return range(gate::bootstrap_mean(sample(request, "values"), groups, options(request)));
  }
  if (function == "bootstrap_ratio") {
    return range(gate::bootstrap_quantile_ratio(sample(request, "reference"),
                                                sample(request, "current"), request.at("q"),
                                                options(request)));
  }
  throw std::invalid_argument("unknown function " + function);
}
