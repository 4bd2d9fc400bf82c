// Computes drift statistics for whoever wants to compare them: one JSON object a line on standard
// input, one on standard output.
//
//   {"function": "ks", "reference": [1, 2, "NaN"], "current": [2, 3]}
//   {"statistic": 0.5, "p": 1.0, "sign": 1, "location": 1.0}
//
// Samples are sorted here, and what is not finite is dropped first. "integers": true compares
// 64-bit integers. Functions of counts take them as the two sides.
#include "mlopsctl/drift/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace mlopsctl::drift;
using Json = nlohmann::json;

double number(const Json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}
Json spelled(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::vector<double> sample(const Json& values) {
  std::vector<double> result;
  for (const Json& value : values) {
    if (const double one = number(value); std::isfinite(one)) result.push_back(one);
  }
  std::ranges::sort(result);
  return result;
}
std::vector<std::int64_t> integers(const Json& values) {
  auto result = values.get<std::vector<std::int64_t>>();
  std::ranges::sort(result);
  return result;
}
std::vector<std::uint64_t> counts(const Json& values) {
  return values.get<std::vector<std::uint64_t>>();
}

KsMethod method(const Json& request) {
  const std::string name = request.value("method", "auto");
  return name == "exact"   ? KsMethod::exact
         : name == "asymp" ? KsMethod::asymptotic
                           : KsMethod::automatic;
}
Alternative alternative(const Json& request) {
  const std::string name = request.value("alternative", "two-sided");
  return name == "less"      ? Alternative::less
         : name == "greater" ? Alternative::greater
                             : Alternative::two_sided;
}

Json ks(const Json& request) {
  const Json& a = request.at("reference");
  const Json& b = request.at("current");
  const KsValue value =
      request.value("integers", false)
          ? ks_two_sample(integers(a), integers(b), method(request), alternative(request))
          : ks_two_sample(sample(a), sample(b), method(request), alternative(request));
  return {{"statistic", spelled(value.statistic)},
          {"p", spelled(value.p)},
          {"sign", value.sign},
          {"location", spelled(value.location)}};
}

Json spec_psi(const Json& request) {
  const auto a = sample(request.at("reference"));
  const auto b = sample(request.at("current"));
  if (a.empty() || b.empty()) return {{"statistic", "NaN"}};
  const auto edges =
      equal_width_edges(std::min(a.front(), b.front()), std::max(a.back(), b.back()), 10);
  return {{"statistic", spelled(psi(histogram(a, edges), histogram(b, edges)))}};
}

using Function = std::function<Json(const Json&)>;
const std::map<std::string, Function> functions{
    {"ks", ks},
    {"ks_p",
     [](const Json& r) -> Json {
       const KsPValues p(r.at("n1"), r.at("n2"), method(r));
       return {{"p", spelled(p(number(r.at("d"))).p)}};
     }},
    {"kstwo_sf",
     [](const Json& r) -> Json {
       return {{"p", spelled(kstwo_sf(number(r.at("x")), r.at("n")))}};
     }},
    {"psi", spec_psi},
};

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = Json::parse(line);
    std::cout << functions.at(request.at("function"))(request).dump() << '\n';
  }
  return 0;
}
